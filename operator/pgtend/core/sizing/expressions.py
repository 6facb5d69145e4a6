"""What an expression key holds, as far as the function and its column tell."""

from __future__ import annotations

from dataclasses import replace

from pgtend.domain.catalog import Column, Table
from pgtend.domain.index import ColumnArgument, Constant, FunctionCall, IndexColumn

_SAME = frozenset({"abs", "ceil", "floor", "round"})
_TEXT = frozenset(
    {"btrim", "left", "lower", "ltrim", "md5", "replace", "reverse", "right", "rtrim", "split_part", "substr", "upper"}
)
_CUT = frozenset({"left", "right"})
_MD5 = 33
"""Bytes of md5()'s 32 digits with their header."""


def key_column(key: IndexColumn, table: Table) -> Column | None:
    """The key as a column with statistics; None where nothing is known of it.

    A function is taken to keep different values different: the estimate is rather too large than too small.
    """
    if key.expression is None:
        return table.columns.get(key.column or "")
    arguments = [each.column for each in key.expression.arguments if isinstance(each, ColumnArgument)]
    source = table.columns.get(arguments[0]) if len(arguments) == 1 else None
    return None if source is None else _computed(key.expression, source)


def _computed(call: FunctionCall, source: Column) -> Column | None:
    function = call.function
    named = replace(source, name=f"{function}({source.name})", correlation=None)
    if function in _SAME:
        return named
    if function in _TEXT:
        width = source.average_width
        if function == "md5":
            width = _MD5
        elif function in _CUT and width is not None:
            width = min([width, *(1 + abs(int(each.value)) for each in _constants(call) if _is_number(each.value))])
        return replace(named, type="text", type_length=-1, alignment=4, average_width=width)
    if function == "date_trunc":
        return replace(named, type="timestamp without time zone", type_length=8, alignment=8, deduplicates=True)
    if function == "date_part":
        return replace(named, type="double precision", type_length=8, alignment=8, deduplicates=False)
    if function == "length":
        return replace(named, type="integer", type_length=4, alignment=4, deduplicates=True)
    return None


def _constants(call: FunctionCall) -> list[Constant]:
    return [each for each in call.arguments if isinstance(each, Constant)]


def _is_number(value: str) -> bool:
    return value.lstrip("-").isdigit()
