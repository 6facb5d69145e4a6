"""Time of a search, of which sessions side by side take more than passes."""

from __future__ import annotations

from collections.abc import Sequence

from pgtend.domain.advice import CostAnswer, CostRequest, PlanCost, Spent
from pgtend.domain.index import Index
from pgtend.pipeline.time_taken import TimedModel

HOUR = 3600.0


class AtOnce:
    """A planner that answers at once, and says what its sessions took for it."""

    def __init__(self, seconds: float) -> None:
        self._each = seconds
        self._seconds = 0.0

    @property
    def spent(self) -> Spent:
        return Spent(seconds=self._seconds, sessions=2)

    async def sizes(self, indexes: Sequence[Index]) -> tuple[int, ...]:
        return (8192,) * len(indexes)

    async def costs(self, requests: Sequence[CostRequest]) -> tuple[CostAnswer, ...]:
        self._seconds += self._each
        return (PlanCost(cost=1.0, used=frozenset(), summary="", shape=()),) * len(requests)


async def test_what_sessions_do_at_once_counts_as_often_as_they_do_it() -> None:
    timed = TimedModel(AtOnce(HOUR))
    await timed.costs([])
    await timed.costs([])
    assert 2 * HOUR <= timed.seconds < 3 * HOUR
    assert timed.spent.seconds == 2 * HOUR


async def test_one_session_takes_no_more_than_passes() -> None:
    timed = TimedModel(AtOnce(0.0))
    await timed.costs([])
    assert timed.seconds < HOUR
