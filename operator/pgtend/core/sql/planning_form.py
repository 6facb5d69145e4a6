"""Mend what keeps the server from planning a normalised text that it can read.

A constant had a type, and was the same one in the SELECT list and in GROUP BY; a parameter is neither. None of this changes
which statement it is, so it is done to the text that is planned alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.sql.lexer import Kind, Token, Tokens

_CAST = Token(Kind.SIGN, "::")
_NUMERIC = (_CAST, Token(Kind.WORD, "numeric"))
_TRUE = Token(Kind.WORD, "true")
_CLAUSES = (
    "having", "order", "limit", "offset", "fetch", "window", "union", "intersect", "except", "for", "where", "group", "from",
    "select",
)  # fmt: skip
_BEFORE_CONDITION = ("where", "and", "on", "when", "having")
_AFTER_CONDITION = (
    "and", "where", "group", "order", "limit", "offset", "fetch", "join", "left", "right", "inner", "full", "cross", "having",
    "union", "for", "then", "window", "natural", "intersect", "except",
)  # fmt: skip


def planning_form(tokens: Tokens) -> Tokens:
    """The same query in a form that the server can make a generic plan of."""
    for repair in (_repeat_constants, _type_sums_of_cases, _settle_true_conditions):
        tokens = repair(tokens)
    return tokens


def _repeat_constants(tokens: Tokens) -> Tokens:
    """``select f($1, t) … group by f('day', t)`` → ``select f('day', t) …``.

    pg_stat_statements leaves the constants of GROUP BY, DISTINCT ON and ORDER BY where an output column is meant by them.
    """
    mended = list(tokens)
    for start, end in _selects(tokens):
        outside = _where_clauses(tokens, start, end)
        for pattern in _items(tokens, start, end):
            for place in range(start, end - len(pattern) + 1):
                if place not in outside and _agrees(mended[place : place + len(pattern)], pattern):
                    mended[place : place + len(pattern)] = pattern
    return tuple(mended)


def _selects(tokens: Tokens) -> Iterator[tuple[int, int]]:
    """The begin and end of each SELECT, up to the bracket that ends it or the next part of a UNION."""
    for start, token in enumerate(tokens):
        if not token.word("select"):
            continue
        end = start + 1
        for end in _level(tokens, start + 1):
            if tokens[end].word("union", "intersect", "except"):
                break
        else:
            end = _end_of_level(tokens, start + 1)
        yield start, end


def _level(tokens: Tokens, start: int) -> Iterator[int]:
    """Places from here on that are in no further bracket, up to the end of this one."""
    depth = 0
    for place in range(start, len(tokens)):
        if tokens[place].sign(")", "]"):
            depth -= 1
            if depth < 0:
                return
        elif depth == 0:
            yield place
        if tokens[place].sign("(", "["):
            depth += 1


def _end_of_level(tokens: Tokens, start: int) -> int:
    depth = 0
    for place in range(start, len(tokens)):
        depth += tokens[place].sign("(", "[") - tokens[place].sign(")", "]")
        if depth < 0:
            return place
    return len(tokens)


def _where_clauses(tokens: Tokens, start: int, end: int) -> frozenset[int]:
    """Places of FROM and WHERE: what looks like an output column there may be another constant."""
    inside = False
    places: set[int] = set()
    level = frozenset(place for place in _level(tokens, start + 1) if place < end)
    for place in range(start, end):
        if place in level and tokens[place].word(*_CLAUSES) and not _is_distinct_from(tokens, place):
            inside = tokens[place].word("from", "where")
        if inside:
            places.add(place)
    return frozenset(places)


def _is_distinct_from(tokens: Tokens, place: int) -> bool:
    return tokens[place].word("from") and tokens[place - 1].word("distinct")


def _items(tokens: Tokens, start: int, end: int) -> Iterator[Tokens]:
    """What GROUP BY, ORDER BY and DISTINCT ON list, where constants are in it and more than those."""
    level = [place for place in _level(tokens, start + 1) if place < end]
    for number, place in enumerate(level[:-1]):
        if tokens[place].word("by") and tokens[place - 1].word("group", "order"):
            item: list[Token] = []
            clause_end = next((each for each in level[number + 1 :] if tokens[each].word(*_CLAUSES)), end)
            for each in range(place + 1, clause_end + 1):
                if each == clause_end or (each in level and tokens[each].sign(",")):
                    yield from _useful(item)
                    item = []
                else:
                    item.append(tokens[each])


def _useful(item: list[Token]) -> Iterator[Tokens]:
    while item and item[-1].word("asc", "desc", "first", "last", "nulls"):
        item.pop()
    if len(item) > 1 and any(map(_is_value, item)) and any(token.is_name for token in item):
        yield tuple(item)


def _is_value(token: Token) -> bool:
    return token.is_constant or token.word("true", "false", "null")


def _agrees(piece: list[Token], pattern: Tokens) -> bool:
    return any(token.kind is Kind.PARAMETER for token in piece) and all(
        token == wanted or (token.kind is Kind.PARAMETER and _is_value(wanted))
        for token, wanted in zip(piece, pattern, strict=True)
    )


def _type_sums_of_cases(tokens: Tokens) -> Tokens:
    """``sum(case when … then $1 else $2 end)``: a CASE of parameters alone would be text, which has no sum."""
    summed: list[bool] = []  # for each open CASE, whether it is what sum() or avg() adds up
    mended: list[Token] = []
    for place, token in enumerate(tokens):
        mended.append(token)
        if token.word("case"):
            before = tokens[max(place - 2, 0) : place]
            summed.append(len(before) == 2 and before[0].word("sum", "avg") and before[1].sign("("))
        elif token.word("end") and summed:
            summed.pop()
        elif (
            token.kind is Kind.PARAMETER
            and summed
            and summed[-1]
            and tokens[place - 1].word("then", "else")
            and tokens[place + 1 : place + 2]
            and tokens[place + 1].word("when", "else", "end")
        ):
            mended += _NUMERIC
    return tuple(mended)


def _settle_true_conditions(tokens: Tokens) -> Tokens:
    """``ON $1`` and ``WHERE $1 = $2`` → ``true``: they were ``ON TRUE`` and ``WHERE 1 = 1``, written for the form's sake.

    The planner would count one row in 200 for the latter.
    """
    mended: list[Token] = []
    place = 0
    while place < len(tokens):
        piece = tokens[place : place + 3]
        compared = [token.kind for token in piece] == [Kind.PARAMETER, Kind.SIGN, Kind.PARAMETER] and piece[1].sign("=")
        length = 3 if compared else 1
        begins = place > 0 and (
            tokens[place - 1].word(*_BEFORE_CONDITION) if compared else tokens[place - 1].word("on")
        )
        if (
            tokens[place].kind is Kind.PARAMETER
            and begins
            and not _is_between(tokens, place - 1)
            and _ends_condition(tokens, place + length)
        ):
            mended.append(_TRUE)
            place += length
        else:
            mended.append(tokens[place])
            place += 1
    return tuple(mended)


def _is_between(tokens: Tokens, place: int) -> bool:
    """Whether this AND belongs to BETWEEN: ``a between $1 and $2 = …`` says something else."""
    if not tokens[place].word("and"):
        return False
    before = next((token for token in reversed(tokens[:place]) if token.word("between", "and")), None)
    return before is not None and before.text == "between"


def _ends_condition(tokens: Tokens, place: int) -> bool:
    return place >= len(tokens) or tokens[place].sign(")") or tokens[place].word(*_AFTER_CONDITION)
