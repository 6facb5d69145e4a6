"""Which part of a table a partial index holds, and how its keys spread there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

from pgtend.core.sizing.distinct import distinct_values
from pgtend.core.sizing.rows import rows_in
from pgtend.core.sizing.spread import Keys, Spread, part_of
from pgtend.domain.catalog import Table
from pgtend.domain.index import Comparison, ComparisonOperator

RANGE_SHARE = 1 / 3
"""DEFAULT_INEQ_SEL of selfuncs.h."""

_RANGES = frozenset({ComparisonOperator.LT, ComparisonOperator.LE, ComparisonOperator.GT, ComparisonOperator.GE})
_ONE_VALUE = frozenset({ComparisonOperator.EQ, ComparisonOperator.IS_TRUE, ComparisonOperator.IS_FALSE})


def matching_share(predicate: Iterable[Comparison], table: Table) -> float:
    """Share of the rows for which the predicate holds, by statistics without values: rather too large than too small.

    A planner, which knows the values, does better: ask it where there is one.
    """
    return prod(_share(comparison, table) for comparison in predicate)


def keys_within(spread: Spread, predicate: Iterable[Comparison], names: tuple[str | None, ...], rows: float) -> Spread:
    """The spread over keys of these columns among the ``rows`` rows for which the predicate holds."""
    few_values = False
    for comparison in predicate:
        if comparison.column not in names:
            continue
        bit = 1 << names.index(comparison.column)
        if comparison.operator is ComparisonOperator.IS_NULL:
            spread = tuple(keys for keys in spread if keys.nulls & bit)
            continue
        spread = tuple(keys for keys in spread if not keys.nulls & bit)
        few_values = few_values or comparison.operator in _RANGES
        if comparison.operator in _ONE_VALUE and len(names) == 1:
            spread = (Keys(count=1.0, rows=sum(keys.total_rows for keys in spread)),)
    total = sum(keys.total_rows for keys in spread)
    if total <= 0:
        return ()
    if few_values:
        return tuple(replace(keys, count=keys.count * rows / total) for keys in spread)
    return part_of(spread, rows / total)


def _share(comparison: Comparison, table: Table) -> float:
    column = table.columns.get(comparison.column)
    if column is None or column.null_fraction is None:
        return 1.0
    there = 1 - column.null_fraction
    operator = comparison.operator
    if operator is ComparisonOperator.IS_NULL:
        return column.null_fraction
    if operator in _ONE_VALUE:
        rows = rows_in(table)
        even = there / max(distinct_values(column, rows), 1.0)
        return max(even, *column.common_frequencies[:1], 0.0)
    return there * RANGE_SHARE if operator in _RANGES else there
