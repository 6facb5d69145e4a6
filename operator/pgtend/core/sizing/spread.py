"""How the rows of a table spread over the keys of an index.

A spread says how many keys are possible and how many rows each has on average; which of the possible keys occur, and how often
exactly, is taken as chance (Poisson). So one description serves a column whose values are listed one by one, a column of which only the
number of values is known, combinations of independent columns (most of which never occur), and the rows of a partial index.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, expm1, floor, log2

FEWEST_ROWS = 1e-6
"""Rows of a key that stand for "no two rows alike"."""
_STEPS = 60
_SMALLEST_STEP, _LARGEST_STEP = -14, 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Keys:
    """So many possible keys alike, each with so many rows on average. Bit n of ``nulls`` is set where column n is NULL."""

    count: float
    rows: float
    nulls: int = 0

    @property
    def total_rows(self) -> float:
        """Rows of all of them."""
        return self.count * self.rows

    @property
    def occurring(self) -> float:
        """How many of them have any row."""
        return self.count * -expm1(-self.rows)


Spread = tuple[Keys, ...]


def occurring(spread: Spread) -> float:
    """How many distinct keys there are."""
    return sum(keys.occurring for keys in spread)


def combine(left: Spread, right: Spread, rows: float) -> Spread:
    """Keys of two columns that have nothing to do with each other, in a table of so many rows."""
    if rows <= 0:
        return ()
    return _merged(
        Keys(count=one.count * other.count, rows=one.rows * other.rows / rows, nulls=one.nulls | other.nulls)
        for one in left
        for other in right
    )


def thin_out(spread: Spread, distinct: float) -> Spread:
    """The spread when only so many distinct keys are known to occur: fewer are possible, each has more rows."""
    if not spread or occurring(spread) <= distinct:
        return spread

    def with_share(share: float) -> Spread:
        return tuple(replace(keys, count=keys.count * share, rows=keys.rows / share) for keys in spread)

    low, high = float(-_STEPS), 0.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if occurring(with_share(2**middle)) > distinct:
            high = middle
        else:
            low = middle
    return with_share(2**low)


def all_distinct(spread: Spread) -> Spread:
    """The spread when no two rows have the same key, but for NULLs, of which a unique index takes any number."""
    return tuple(
        keys if keys.nulls else replace(keys, count=keys.total_rows / FEWEST_ROWS, rows=FEWEST_ROWS) for keys in spread
    )


def part_of(spread: Spread, share: float) -> Spread:
    """The spread of a random share of the rows."""
    return tuple(replace(keys, rows=keys.rows * share) for keys in spread)


def rows_of_possible(rows_of_occurring: float) -> float:
    """Mean rows of a possible key, from the mean over those that have any: the mean of a zero-truncated Poisson distribution."""
    if rows_of_occurring <= 1 + FEWEST_ROWS:
        return FEWEST_ROWS
    low, high = FEWEST_ROWS, rows_of_occurring
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle / -expm1(-middle) > rows_of_occurring:
            high = middle
        else:
            low = middle
    return high


def group_sizes(rows: float) -> list[tuple[float, float]]:
    """How many rows the occurring keys have that have so many on average: pairs of rows and probability, summing to one."""
    if rows > _LARGE:
        spread = rows**0.5
        return [(rows - spread, 0.25), (rows, 0.5), (rows + spread, 0.25)]
    sizes = []
    probability = exp(-rows)
    occurs = -expm1(-rows)
    for size in range(1, int(rows + 6 * rows**0.5) + 3):
        probability *= rows / size
        sizes.append((float(size), probability / occurs))
    return sizes


_LARGE = 30.0


def _merged(spread: Iterable[Keys]) -> Spread:
    """Keys with about as many rows each put together, so that combining many columns stays cheap."""
    bins: dict[tuple[int, int], tuple[float, float]] = {}
    for keys in spread:
        if keys.total_rows <= 0:
            continue
        step = floor(2 * log2(keys.rows))
        bin_ = (keys.nulls, min(max(step, _SMALLEST_STEP), _LARGEST_STEP))
        count, total = bins.get(bin_, (0.0, 0.0))
        bins[bin_] = (count + keys.count, total + keys.total_rows)
    return tuple(Keys(count=count, rows=total / count, nulls=nulls) for (nulls, _), (count, total) in bins.items())
