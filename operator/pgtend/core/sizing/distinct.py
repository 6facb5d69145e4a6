"""From a column's statistics to the spread of its rows over its values.

ANALYZE reads a sample (300 rows for each unit of the statistics target) and estimates distinct values by the Duj1 estimator of
Haas and Stokes (IBM Research Report RJ 10025; commands/analyze.c): D = n d / (n - f1 + f1 n / N), with d distinct values among n
sampled rows, f1 of them seen once, N rows in all. Its two known errors are taken back here:

- The sample is not of rows but of blocks first. Where equal values lie together, as in a column by which the table is
  ordered, two rows of one value come into the sample (blocks of the table / blocks sampled) times too often. On TPC-H's l_orderkey it
  estimates 366 thousand of 1.5 million.
- It takes the rows of each value to be equally many. Values that have rows by chance (Poisson) come out too few; here the
  estimator is solved for the mean of such a distribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import expm1, log, prod

from pgtend.core.sizing.rows import counted_rows, growth, rows_in
from pgtend.core.sizing.spread import (
    FEWEST_ROWS,
    Keys,
    Spread,
    all_distinct,
    combine,
    occurring,
    rows_of_possible,
    thin_out,
)
from pgtend.domain.catalog import PAGE_BYTES, Column, Table

CLUSTERED = 0.99
"""Correlation from which equal values are taken to lie together."""
_STEPS = 60
_LONG_LIST = 50
"""Most common values from which their frequencies tell how rare the others are."""
_LEAST_SLOPE = 0.4
"""Exponent of a power law below which a list counts as level: chance alone makes one of 0.2."""
_RANK_STEP = 1.5
_RARE = 0.1
"""Rows of a value from which on the others are taken to be as rare."""

UniqueKeys = Sequence[frozenset[str]]
"""Sets of columns of which no two rows have the same values."""


def key_spread(columns: Sequence[Column | None], table: Table, unique: UniqueKeys) -> tuple[Spread, ...]:
    """The spread over the first column, over the first two, and so on. A column of None is an expression that nothing is known of."""
    rows = rows_in(table)
    spreads: list[Spread] = []
    names: set[str] = set()
    together: Spread = (Keys(count=1.0, rows=rows),)
    for number, column in enumerate(columns):
        spread = column_spread(column, table, unique, 1 << number)
        together = combine(together, spread, rows)
        if column is not None:
            names.add(column.name)
        known = _known_distinct(names, [each for each in columns[: number + 1] if each is not None], table, unique)
        if any(key <= names for key in unique):
            together = all_distinct(together)
        elif known is not None and len(names) == number + 1:
            together = thin_out(together, known)
        spreads.append(together)
    return tuple(spreads)


def column_spread(column: Column | None, table: Table, unique: UniqueKeys, null_bit: int) -> Spread:
    """The spread over one column: NULL, the most common values one by one, and all others alike."""
    rows = rows_in(table)
    if column is None or column.n_distinct is None:
        return all_distinct((Keys(count=1.0, rows=rows),))
    null_rows = rows * (column.null_fraction or 0.0)
    listed = column.common_frequencies
    other_rows = rows - null_rows - rows * sum(listed)
    spread = [Keys(count=1.0, rows=null_rows, nulls=null_bit)] if null_rows > 0 else []
    spread += [Keys(count=1.0, rows=rows * share) for share in listed]
    if other_rows >= 1:
        each = _rows_of_other_values(column, table)
        least = _least_distinct(column.name, table, unique) - len(listed)
        if least > 0:
            each = min(each, rows_of_possible(max(other_rows / least, 1.0)))
        alike = (Keys(count=other_rows / each, rows=each),)
        falling = falling_off(listed, rows, other_rows)
        spread += falling if occurring(falling) > occurring(alike) else alike
    return tuple(spread)


def distinct_values(column: Column, rows: float) -> float:
    """What ANALYZE estimates, as a number."""
    n_distinct = column.n_distinct or 0.0
    return n_distinct if n_distinct >= 0 else -n_distinct * rows


def _rows_of_other_values(column: Column, table: Table) -> float:
    """Rows of each value that is not among the most common ones: the mean for which ANALYZE would have estimated what it did.

    It is of the rows that there were then. Those that have come since are taken to have brought values of their own, which makes
    an index rather too large.
    """
    rows = max(counted_rows(table), 1.0)
    other_rows = rows * (1 - (column.null_fraction or 0.0) - sum(column.common_frequencies))
    distinct = distinct_values(column, rows)
    listed = len(column.common_frequencies)
    if distinct <= listed or other_rows <= 0:  # the list was complete, and what it leaves is an error of rounding
        return max(other_rows, 1.0)
    share = min(table.sampled_rows / rows, 1.0)
    sample = share * rows * (1 - (column.null_fraction or 0.0))
    others = share * other_rows
    low, high = FEWEST_ROWS * share, others
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        seen = listed + others * -expm1(-middle) / middle
        once = others * (1 + expm1(-middle))
        if sample * seen / (sample - once * (1 - share)) > distinct:
            low = middle
        else:
            high = middle
    each = high / share
    return max(each / _repeated_by_blocks(column, table, each), FEWEST_ROWS)


def falling_off(listed: Sequence[float], rows: float, other_rows: float) -> Spread:
    """The values behind a long list of common ones that get rarer from rank to rank, as going on by the same power law.

    Values of a skewed column that are not listed are not alike, and then Duj1 finds too few of them. Nothing where the list is short or
    level.
    """
    ranks = len(listed)
    if ranks < _LONG_LIST:
        return ()
    earlier = ranks // 3
    slope = log(listed[earlier - 1] / listed[-1]) / log(ranks / earlier)
    if slope < _LEAST_SLOPE:
        return ()
    spread = []
    rank, each, left = float(ranks), rows * listed[-1], other_rows
    while left > 0:
        each *= _RANK_STEP**-slope
        count = rank * (_RANK_STEP - 1)
        if count * each >= left or each < _RARE:
            count = left / each
        spread.append(Keys(count=count, rows=each))
        left -= count * each
        rank *= _RANK_STEP
    return tuple(spread)


def _repeated_by_blocks(column: Column, table: Table, each: float) -> float:
    """How many times too often the sample holds two rows of one value."""
    blocks = (table.bytes - table.grown_bytes) / PAGE_BYTES
    if abs(column.correlation or 0.0) < CLUSTERED or blocks <= table.sampled_rows:
        return 1.0
    within = min(counted_rows(table) / blocks / max(each, 1.0), 1.0)
    return within * blocks / table.sampled_rows + 1 - within


def _least_distinct(name: str, table: Table, unique: UniqueKeys) -> float:
    """Values that the column must have, because it and few others tell all rows apart."""
    rows = rows_in(table)
    least = 0.0
    for key in unique:
        others = [table.columns.get(other) for other in key - {name}]
        if name not in key or any(other is None or other.n_distinct is None for other in others):
            continue
        least = max(least, rows / max(prod(_most_distinct(other, rows) for other in others if other), 1.0))
    return min(least, rows)


def _most_distinct(column: Column, rows: float) -> float:
    """Few values are counted exactly, many are underestimated: no bound then."""
    distinct = distinct_values(column, rows)
    return distinct if len(column.common_frequencies) >= distinct else rows


def _known_distinct(names: Iterable[str], columns: Sequence[Column], table: Table, unique: UniqueKeys) -> float | None:
    """Distinct combinations as far as something tells: extended statistics, or an order that the columns share."""
    counted = table.distinct_combinations.get(frozenset(names))
    if counted is not None:
        return counted * growth(table)
    if len(columns) < 2:
        return None
    if all(abs(column.correlation or 0.0) >= CLUSTERED for column in columns):
        # Both follow the order of the rows: walking along it, a new combination begins where either has a new value.
        return sum(occurring(column_spread(column, table, unique, 0)) for column in columns)
    return None
