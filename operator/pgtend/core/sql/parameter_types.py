"""Give parameters the types that the server misses, led by its errors.

An untyped constant in quotes is as unknown to Postgres as a parameter, so what resolves for the one resolves for the other.
Where a normalised text does not resolve, the parameter stood for a number (``current_date - 30`` became ``current_date - $1``)
or is an argument of any type, for which text will do.
https://www.postgresql.org/docs/current/typeconv-oper.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from pgtend.core.sql.brackets import closing
from pgtend.core.sql.lexer import Kind, Token, Tokens, spell, spell_one

UNRESOLVED = frozenset({"42725", "42883", "42P18", "42804"})
"""SQLSTATEs of ambiguous and undefined functions and operators, of indeterminate and of mismatched types."""
MOST_TRIES = 30
"""Parameters are typed one error at a time."""

Types = Mapping[int, str]
"""Types to be given, by the place of the last token of what they are given to."""

_CAST = Token(Kind.SIGN, "::")
_NUMBER = "int"
_NUMBERS = "int[]"


@dataclass(frozen=True, kw_only=True)
class TypedText:
    """A text to be prepared, with the types that its parameters were given so far."""

    tokens: Tokens
    types: Types = field(default_factory=dict)
    tries: int = 0

    @property
    def text(self) -> str:
        """The text with casts."""
        return spell(_with_types(self.tokens, self.types))

    def after(self, sqlstate: str, position: int | None, parameter: int | None) -> TypedText | None:
        """What to try after an error at this character of the text (from 0), or of this parameter; None where nothing is left."""
        if sqlstate not in UNRESOLVED or self.tries >= MOST_TRIES:
            return None
        place = None if position is None else self._place_at(position)
        types = _more_types(self.tokens, self.types, place, parameter if sqlstate == "42P18" else None)
        return None if types is None else replace(self, types=types, tries=self.tries + 1)

    def _place_at(self, position: int) -> int | None:
        """The token, without the casts, that begins at this character."""
        start = 0
        for place, token in enumerate(self.tokens):
            if start == position:
                return place
            start += len(spell_one(token)) + 1
            if place in self.types:
                start += sum(len(each.text) + 1 for each in _cast_to(self.types[place]))
        return None


def _with_types(tokens: Tokens, types: Types) -> Tokens:
    typed: list[Token] = []
    for place, token in enumerate(tokens):
        typed.append(token)
        if place in types:
            typed += _cast_to(types[place])
    return tuple(typed)


def _cast_to(type_: str) -> Tokens:
    brackets = (Token(Kind.SIGN, "["), Token(Kind.SIGN, "]")) if type_.endswith("[]") else ()
    return (_CAST, Token(Kind.WORD, type_.removesuffix("[]")), *brackets)


def _more_types(tokens: Tokens, types: Types, place: int | None, parameter: int | None) -> Types | None:
    if parameter is not None:
        wanted = {each: "text" for each in _uncast(tokens, types) if tokens[each].text == f"${parameter}"}
        return {**types, **wanted} if wanted else None
    if place is not None:
        for found in (_near(tokens, place), _within_operands(tokens, place)):
            new = {each: type_ for each, type_ in found if each not in types}
            if new:
                return {**types, **new}
    return _outputs_as_numbers(tokens, types)


def _uncast(tokens: Tokens, types: Types) -> Iterator[int]:
    for place, token in enumerate(tokens):
        if token.kind is Kind.PARAMETER and place not in types and not _is_cast(tokens, place):
            yield place


def _is_cast(tokens: Tokens, place: int) -> bool:
    following = tokens[place + 1 : place + 2]
    within_cast = place >= 2 and tokens[place - 1].sign("(") and tokens[place - 2].word("cast")
    return within_cast or (following != () and following[0].sign("::"))


def _near(tokens: Tokens, place: int) -> Iterator[tuple[int, str]]:
    """The operands of an operator, or all that is in the brackets of a call."""
    if tokens[place].is_name:
        open_ = next((each for each in range(place, min(place + 4, len(tokens))) if tokens[each].sign("(")), None)
        if open_ is not None:
            yield from ((each, _NUMBER) for each in _uncast_between(tokens, open_, closing(tokens, open_)))
        return
    if place and tokens[place - 1].kind is Kind.PARAMETER:
        yield place - 1, _NUMBER
    following = tokens[place + 1 : place + 3]
    if following and following[0].kind is Kind.PARAMETER and not _is_cast(tokens, place + 1):
        yield place + 1, _NUMBER
    elif len(following) == 2 and following[0].word("array") and following[1].sign("["):
        yield closing(tokens, place + 2), _NUMBERS
    elif len(following) == 2 and following[0].word("all", "any", "some"):
        yield from ((each, _NUMBER) for each in _uncast_between(tokens, place + 2, closing(tokens, place + 2)))
    elif following and following[0].sign("("):
        yield from ((each, _NUMBER) for each in _uncast_between(tokens, place + 1, closing(tokens, place + 1)))
    if place and tokens[place - 1].sign(")"):
        open_ = _opening(tokens, place - 1)
        yield from ((each, _NUMBER) for each in _uncast_between(tokens, open_, place))


def _within_operands(tokens: Tokens, place: int) -> Iterator[tuple[int, str]]:
    """All that an operator compares, up to the conditions beside it: ``day > current_date - $1``."""
    if tokens[place].kind is Kind.SIGN:
        start = next((each for each in range(place - 1, -1, -1) if _ends_operand(tokens[each])), -1)
        end = next((each for each in range(place + 1, len(tokens)) if _ends_operand(tokens[each])), len(tokens))
        yield from ((each, _NUMBER) for each in _uncast_between(tokens, start, end))


def _ends_operand(token: Token) -> bool:
    return token.sign(",") or token.word(
        "and", "or", "where", "on", "having", "group", "order", "limit", "when", "then", "select", "from", "between"
    )


def _uncast_between(tokens: Tokens, start: int, end: int) -> Iterator[int]:
    return (place for place in _uncast(tokens, {}) if start < place < end)


def _outputs_as_numbers(tokens: Tokens, types: Types) -> Types | None:
    """What other parts of the query see as a column: all of it as numbers; then, if it is not that, the first columns alone."""
    outputs = dict(_outputs(tokens))
    untyped = outputs.keys() - types.keys()
    if untyped and not any(place in types and types[place] == _NUMBER for place in outputs):
        return {**types, **dict.fromkeys(untyped, _NUMBER)}
    others = {place for place, first in outputs.items() if not first and place in types}
    if others and len(others) < len(outputs):
        return {place: type_ for place, type_ in types.items() if place not in others}
    return None


def _outputs(tokens: Tokens) -> Iterator[tuple[int, bool]]:
    """Parameters that are a whole item of VALUES, of an array or of the SELECT list of an inner query; and whether they come first."""
    stack: list[str] = []
    for place, token in enumerate(tokens):
        if token.sign("(", "["):
            stack.append(_kind_of_bracket(tokens, place, stack))
        elif token.sign(")", "]") and stack:
            closed = stack.pop()
            if closed == "row":
                stack[-1:] = ["rows"] if stack and stack[-1] in ("rows", "query") else stack[-1:]
        elif token.word("select") and stack:
            stack[-1] = "list"
        elif token.word("from", "where", "group", "union") and stack and stack[-1] == "list":
            stack[-1] = "query"
        elif token.kind is Kind.PARAMETER and stack and stack[-1] in ("row", "array", "list"):
            before, after = tokens[place - 1], tokens[place + 1] if place + 1 < len(tokens) else None
            ends = after is None or after.sign(",", ")", "]") or after.word("as", "from", "union", "where")
            if ends and (before.sign(",", "(", "[") or before.word("select", "distinct", "all")):
                yield place, not before.sign(",") or stack[-1] == "array"


def _kind_of_bracket(tokens: Tokens, place: int, stack: list[str]) -> str:
    before, following = tokens[place - 1] if place else None, tokens[place + 1] if place + 1 < len(tokens) else None
    if before is not None and before.word("values"):
        return "row"
    if before is not None and before.sign(",") and stack and stack[-1] == "rows":
        return "row"
    if tokens[place].sign("["):
        return "array" if before is not None and before.word("array") else "other"
    return "query" if following is not None and following.word("select", "with", "values") else "other"


def _opening(tokens: Tokens, place: int) -> int:
    depth = 0
    for each in range(place, -1, -1):
        depth += tokens[each].sign(")", "]") - tokens[each].sign("(", "[")
        if depth <= 0:
            return each
    return 0
