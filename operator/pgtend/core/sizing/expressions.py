"""What an expression key holds, as far as the function and its column tell."""

from __future__ import annotations

from dataclasses import replace

from pgtend.domain.catalog import Column, Table
from pgtend.domain.index import Argument, ColumnArgument, Constant, FunctionCall, IndexColumn, TypeCast

_SAME = frozenset({"abs", "ceil", "floor", "round"})
_TEXT = frozenset(
    {"btrim", "left", "lower", "ltrim", "md5", "replace", "reverse", "right", "rtrim", "split_part", "substr", "upper"}
)
_CUT = frozenset({"left", "right"})
_FIXED = {"smallint": 2, "integer": 4, "bigint": 8, "date": 4, "timestamp without time zone": 8}
"""Bytes of the types of fixed length that equal values are stored once of."""
_MD5 = 33
"""Bytes of md5()'s 32 digits with their header."""
_LEXEME_SHARE = 1.7
"""Bytes of a tsvector for each of its text, roughly: a lexeme of eight letters takes 13."""


def key_column(key: IndexColumn, table: Table) -> Column | None:
    """The key as a column with statistics; None where nothing is known of it.

    A function is taken to keep different values different: the estimate is rather too large than too small.
    """
    if key.expression is None:
        return table.columns.get(key.column or "")
    return _column(key.expression, table)


def _column(argument: Argument, table: Table) -> Column | None:
    if isinstance(argument, ColumnArgument):
        return table.columns.get(argument.column)
    if isinstance(argument, Constant):
        return None
    inner = [each for each in argument.arguments if not isinstance(each, Constant)]
    source = _column(inner[0], table) if len(inner) == 1 else None
    if source is None:
        return None
    if isinstance(argument, FunctionCall):
        return _computed(argument, source)
    return _cast(argument, source) if isinstance(argument, TypeCast) else None


def _cast(cast: TypeCast, source: Column) -> Column | None:
    size = _FIXED.get(cast.cast_to)
    if size is None:
        return None
    return replace(
        source,
        name=f"({source.name})::{cast.cast_to}",
        type=cast.cast_to,
        type_length=size,
        alignment=min(size, 8),
        average_width=size,
        deduplicates=True,
        correlation=None,
    )


def _computed(call: FunctionCall, source: Column) -> Column | None:
    function = call.function
    named = replace(source, name=f"{function}({source.name})", correlation=None)
    if function in _SAME:
        return named
    if function in _TEXT:
        return replace(
            named, type=_text_type(call, source), type_length=-1, alignment=4, average_width=_text_width(call, source)
        )
    if function == "date_trunc":
        return replace(named, type="timestamp without time zone", type_length=8, alignment=8, deduplicates=True)
    if function == "date_part":
        return replace(named, type="double precision", type_length=8, alignment=8, deduplicates=False)
    if function == "length":
        return _lengths(named)
    if function == "to_tsvector":
        width = None if source.average_width is None else round(source.average_width * _LEXEME_SHARE)
        return replace(named, type="tsvector", average_width=width, deduplicates=False)
    return None


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
