"""GIN indexes on what is inside of values, and B-trees on expressions: those of the tables that ``documents`` makes."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.sizes.cases import index
from pgtend.domain.index import (
    AccessMethod,
    Argument,
    ColumnArgument,
    Constant,
    Expression,
    FunctionCall,
    Index,
    IndexColumn,
    OperatorCall,
    TypeCast,
)

_FIELDS = ("kind", "country", "user_id", "day", "token", "campaign", "session", "zip")
_UNITS = ("month", "day", "hour")


def document_cases(table: str) -> Iterator[Index]:
    """Every kind that the advisor may propose, on each column that it fits."""
    yield from inverted_cases(table)
    yield from expression_cases(table)


def inverted_cases(table: str) -> Iterator[Index]:
    """GIN on arrays, words, documents and pieces of text."""
    for column in ("tags", "labels", "numbers", "words", "state", "event"):
        yield index(table, column, method=AccessMethod.GIN)
    for column in ("state", "event"):
        yield index(table, IndexColumn(column=column, opclass="jsonb_path_ops"), method=AccessMethod.GIN)
    for column in ("title", "name", "email", "body"):
        yield index(table, IndexColumn(column=column, opclass="public.gin_trgm_ops"), method=AccessMethod.GIN)
    searched = _call("to_tsvector", Constant(type="regconfig", value="simple"), _column("body"))
    yield index(table, searched, method=AccessMethod.GIN)


def expression_cases(table: str) -> Iterator[Index]:
    """B-trees on what is computed of columns."""
    for field in _FIELDS:
        column = "state" if field == "kind" else "event"
        yield index(table, IndexColumn(expression=_field(column, field)))
    within = OperatorCall(operator="->", arguments=(_column("event"), Constant(type="text", value="address")))
    city = OperatorCall(operator="->>", arguments=(within, Constant(type="text", value="city")))
    yield index(table, IndexColumn(expression=city))
    yield index(table, IndexColumn(expression=TypeCast(cast_to="integer", arguments=(_field("event", "user_id"),))))
    for unit in _UNITS:
        for column in ("created_at", "paid_at"):
            yield index(table, _call("date_trunc", Constant(type="text", value=unit), _column(column)))
    yield index(table, IndexColumn(expression=TypeCast(cast_to="date", arguments=(_column("created_at"),))))
    for part in ("month", "hour", "dow"):
        yield index(table, _call("date_part", Constant(type="text", value=part), _column("created_at")))
        yield index(table, _call("extract", Constant(type="text", value=part), _column("created_at")))
    yield index(table, _call("coalesce", _column("score"), Constant(type="integer", value="0")))
    yield index(table, _call("coalesce", _column("status"), Constant(type="text", value="")))
    yield index(table, _call("lower", _column("email")))
    yield index(table, _call("lower", _column("status")))
    yield index(table, _call("lower", _column("name")))
    yield index(table, IndexColumn(expression=TypeCast(cast_to="text", arguments=(_column("score"),))))
    yield index(table, IndexColumn(expression=TypeCast(cast_to="bigint", arguments=(_column("score"),))))
    yield index(table, "score", _call("date_trunc", Constant(type="text", value="day"), _column("created_at")))
    yield index(table, IndexColumn(expression=_field("state", "kind")), "score")


def _column(name: str) -> ColumnArgument:
    return ColumnArgument(column=name)


def _field(column: str, field: str) -> Expression:
    return OperatorCall(operator="->>", arguments=(_column(column), Constant(type="text", value=field)))


def _call(function: str, *arguments: Argument) -> IndexColumn:
    return IndexColumn(expression=FunctionCall(function=function, arguments=arguments))
