"""The functions, types and operators that a statement names, told from its tokens alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgtend.core.sql import builtins
from pgtend.core.sql.brackets import closing, inside
from pgtend.core.sql.lexer import Kind, Token, Tokens
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName

_DOT = Token(Kind.SIGN, ".")
_OPERAND_OPERATORS = (
    "like", "ilike", "is", "overlaps", "similar", "join", "isnull", "notnull", "to", "escape", "and", "or"
)  # fmt: skip
_BEFORE_OPERAND = (
    *builtins.BEFORE_CONSTANT, "by", "set", "is", "similar", "return", "rows", "range", "groups", "value", "key", "passing",
    "path", "default", "join", "returning",
)  # fmt: skip
"""Further keywords that an operand may follow."""
_BRACKETED_ARGUMENTS = {"substring": ("from", "for", "similar"), "overlay": ("placing",)}
_GRAMMARS_TYPES = frozenset(
    ("bigint", "boolean", "character", "dec", "decimal", "double", "float", "int", "integer", "national", "nchar", "real",
     "smallint")
)  # fmt: skip
"""Types that the grammar alone knows by these names."""
_PLAIN_OPERATOR_SIGNS = (
    "= <> != < > <= >= + - * / || -> ->> #> #>> @> <@ ? ?| ?& ~ ~* !~ !~* ~~ ~~* !~~ !~~* && @@ @? ^"
)
_PLAIN_OPERATORS = frozenset(_PLAIN_OPERATOR_SIGNS.split())
"""Operators that mean the built-in ones where all types are built in."""


@dataclass(frozen=True)
class Call:
    """A call of a function: the place of its name among the tokens, and the schema where it is qualified."""

    place: int
    name: str
    schema: str | None
    quoted: bool

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Cast:
    """A cast to a type; ``of_user`` where the spelling cannot mean a type of pg_catalog (``"integer"`` is somebody's own)."""

    type: str
    schema: str | None
    of_user: bool = False


def calls_in(tokens: Tokens) -> Iterator[Call]:
    """Whatever may be a call: names with a bracket behind them that the grammar does not explain otherwise."""
    for place in range(len(tokens) - 1):
        token = tokens[place]
        if not token.is_name or not tokens[place + 1].sign("("):
            continue
        before = tokens[place - 1] if place else None
        quoted = token.kind is Kind.QUOTED
        if before is not None and before.sign("."):
            schema = tokens[place - 2].text if place >= 2 and tokens[place - 2].is_name else ""
            yield Call(place, token.text, schema, quoted)
        elif quoted or not _is_grammar(tokens, place):
            yield Call(place, token.text, None, quoted)


def functions_in(tokens: Tokens) -> Iterator[str]:
    """Names of the functions called, qualified where the text qualifies them."""
    return (str(call) for call in calls_in(tokens))


def possible_functions_in(tokens: Tokens) -> Iterator[str]:
    """Names before a bracket, those included that are taken for a part of the grammar: a function may be called so."""
    for place in range(len(tokens) - 1):
        token = tokens[place]
        if tokens[place + 1].sign("(") and token.is_name and not token.word(*builtins.RESERVED):
            yield token.text


def casts_in(tokens: Tokens) -> Iterator[Cast]:
    """Casts in all spellings: ``x::type``, ``CAST(x AS type)``, ``type 'constant'``."""
    for place, token in enumerate(tokens):
        if token.sign("::"):
            yield _cast(tokens, place + 1)
        elif token.word("cast") and tokens[place + 1 : place + 2] and tokens[place + 1].sign("("):
            as_ = _as_of_cast(tokens, place + 1)
            if as_ is not None:
                yield _cast(tokens, as_ + 1)
        elif token.kind is Kind.STRING and place and _names_type(tokens, place - 1):
            qualified = place >= 3 and tokens[place - 2].sign(".")
            schema = tokens[place - 3].text if qualified else None
            of_user = _is_of_user(tokens[place - 1]) or (qualified and place >= 4 and tokens[place - 4].sign("."))
            yield Cast(tokens[place - 1].text, schema, of_user)


def operators_in(tokens: Iterable[Token]) -> Iterator[str]:
    """The operator signs of a statement."""
    return (
        token.text
        for token in tokens
        if token.kind is Kind.SIGN and token.text not in ("(", ")", "[", "]", ",", ".", "::", ":")
    )


def without_qualified_operators(tokens: Tokens) -> Tokens:
    """The tokens without the signs of ``OPERATOR(schema.sign)`` where the schema is not pg_catalog."""
    kept: list[Token] = []
    for place, token in enumerate(tokens):
        opening = tokens[place - 4 : place] if place >= 4 else ()
        if (
            token.kind is Kind.SIGN
            and opening
            and opening[0].word("operator")
            and opening[1].sign("(")
            and opening[2].is_name
            and opening[2].text != "pg_catalog"
            and opening[3].sign(".")
        ):
            continue
        kept.append(token)
    return tuple(kept)


def qualify_functions(tokens: Tokens, catalog: Catalog) -> Tokens:
    """Every call of a known function with its schema, so that no namesake on the search_path can be called instead."""
    schemas: dict[int, str] = {}
    owners: dict[str, list[str]] = {}
    for name in sorted(catalog.extension_functions):
        schema, _, function = name.rpartition(".")
        owners.setdefault(function, []).append(schema)
    for call in calls_in(tokens):
        if call.schema is not None or call.name in builtins.SPECIAL_SYNTAX or _has_bracket_syntax(tokens, call):
            continue
        if call.name in builtins.FUNCTIONS:
            schemas[call.place] = "pg_catalog"
        elif len(owners.get(call.name, ())) == 1:
            schemas[call.place] = owners[call.name][0]
    qualified: list[Token] = []
    for place, token in enumerate(tokens):
        if place in schemas:
            qualified += [Token(Kind.QUOTED, schemas[place]), _DOT]
        qualified.append(token)
    return tuple(qualified)


def stands_alone(tokens: Tokens, relations: Iterable[TableName], catalog: Catalog) -> bool:
    """Whether qualified names and pg_catalog are all that a statement needs: then it is planned without a search_path.

    It needs one for types that are not built in, and for operators that an extension may have brought.
    """
    types = (column.type for name in relations for column in catalog.tables[name].columns.values())
    return (
        all("." not in type_ for type_ in types)
        and all(cast.type in builtins.TYPES for cast in casts_in(tokens))
        and all(operator in _PLAIN_OPERATORS for operator in operators_in(tokens))
    )


def _is_grammar(tokens: Tokens, place: int) -> bool:
    """Whether an unqualified, unquoted word with a bracket behind it is a part of the grammar."""
    token = tokens[place]
    before = tokens[place - 1] if place else None
    if token.word(*builtins.RESERVED):
        return True
    if before is None:
        return False
    if token.word("operator"):
        # OPERATOR(schema.sign) calls whatever function is behind it; the signs of pg_catalog are judged as such.
        schema, dot = (tokens[place + 2], tokens[place + 3]) if place + 3 < len(tokens) else (token, token)
        return schema.is_name and schema.text == "pg_catalog" and dot.sign(".")
    if before.sign(")"):
        if _ends_before_operand(tokens, place - 1):
            return False
        return token.word("over", "filter", "repeatable", *_OPERAND_OPERATORS) or _is_list_of_columns(tokens, place + 1)
    if before.word("as"):
        return token.word("materialized") or _is_list_of_columns(tokens, place + 1, types=True)
    if before.word("with", "recursive"):
        return _is_list_of_columns(tokens, place + 1)  # a WITH query
    if before.sign(",") and _is_list_of_columns(tokens, place + 1) and _begins_a_query(tokens, place + 1):
        return True  # a further WITH query
    if token.word("by"):
        return before.word("group", "order", "partition")
    if token.word("sets"):
        return before.word("grouping")
    if token.word("rollup", "cube"):
        return before.word("by") and place >= 2 and tokens[place - 2].word("group")
    if token.word("group"):
        return before.word("within")
    if token.word("bernoulli", "system"):
        return before.word("tablesample")
    if token.word("zone"):
        return before.word("time")
    if token.word("materialized"):
        return before.word("not") and place >= 2 and tokens[place - 2].word("as")
    if before.sign("::") or token.word("precision"):
        return True  # a type with a length; types are judged as casts
    if token.word(*_OPERAND_OPERATORS):
        return before.sign("]") or (
            before.kind is not Kind.SIGN and not before.word(*builtins.RESERVED, *_BEFORE_OPERAND)
        )
    return False


def _ends_before_operand(tokens: Tokens, place: int) -> bool:
    """Whether this bracket closes DISTINCT ON (…) or OPERATOR(…), behind which an expression begins."""
    depth = 0
    for each in range(place, -1, -1):
        if tokens[each].sign(")", "]"):
            depth += 1
        elif tokens[each].sign("(", "["):
            depth -= 1
            if depth == 0:
                return each >= 1 and (
                    tokens[each - 1].word("operator")
                    or (each >= 2 and tokens[each - 1].word("on") and tokens[each - 2].word("distinct"))
                )
    return False


def _begins_a_query(tokens: Tokens, bracket: int) -> bool:
    """Whether AS and a query in brackets follow on this bracket.

    Behind a call in FROM there may be ``AS (column type, …)``, and no column is called by a reserved word.
    """
    behind = closing(tokens, bracket) + 1
    if not tokens[behind : behind + 1] or not tokens[behind].word("as"):
        return False
    behind += 1
    if tokens[behind : behind + 1] and tokens[behind].word("not"):
        behind += 1
    if tokens[behind : behind + 1] and tokens[behind].word("materialized"):
        behind += 1
    opening, first, second = (*tokens[behind : behind + 3], *3 * (_DOT,))[:3]
    return opening.sign("(") and (
        first.sign("(") or first.word("select", "with", "table") or (first.word("values") and second.sign("("))
    )


def _is_list_of_columns(tokens: Tokens, bracket: int, *, types: bool = False) -> bool:
    """Whether names alone are in the bracket, as behind an alias; with ``types`` there may be numbers, as in numeric(10, 2)."""
    return closing(tokens, bracket) < len(tokens) and all(
        types or depth > 1
        if tokens[place].kind is Kind.NUMBER
        else tokens[place].is_name or tokens[place].sign(",", ".")
        for place, depth in inside(tokens, bracket)
    )


def _names_type(tokens: Tokens, place: int) -> bool:
    """Whether the name in front of a string constant is that of its type, as in ``date '…'``."""
    token = tokens[place]
    before = tokens[place - 1] if place else None
    if not token.is_name or token.word(*builtins.RESERVED):
        return False
    if token.kind is Kind.QUOTED or before is None or not token.word(*builtins.BEFORE_CONSTANT):
        return True
    if token.word("to", "placing", "asc", "desc"):
        return False
    if token.word("zone"):
        return not before.word("time")
    if token.word("first", "next"):
        return not before.word("fetch")
    # LIKE, ILIKE and ESCAPE have an operand before them, which a type's name has not.
    return not (
        (before.sign(")", "]") and not _ends_before_operand(tokens, place - 1))
        or before.word("not")
        or (before.kind is not Kind.SIGN and not before.word(*builtins.RESERVED, *_BEFORE_OPERAND))
    )


def _cast(tokens: Tokens, place: int) -> Cast:
    if place >= len(tokens) or not tokens[place].is_name:
        return Cast("", None, of_user=True)
    if place + 2 < len(tokens) and tokens[place + 1].sign(".") and tokens[place + 2].is_name:
        longer = place + 3 < len(tokens) and tokens[place + 3].sign(".")
        return Cast(tokens[place + 2].text, tokens[place].text, longer or _is_of_user(tokens[place + 2]))
    return Cast(tokens[place].text, None, _is_of_user(tokens[place]))


def _is_of_user(name: Token) -> bool:
    """Whether a quoted name is only a spelling of the grammar's: pg_catalog has int4, and no type called integer."""
    return name.kind is Kind.QUOTED and name.text in _GRAMMARS_TYPES


def _as_of_cast(tokens: Tokens, bracket: int) -> int | None:
    return next((place for place, depth in inside(tokens, bracket) if depth == 1 and tokens[place].word("as")), None)


def _has_bracket_syntax(tokens: Tokens, call: Call) -> bool:
    """Whether the arguments have words between them, as in ``substring(x from 1 for 2)``: the grammar's own call."""
    words = _BRACKETED_ARGUMENTS.get(call.name)
    if words is None:
        return False
    return any(depth == 1 and tokens[place].word(*words) for place, depth in inside(tokens, call.place + 1))
