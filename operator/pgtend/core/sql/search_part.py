"""The part of a statement that looks for rows, as a SELECT: what an index can help, and what the observer may plan.

EXPLAIN of an UPDATE, a DELETE or a SELECT … FOR UPDATE asks for privileges that the observer has not; what these do with the
rows that they have found costs the same with every index but for the upkeep of the indexes, which is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.sql.brackets import closing
from pgtend.core.sql.lexer import Kind, Token, Tokens
from pgtend.domain.workload import StatementKind

_SELECT_FROM = (Token(Kind.WORD, "select"), Token(Kind.WORD, "from"))
_COMMA = Token(Kind.SIGN, ",")
_QUERY_WORDS = ("select", "with", "values", "table")


def search_part(tokens: Tokens, kind: StatementKind) -> Tokens:
    """The statement as a SELECT of what it looks for; nothing where it looks for nothing (INSERT … VALUES)."""
    start = _end_of_with(tokens)
    prefix, body = _search_parts_of_with(tokens[:start]), tokens[start:]
    if kind is StatementKind.DELETE:
        body = _of_delete(body)
    elif kind is StatementKind.UPDATE:
        body = _of_update(body)
    elif kind is StatementKind.MERGE:
        body = _of_merge(body)
    elif kind is StatementKind.INSERT:
        body = _of_insert(body)
    return _without_locks((*prefix, *body)) if body else ()


def _end_of_with(tokens: Tokens) -> int:
    """Where the statement behind its WITH clause begins."""
    if not tokens or not tokens[0].word("with"):
        return 0
    for place in _outer(tokens):
        if place and tokens[place].word("select", "insert", "update", "delete", "merge", "values", "table"):
            return place
        if place and tokens[place].sign("(") and tokens[place - 1].sign(")"):
            return place
    return 0


def _search_parts_of_with(prefix: Tokens) -> Tokens:
    """WITH queries that delete or update, as SELECTs of what they return."""
    parts: list[Token] = []
    place = 0
    while place < len(prefix):
        parts.append(prefix[place])
        place += 1
        begins = place < len(prefix) and parts[-1].sign("(") and prefix[place].word("delete", "update")
        if begins and place >= 2 and prefix[place - 2].word("as", "materialized"):
            end = closing(prefix, place - 1)
            parts += _select_of(prefix[place:end])
            place = end
    return tuple(parts)


def _select_of(change: Tokens) -> Tokens:
    returning = change[_find(change, "returning") + 1 :]
    body = _of_delete(change) if change[0].word("delete") else _of_update(change)
    return (body[0], *returning, *body[1:])


def _outer(tokens: Tokens) -> Iterator[int]:
    """Places outside all brackets; an opening bracket itself is outside, a closing one inside."""
    depth = 0
    for place, token in enumerate(tokens):
        if token.sign(")", "]"):
            depth -= 1
        elif depth == 0:
            yield place
        if token.sign("(", "["):
            depth += 1


def _find(tokens: Tokens, *words: str, start: int = 0) -> int:
    """The first place outside brackets, from ``start`` on, of one of these words; the end where there is none."""
    for place in _outer(tokens):
        is_distinct_from = place > 0 and tokens[place].word("from") and tokens[place - 1].word("distinct")
        if place >= start and tokens[place].word(*words) and not is_distinct_from:
            return place
    return len(tokens)


def _of_delete(body: Tokens) -> Tokens:
    rest = body[2 : _find(body, "returning")]
    using = _find(rest, "using", "where")
    if using < len(rest) and rest[using].word("using"):
        rest = (*rest[:using], _COMMA, *rest[using + 1 :])
    return (*_SELECT_FROM, *rest)


def _of_update(body: Tokens) -> Tokens:
    body = body[: _find(body, "returning")]
    set_ = _find(body, "set")
    from_ = _find(body, "from", "where", start=set_)
    where = _find(body, "where", start=set_)
    others = (_COMMA, *body[from_ + 1 : where]) if from_ < where else ()
    return (*_SELECT_FROM, *body[1:set_], *others, *body[where:])


def _of_merge(body: Tokens) -> Tokens:
    using = _find(body, "using")
    when = _find(body, "when", start=using)
    on = _find(body, "on", start=using)
    if not using < on < when:
        return ()
    join = (Token(Kind.WORD, "left"), Token(Kind.WORD, "join"))
    return (*_SELECT_FROM, *body[using + 1 : on], *join, *body[2:using], *body[on:when])


def _of_insert(body: Tokens) -> Tokens:
    conflict = next(
        (
            place
            for place in _outer(body)
            if body[place].word("on") and place + 1 < len(body) and body[place + 1].word("conflict")
        ),
        len(body),
    )
    body = body[: min(conflict, _find(body, "returning"))]
    for place in _outer(body):
        if body[place].word("values", "default"):
            return ()
        if body[place].word("select", "with", "table"):
            return body[place:]
        following = body[place + 1 : place + 2]
        if body[place].sign("(") and following and (following[0].word(*_QUERY_WORDS) or following[0].sign("(")):
            return body[place:]
    return ()


def _without_locks(tokens: Tokens) -> Tokens:
    """Without FOR UPDATE and its like."""
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        end = _end_of_lock(tokens, place)
        if end == place:
            kept.append(tokens[place])
            end = place + 1
        place = end
    return tuple(kept)


def _end_of_lock(tokens: Tokens, place: int) -> int:
    words = [token.text if token.kind is Kind.WORD else "" for token in tokens[place : place + 4]]
    end = place
    for clause in (["for", "update"], ["for", "share"], ["for", "no", "key", "update"], ["for", "key", "share"]):
        if words[: len(clause)] == clause:
            end = place + len(clause)
    if end == place:
        return place
    if end < len(tokens) and tokens[end].word("of"):
        end += 2
        while end + 1 < len(tokens) and tokens[end].sign(",", "."):
            end += 2
    if end < len(tokens) and tokens[end].word("nowait"):
        end += 1
    elif end + 1 < len(tokens) and tokens[end].word("skip") and tokens[end + 1].word("locked"):
        end += 2
    return end
