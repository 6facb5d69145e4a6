"""How much of its time a search has taken: what passes, and what several sessions do at once as often as they do it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pgtend.domain.advice import CostAnswer, CostRequest, Spent
from pgtend.domain.index import Index
from pgtend.ports import CostModel


class TimedModel:
    """A cost model beside which time is counted from now on; implements ports.CostModel.

    A limit of what-if time is for the server's sake: two sessions use it up twice as fast.
    """

    def __init__(self, model: CostModel) -> None:
        self._model = model
        self._began = time.monotonic()
        self._beside = 0.0

    @property
    def seconds(self) -> float:
        """Time that has passed, and that sessions worked beside one another."""
        return time.monotonic() - self._began + self._beside

    @property
    def spent(self) -> Spent:
        """See ports.CostModel."""
        return self._model.spent

    async def sizes(self, indexes: Sequence[Index]) -> tuple[int, ...]:
        """See ports.CostModel."""
        return await self._model.sizes(indexes)

    async def costs(self, requests: Sequence[CostRequest]) -> tuple[CostAnswer, ...]:
        """See ports.CostModel."""
        asked, before = time.monotonic(), self._model.spent.seconds
        answers = await self._model.costs(requests)
        worked, waited = self._model.spent.seconds - before, time.monotonic() - asked
        self._beside += max(worked - waited, 0.0)
        return answers
