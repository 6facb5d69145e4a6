from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.domain.workload import Load, Slice
from pgtend.pipeline.kept_slices import FEWEST_SLICES, KEPT_SLICES, KeptSlices, SliceRoom
from tests.unit.pipeline.fakes import NOW

NUMBERS = st.integers(0, 2**32 - 1)
LOADS = st.builds(
    Load,
    calls=NUMBERS,
    total_ms=st.floats(0, 1e9, width=32),
    rows=NUMBERS,
    blocks_hit=NUMBERS,
    blocks_read=NUMBERS,
)


def piece(minute: int, queries: int = 3) -> Slice:
    loads = {f"query {number}": Load(calls=minute + number, total_ms=1.5) for number in range(queries)}
    return Slice(start=NOW + timedelta(minutes=minute), seconds=60.0, loads=loads)


def kept_of(count: int, queries: int, room: SliceRoom) -> KeptSlices:
    kept = KeptSlices(room)
    kept.extend(piece(minute, queries) for minute in range(count))
    return kept


@given(st.lists(st.dictionaries(st.text(), LOADS, max_size=5), max_size=5))
def test_gives_back_what_it_was_given(loads: list[dict[str, Load]]) -> None:
    given_slices = [
        Slice(start=NOW + timedelta(minutes=minute), seconds=60.0, loads=each) for minute, each in enumerate(loads)
    ]
    kept = KeptSlices(SliceRoom())
    kept.extend(given_slices)
    assert list(kept.since(NOW)) == given_slices


def test_times_keep_seven_digits() -> None:
    kept = KeptSlices(SliceRoom())
    kept.append(Slice(start=NOW, seconds=60.0, loads={"query": Load(calls=1, total_ms=123456.789)}))
    (back,) = kept.since(NOW)
    assert back.loads["query"].total_ms == pytest.approx(123456.789, rel=1e-6)


def test_gives_the_slices_from_a_moment_on_and_the_queries_asked_for() -> None:
    kept = kept_of(5, 3, SliceRoom())
    later = list(kept.since(NOW + timedelta(minutes=3), {"query 1", "unknown"}))
    assert [each.start for each in later] == [NOW + timedelta(minutes=3), NOW + timedelta(minutes=4)]
    assert later[0].loads == {"query 1": Load(calls=4, total_ms=1.5)}


def test_forgets_the_oldest() -> None:
    kept = kept_of(KEPT_SLICES + 5, 3, SliceRoom())
    assert len(kept) == KEPT_SLICES
    assert next(iter(kept.since(NOW))).start == NOW + timedelta(minutes=5)
    kept.clear()
    assert (len(kept), list(kept.since(NOW))) == (0, [])
    kept.extend(piece(minute) for minute in range(KEPT_SLICES))
    assert len(kept) == KEPT_SLICES


def test_loops_share_one_room_in_equal_parts() -> None:
    room = SliceRoom(1000)
    room.enter()
    alone = kept_of(KEPT_SLICES, 10, room)
    assert len(alone) == 100
    room.enter()
    alone.append(piece(KEPT_SLICES, 10))
    assert len(alone) == 50
    room.leave()
    alone.extend(piece(minute, 10) for minute in range(KEPT_SLICES + 1, KEPT_SLICES + 61))
    assert len(alone) == 100


def test_a_loop_keeps_enough_for_a_baseline_however_little_room_there_is() -> None:
    assert len(kept_of(KEPT_SLICES, 10, SliceRoom(0))) == FEWEST_SLICES
