"""How rows spread over keys: laws that hold whatever the statistics are."""

from __future__ import annotations

from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.sizing.spread import (
    Keys,
    Spread,
    all_distinct,
    combine,
    group_sizes,
    occurring,
    part_of,
    rows_of_possible,
    thin_out,
)

ROWS = 1_000_000.0

KEYS = st.builds(
    Keys,
    count=st.floats(1, 1e6),
    rows=st.floats(1e-3, 1e5),
    nulls=st.sampled_from([0, 0, 1]),
)
SPREADS = st.lists(KEYS, min_size=1, max_size=8).map(tuple)


def total(spread: Spread) -> float:
    return sum(keys.total_rows for keys in spread)


@given(SPREADS, SPREADS)
def test_combining_keeps_the_rows_and_makes_no_fewer_keys_than_either_has(left: Spread, right: Spread) -> None:
    left, right = part_of(left, ROWS / total(left)), part_of(right, ROWS / total(right))
    both = combine(left, right, ROWS)
    assert isclose(total(both), ROWS, rel_tol=1e-6)
    assert occurring(both) <= ROWS * (1 + 1e-6)
    assert occurring(both) >= 0.85 * max(occurring(left), occurring(right))


@given(SPREADS, st.floats(0.01, 0.99))
def test_thinning_out_leaves_as_many_keys_as_are_known_and_all_rows(spread: Spread, share: float) -> None:
    distinct = share * occurring(spread)
    thinned = thin_out(spread, distinct)
    assert isclose(occurring(thinned), distinct, rel_tol=1e-3)
    assert isclose(total(thinned), total(spread), rel_tol=1e-9)
    assert thin_out(spread, 2 * occurring(spread)) == spread


@given(SPREADS)
def test_when_all_are_distinct_there_are_as_many_keys_as_rows_that_are_not_null(spread: Spread) -> None:
    distinct = all_distinct(spread)
    assert isclose(total(distinct), total(spread), rel_tol=1e-9)
    there = sum(keys.total_rows for keys in spread if not keys.nulls)
    assert isclose(occurring(tuple(keys for keys in distinct if not keys.nulls)), there, rel_tol=1e-5, abs_tol=1e-9)


@given(st.floats(1e-6, 1e5))
def test_group_sizes_are_a_distribution_with_the_mean_of_the_occurring_keys(rows: float) -> None:
    sizes = group_sizes(rows)
    assert isclose(sum(probability for _, probability in sizes), 1, rel_tol=1e-4)
    mean = sum(size * probability for size, probability in sizes)
    assert isclose(mean, rows / Keys(count=1, rows=rows).occurring, rel_tol=1e-3)


@given(st.floats(1.001, 1e6))
def test_the_rows_of_possible_keys_lead_back_to_those_of_the_occurring_ones(occurring_rows: float) -> None:
    rows = rows_of_possible(occurring_rows)
    assert isclose(rows / Keys(count=1, rows=rows).occurring, occurring_rows, rel_tol=1e-6)
