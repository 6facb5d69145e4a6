"""Where a text compares a column with what was a constant: the places that values can be put into again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from pgtend.core.sql import builtins
from pgtend.core.sql.lexer import Kind, Token, Tokens
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName
from pgtend.domain.workload import Query

_ENDS = (
    "and", "or", "group", "order", "limit", "offset", "fetch", "having", "union", "intersect", "except", "then", "when", "else",
    "end", "join", "left", "right", "inner", "full", "cross", "where", "for", "window", "natural", "as",
)  # fmt: skip
_FIELDS = ("year", "month", "day", "hour", "minute", "second", "to", "with", "without", "time", "zone", "array")
_RELATIONS = {"=": "EQUAL", "<": "BELOW", "<=": "BELOW", ">": "ABOVE", ">=": "ABOVE"}
_CLOCKS = ("now", "current_date", "current_timestamp", "localtimestamp", "pg_catalog")
"""The planner does not know what a clock less a parameter comes to either."""


class Relation(Enum):
    """How the column is compared."""

    EQUAL = auto()
    BELOW = auto()
    ABOVE = auto()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A column compared with a value that stands at ``start`` up to ``end`` (excluded) among the tokens."""

    table: TableName
    column: str
    alias: str
    relation: Relation
    start: int
    end: int


def comparisons_in(tokens: Tokens, query: Query, catalog: Catalog) -> tuple[Comparison, ...]:
    """Those of a column that is plainly of one table of the query, with a value made of parameters alone."""
    owners = _aliases(tokens, query)
    return tuple(_find(tokens, query, catalog, owners))


def _find(tokens: Tokens, query: Query, catalog: Catalog, owners: Mapping[str, TableName]) -> Iterator[Comparison]:
    for place, token in enumerate(tokens):
        found = _column_before(tokens, place, query, catalog, owners)
        if found is None:
            continue
        table, column, alias = found
        spans: list[tuple[Relation, int, int]] = []
        if token.sign(*_RELATIONS):
            relation = Relation[_RELATIONS[token.text]]
            spans.append((relation, place + 1, _end_of_value(tokens, place + 1)))
        elif token.word("between") and not tokens[place + 1].word("symmetric"):
            middle = _end_of_value(tokens, place + 1)
            if middle < len(tokens) and tokens[middle].word("and"):
                spans.append((Relation.ABOVE, place + 1, middle))
                spans.append((Relation.BELOW, middle + 1, _end_of_value(tokens, middle + 1)))
        elif token.word("in") and tokens[place + 1].sign("("):
            start = place + 2
            while True:
                end = _end_of_value(tokens, start)
                spans.append((Relation.EQUAL, start, end))
                if end >= len(tokens) or not tokens[end].sign(","):
                    break
                start = end + 1
        if spans and all(_is_value(tokens[start:end]) for _, start, end in spans):
            for relation, start, end in spans:
                yield Comparison(table=table, column=column, alias=alias, relation=relation, start=start, end=end)


def _column_before(
    tokens: Tokens, place: int, query: Query, catalog: Catalog, owners: Mapping[str, TableName]
) -> tuple[TableName, str, str] | None:
    if place < 2 or place + 1 >= len(tokens) or not tokens[place - 1].is_name:
        return None
    name = tokens[place - 1].text
    if tokens[place - 2].sign("."):
        if place < 4 or not tokens[place - 3].is_name or not _begins_condition(tokens[place - 4]):
            return None
        alias = tokens[place - 3].text
        table = owners.get(alias)
        return (table, name, alias) if table is not None and name in catalog.tables[table].columns else None
    if not _begins_condition(tokens[place - 2]):
        return None
    having = [table for table in query.relations if table in catalog.tables and name in catalog.tables[table].columns]
    return (having[0], name, "") if len(having) == 1 else None


def _begins_condition(token: Token) -> bool:
    return token.sign("(") or token.word("where", "and", "or", "on", "when", "not")


def _aliases(tokens: Tokens, query: Query) -> dict[str, TableName]:
    """The tables by the names that the text gives them; a name given to two tables is nobody's."""
    names: dict[str, TableName | None] = {}
    for place in range(len(tokens) - 2):
        schema, dot, table = tokens[place : place + 3]
        found = TableName(schema=schema.text, table=table.text)
        if not (dot.sign(".") and schema.is_name and table.is_name and found in query.relations):
            continue
        after = place + 3
        after += tokens[after : after + 1] != () and tokens[after].word("as")
        alias = tokens[after] if after < len(tokens) else None
        named = alias is not None and alias.is_name and not alias.word(*builtins.RESERVED, *_ENDS, "set", "using")
        name = alias.text if alias is not None and named else table.text
        names[name] = found if names.get(name, found) == found else None
    return {name: table for name, table in names.items() if table is not None}


def _end_of_value(tokens: Tokens, start: int) -> int:
    depth = 0
    for place in range(start, len(tokens)):
        if depth == 0 and (tokens[place].sign(",", ")") or tokens[place].word(*_ENDS)):
            return place
        depth += tokens[place].sign("(", "[") - tokens[place].sign(")", "]")
    return len(tokens)


def _is_value(piece: Tokens) -> bool:
    """Whether it is made of parameters, constants and casts alone, with a parameter among them."""
    if not any(token.kind is Kind.PARAMETER for token in piece):
        return False
    for place, token in enumerate(piece):
        if token.is_constant or token.kind is Kind.PARAMETER or token.word("cast", "as", *_FIELDS):
            continue
        if token.is_name and place and (piece[place - 1].sign("::", ".") or piece[place - 1].word("as", "double")):
            continue
        if token.is_name and token.text in _CLOCKS:
            continue
        if token.sign("+", "-", "*", "/", "::", "(", ")", "[", "]", ".", ","):
            continue
        return False
    return True
