from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.workload import (
    accumulate,
    difference,
    observed_workload,
    since_reset,
    sum_by_fingerprint,
    sum_rows_written,
)
from pgtend.domain.index import TableName
from pgtend.domain.record import HourOfLoad
from pgtend.domain.workload import (
    CounterSnapshot,
    Load,
    Query,
    StatementCounters,
    StatementKey,
    StatementKind,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RESET = datetime(2026, 11, 1, tzinfo=UTC)
A, B = StatementKey(user=10, queryid=1), StatementKey(user=11, queryid=1)


def counters(calls: int, total_ms: float | None = None) -> StatementCounters:
    return StatementCounters(
        calls=calls, total_ms=calls * 2.0 if total_ms is None else total_ms, rows=calls, blocks_hit=calls, blocks_read=0
    )


def snapshot(
    seconds: int, entries: dict[StatementKey, StatementCounters], *, reset: datetime | None = RESET, dealloc: int = 0
) -> CounterSnapshot:
    return CounterSnapshot(at=NOON + timedelta(seconds=seconds), counters=entries, stats_reset=reset, dealloc=dealloc)


def load(calls: int, total_ms: float | None = None) -> Load:
    return Load(
        calls=calls, total_ms=calls * 2.0 if total_ms is None else total_ms, rows=calls, blocks_hit=calls, blocks_read=0
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({A: counters(5)}, {A: counters(8)}, {A: load(3)}),
        ({A: counters(5)}, {A: counters(5)}, {}),
        ({}, {A: counters(4)}, {A: load(4)}),
        ({A: counters(5)}, {}, {}),
        ({A: counters(5)}, {A: counters(2)}, {A: load(2)}),
        ({A: counters(5, 100.0)}, {A: counters(7, 3.0)}, {A: load(7, 3.0)}),
    ],
    ids=["grown", "idle", "new", "evicted", "evicted and back", "times went backwards"],
)
def test_a_load_is_what_was_counted_in_between(
    before: dict[StatementKey, StatementCounters],
    after: dict[StatementKey, StatementCounters],
    expected: dict[StatementKey, Load],
) -> None:
    change = difference(snapshot(0, before), snapshot(60, after))
    assert change.loads == expected
    assert change.elapsed == timedelta(seconds=60)
    assert not change.was_reset


def test_after_a_reset_counters_start_from_zero_again() -> None:
    change = difference(snapshot(0, {A: counters(5)}), snapshot(60, {A: counters(9)}, reset=NOON))
    assert change.was_reset
    assert change.loads == {A: load(9)}


def test_everything_since_the_reset() -> None:
    change = since_reset(snapshot(0, {A: counters(5)}))
    assert change.loads == {A: load(5)}
    assert change.elapsed == NOON - RESET


def test_entries_of_one_query_are_summed_and_strangers_left_out() -> None:
    other = StatementKey(user=10, queryid=2)
    loads = {A: load(1), B: load(2), other: load(4)}
    assert sum_by_fingerprint(loads, {A: "f", B: "f"}) == {"f": load(3)}


def test_what_took_least_time_is_forgotten_first_and_of_equals_what_ran_longest_ago() -> None:
    known = accumulate({}, {"a": load(1), "b": load(1), "c": load(1)}, most=3)
    known = accumulate(known, {"a": load(2)}, most=3)
    known = accumulate(known, {"d": load(1)}, most=3)
    assert known == {"c": load(1), "a": load(3), "d": load(1)}
    known = accumulate(known, {"e": load(5), "f": load(4)}, most=3)
    assert known == {"a": load(3), "e": load(5), "f": load(4)}


@settings(deadline=None)
@given(
    batches=st.lists(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9).map(load), max_size=5), max_size=8),
    most=st.integers(1, 6),
)
def test_accumulation_is_bounded_and_never_counts_too_much(batches: list[dict[str, Load]], most: int) -> None:
    known: dict[str, Load] = {}
    for batch in batches:
        known = accumulate(known, batch, most)
    assert len(known) <= most
    for name, total in known.items():
        assert total.calls <= sum(batch[name].calls for batch in batches if name in batch)


def query(fingerprint: str) -> Query:
    return Query(
        fingerprint=fingerprint, text="select", plannable="select", kind=StatementKind.SELECT, relations=frozenset()
    )


def test_the_workload_has_the_heaviest_first_and_the_share_of_what_is_left_out() -> None:
    workload = observed_workload(
        {"light": load(10, 10.0), "heavy": load(1, 60.0), "forgotten": load(1, 10.0)},
        {"light": query("light"), "heavy": query("heavy")},
        hours=2.0,
        left_out={"queryid 7": ("It is DDL.", load(1, 20.0))},
    )
    assert [(each.id, each.weight) for each in workload.queries] == [("heavy", 1.0), ("light", 10.0)]
    assert [(each.id, each.reason, each.share) for each in workload.left_out] == [("queryid 7", "It is DDL.", 0.2)]
    assert workload.hours == 2.0


def test_a_workload_of_nothing_is_no_division_by_zero() -> None:
    workload = observed_workload({}, {}, hours=0.0, left_out={"x": ("?", load(0))})
    assert workload.queries == ()
    assert workload.left_out[0].share == 0.0
    assert workload.hours is None


def test_rows_written_to_a_table_add_up_over_the_hours() -> None:
    a, b = (TableName(schema="public", table=name) for name in "ab")
    hours = [
        HourOfLoad(hour=NOON, statements={}, rows_written=written, seconds=3600.0)
        for written in ({a: 3}, {a: 4, b: 5}, {})
    ]
    assert sum_rows_written(hours) == {a: 7, b: 5}
