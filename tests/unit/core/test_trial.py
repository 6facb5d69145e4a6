from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.trial import change_of, ratio_of, worst_with
from pgtend.domain.trial import Change, TimedQuery, Trial


def timed(before: tuple[float, ...], after: tuple[float, ...], *used: str) -> TimedQuery:
    return TimedQuery(id="q", text="select …", before_ms=before, after_ms=after, used=used)


@pytest.mark.parametrize(
    ("query", "ratio", "change"),
    [
        pytest.param(timed((10, 11, 12), (2, 3, 4)), 3 / 11, Change.FASTER, id="faster"),
        pytest.param(timed((2, 3, 4), (10, 11, 12)), 11 / 3, Change.SLOWER, id="slower"),
        pytest.param(timed((10, 11, 12), (10, 11, 12)), 1.0, Change.SAME, id="the same"),
        pytest.param(timed((10, 11, 30), (13, 14, 15)), 14 / 11, Change.SAME, id="slower, but within the spread"),
        pytest.param(
            replace(timed((2, 3), (8, 9)), same_plan=True), 8.5 / 2.5, Change.SAME_PLAN, id="slower by the same plan"
        ),
        pytest.param(
            replace(timed((8, 9), (2, 3)), same_plan=True), 2.5 / 8.5, Change.SAME_PLAN, id="faster by the same plan"
        ),
        pytest.param(timed((100, 101), (106, 107)), 106.5 / 100.5, Change.SAME, id="apart, but by little"),
        pytest.param(replace(timed((), (10,)), timed_out=True), None, Change.TIMED_OUT, id="too long without"),
        pytest.param(replace(timed((10,), ()), timed_out=True), None, Change.TIMED_OUT, id="too long with"),
        pytest.param(timed((10,), ()), None, Change.NOT_COMPARED, id="not run with"),
    ],
)
def test_a_difference_has_to_stand_out(query: TimedQuery, ratio: float | None, change: Change) -> None:
    assert ratio_of(query) == (None if ratio is None else pytest.approx(ratio))
    assert change_of(query) is change


def test_an_index_is_judged_by_the_query_that_it_does_worst_to() -> None:
    trial = Trial(
        queries=(timed((10,), (5,), "a"), timed((10,), (20,), "a", "b"), timed((10,), (90,))),
        skipped=(),
        built=("a", "b", "c"),
    )
    assert worst_with("a", trial) == 2.0
    assert worst_with("c", trial) is None
