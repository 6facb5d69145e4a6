"""What an expression key holds, as far as the function and its column tell."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, log10

from pgtend.core.sizing.contents import units_between
from pgtend.core.sizing.distinct import distinct_values
from pgtend.core.sizing.fields import field_column
from pgtend.core.sizing.rows import counted_rows
from pgtend.domain.catalog import Column, Table
from pgtend.domain.index import (
    Argument,
    ColumnArgument,
    Constant,
    FunctionCall,
    IndexColumn,
    OperatorCall,
    TypeCast,
)

_SAME = frozenset({"abs", "ceil", "floor", "round"})
_TEXT = frozenset(
    {"btrim", "left", "lower", "ltrim", "md5", "replace", "reverse", "right", "rtrim", "split_part", "substr", "upper"}
)
_CUT = frozenset({"left", "right"})
_FIXED = {
    "boolean": 1, "smallint": 2, "integer": 4, "bigint": 8, "date": 4, "timestamp without time zone": 8, "uuid": 16,
    "real": 4, "double precision": 8,
}  # fmt: skip
"""Bytes of the types of fixed length."""
_FLOATING = frozenset({"real", "double precision"})
"""Those of them that a B-tree never stores once where equal."""
_SECONDS = {
    "second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0, "week": 604_800.0, "month": 2_629_746.0,
    "quarter": 7_889_238.0, "year": 31_556_952.0,
}  # fmt: skip
_PARTS = {
    "second": 60.0, "minute": 60.0, "hour": 24.0, "dow": 7.0, "isodow": 7.0, "day": 31.0, "doy": 366.0, "week": 53.0,
    "month": 12.0, "quarter": 4.0,
}  # fmt: skip
"""How many values a part of a time has."""
_WIDTH_OF_PART = 5
"""Bytes of a numeric of up to four digits."""
_WIDTH_OF_NUMERIC = 9
_LISTED = 100
"""Values up to which each is listed with its rows, as ANALYZE does."""
_MD5 = 33
"""Bytes of md5()'s 32 digits with their header."""
LEXEME_SHARE = 1.7
"""Bytes of a tsvector for each of its text, roughly: a lexeme of eight letters takes 13."""


def key_column(key: IndexColumn, table: Table) -> Column | None:
    """The key as a column with statistics; None where nothing is known of it.

    Where a function's values are not known to be fewer, it is taken to keep different values different: the estimate is rather too
    large than too small.
    """
    if key.expression is None:
        return table.columns.get(key.column or "")
    return _column(key.expression, table)


def _column(argument: Argument, table: Table) -> Column | None:
    if isinstance(argument, ColumnArgument):
        return table.columns.get(argument.column)
    if isinstance(argument, Constant):
        return None
    if isinstance(argument, OperatorCall):
        return field_column(argument, table)
    inner = [each for each in argument.arguments if not isinstance(each, Constant)]
    source = _column(inner[0], table) if len(inner) == 1 else None
    if source is None:
        return None
    if isinstance(argument, FunctionCall):
        return _computed(argument, source, table)
    return _cast(argument, source, table)


def _cast(cast: TypeCast, source: Column, table: Table) -> Column | None:
    to = cast.cast_to
    named = replace(source, name=f"({source.name})::{to}", type=to, correlation=None)
    if to == "date" and source.type.startswith("timestamp"):
        return _in_units(named, source, _SECONDS["day"], table, length=4)
    if to in _FIXED:
        kept = replace(named, type_length=_FIXED[to], alignment=min(_FIXED[to], 8), average_width=_FIXED[to])
        if to == "boolean":
            return _of_few(kept, 2.0)
        return replace(kept, alignment=1 if to == "uuid" else kept.alignment, deduplicates=to not in _FLOATING)
    if to == "text":
        return replace(
            named, type_length=-1, alignment=4, average_width=_width_as_text(source, table), deduplicates=True
        )
    if to == "numeric":
        width = source.average_width if source.type == "numeric" else _WIDTH_OF_NUMERIC
        return replace(named, type_length=-1, alignment=4, average_width=width, deduplicates=False)
    return None


def _computed(call: FunctionCall, source: Column, table: Table) -> Column | None:
    function = call.function
    named = replace(source, name=f"{function}({source.name})", correlation=None)
    if function in _SAME:
        return named
    if function in _TEXT:
        return replace(
            named, type=_text_type(call, source), type_length=-1, alignment=4, average_width=_text_width(call, source)
        )
    if function == "coalesce":
        return _filled_in(named, call)
    if function == "timezone":
        zoned = source.type == "timestamp without time zone"
        return replace(named, type=f"timestamp {'with' if zoned else 'without'} time zone")
    if function == "date_trunc":
        kept = replace(named, type="timestamp without time zone", type_length=8, alignment=8, deduplicates=True)
        seconds = _SECONDS.get(_unit(call))
        return kept if seconds is None else _in_units(kept, source, seconds, table, length=8)
    if function in ("date_part", "extract"):
        return _part_of_time(named, call)
    if function == "length":
        return _lengths(named)
    if function == "to_tsvector":
        width = None if source.average_width is None else round(source.average_width * LEXEME_SHARE)
        return replace(named, type="tsvector", average_width=width, deduplicates=False)
    return None


def _filled_in(named: Column, call: FunctionCall) -> Column:
    """A constant in place of NULL: one value more, with the rows that were NULL."""
    nulls = named.null_fraction or 0.0
    distinct = named.n_distinct
    frequencies = sorted((*named.common_frequencies, nulls), reverse=True) if nulls > 0 else named.common_frequencies
    width = named.average_width
    if width is not None and named.type_length < 0:
        constant = 1 + max((len(each.value) for each in _constants(call)), default=0)
        width = round(width * (1 - nulls) + constant * nulls)
    return replace(
        named,
        n_distinct=distinct + 1 if distinct is not None and distinct > 0 and nulls > 0 else distinct,
        null_fraction=0.0 if named.null_fraction is not None else None,
        common_frequencies=tuple(frequencies),
        average_width=width,
    )


def _in_units(named: Column, source: Column, seconds: float, table: Table, *, length: int) -> Column:
    """Times cut to a unit: as many values as there are units in which a row falls."""
    there = counted_rows(table) * (1 - (source.null_fraction or 0.0))
    cut = replace(named, type_length=length, alignment=length, average_width=length, deduplicates=True)
    gaps = source.contents.gaps if source.contents is not None else ()
    if not gaps or source.n_distinct is None:
        return cut
    units = units_between(gaps, seconds, there * (1 - sum(source.common_frequencies)))
    units += len(source.common_frequencies)
    before = distinct_values(source, counted_rows(table))
    if units >= before:
        return cut
    return _of_few(cut, units)


def _of_few(column: Column, distinct: float) -> Column:
    """The column with so many values and their rows evenly spread, unless it has fewer already."""
    if column.n_distinct is not None and 0 < column.n_distinct <= distinct:
        return column
    there = 1 - (column.null_fraction or 0.0)
    listed = (there / distinct,) * round(distinct) if distinct <= _LISTED else ()
    return replace(column, n_distinct=distinct, common_frequencies=listed)


def _part_of_time(named: Column, call: FunctionCall) -> Column:
    """date_part() is a double, extract() a numeric; neither is stored once where equal."""
    if call.function == "date_part":
        kept = replace(named, type="double precision", type_length=8, alignment=8, average_width=8, deduplicates=False)
    else:
        kept = replace(
            named, type="numeric", type_length=-1, alignment=4, average_width=_WIDTH_OF_PART, deduplicates=False
        )
    unit = _unit(call)
    if unit in _PARTS:
        return _of_few(kept, _PARTS[unit])
    return kept


def _unit(call: FunctionCall) -> str:
    return next((each.value.lower().rstrip("s") for each in _constants(call)), "")


def _width_as_text(source: Column, table: Table) -> int | None:
    if source.type_length < 0:
        return source.average_width
    if source.type == "uuid":
        return 37
    return 1 + ceil(log10(max(distinct_values(source, counted_rows(table)), 10.0)))


def _text_type(call: FunctionCall, source: Column) -> str:
    """The type of a text function's result; one of a fixed length counts as padded to it."""
    width = _text_width(call, source)
    fixed = call.function == "md5" or (width is not None and width < (source.average_width or 0))
    return f"character({width - 1})" if fixed and width else "text"


def _text_width(call: FunctionCall, source: Column) -> int | None:
    width = source.average_width
    if call.function == "md5":
        return _MD5
    if call.function in _CUT and width is not None:
        return min([width, *(1 + abs(int(each.value)) for each in _constants(call) if _is_number(each.value))])
    return width


def _lengths(named: Column) -> Column:
    """Lengths of strings: no more different ones than twice their mean."""
    most = None if named.average_width is None else 2.0 * named.average_width
    few = named.n_distinct is not None and 0 <= named.n_distinct <= (most or 0)
    distinct = named.n_distinct if few else most
    frequencies = named.common_frequencies if few else ()
    return replace(
        named,
        type="integer",
        type_length=4,
        alignment=4,
        deduplicates=True,
        n_distinct=distinct,
        common_frequencies=frequencies,
    )


def _constants(call: FunctionCall) -> list[Constant]:
    return [each for each in call.arguments if isinstance(each, Constant)]


def _is_number(value: str) -> bool:
    return value.lstrip("-").isdigit()
