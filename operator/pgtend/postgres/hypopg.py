"""Hypothetical planning with HypoPG in sessions of its own; implements ports.CostModel.

Every query is judged by ``guard.py`` again before it is planned, for EXPLAIN is not inert; how it is then planned without
anything else coming of it is in ``planner.py``.

HypoPG: https://hypopg.readthedocs.io. A hypothetical partial index can crash the server when a view is planned
(HypoPG issue 116), so those are shown to queries on plain tables alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from pgtend.core.size import estimate_size
from pgtend.domain.advice import CostAnswer, CostRequest, SizeModel, Spent, Unplannable
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, StatementFailed
from pgtend.domain.index import Index
from pgtend.domain.workload import Query
from pgtend.postgres.asking import fetch
from pgtend.postgres.connection import ConnectionLimits, Session, open_session
from pgtend.postgres.division import Division
from pgtend.postgres.failures import CONNECTION_LOST
from pgtend.postgres.guard import read_user_code, reason_to_refuse
from pgtend.postgres.observer_findings import hypopg_missing
from pgtend.postgres.partial_shares import shares_of_partial
from pgtend.postgres.planner import PLANNING
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.what_if_session import Common, Shown, WhatIfSession

WORTH_A_SESSION = 0.03
"""Seconds of planning that each session must be expected to do in a batch, for another to be opened."""

_PLAIN = frozenset(
    {RelationKind.TABLE, RelationKind.PARTITION, RelationKind.PARTITIONED_TABLE, RelationKind.MATERIALIZED_VIEW}
)
_BATCH = 500


_SetShown = tuple[frozenset[Index], frozenset[int]]
Opener = Callable[[], Awaitable[WhatIfSession | None]]


class HypoPG:
    """Plans as if indexes were there, in one session or several side by side. Opened by ``open_cost_model``.

    Each plan is made in a session that shows just what was asked, so that the answers do not depend on how many there are.
    """

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        common: Common,
        *,
        size_model: SizeModel = SizeModel.PGTEND,
        most: int = 1,
        open_more: Opener | None = None,
    ) -> None:
        self._first = WhatIfSession(session, common)
        self._more: list[WhatIfSession] = []
        self._catalog = catalog
        self._common = common
        self._size_model = size_model
        self._most = most
        self._open_more = open_more
        self._problems: dict[Query, str | None] = {}
        self._seconds = 0.0
        self._planning_seconds = 0.0
        self._explains_of_lost = 0
        self._opened = 1

    @property
    def spent(self) -> Spent:
        """Plans made, and seconds that sessions took from being asked to having answered, summed over them."""
        return Spent(
            explains=self._explains_of_lost + sum(session.planner.explains for session in (self._first, *self._more)),
            seconds=self._seconds,
            sessions=self._opened,
        )

    async def sizes(self, indexes: Sequence[Index]) -> tuple[int, ...]:
        """Bytes of each index by the size model asked for; by pgtend's own where HypoPG cannot simulate it.

        Of partial indexes the planner says how many rows they hold: it knows most common values and histograms.
        """
        while True:
            try:
                return await self._sizes(indexes)
            except ConnectionRefusedByTarget as refusal:
                self._do_without(self._first, refusal)

    async def _sizes(self, indexes: Sequence[Index]) -> tuple[int, ...]:
        began = time.perf_counter()
        known = await self._hypothetical_sizes(indexes) if self._size_model is SizeModel.HYPOPG else {}
        others = [index for index in dict.fromkeys(indexes) if index not in known]
        may_be_planned = [index for index in others if index.table_name not in self._common.user_code.relations]
        shares = await shares_of_partial(may_be_planned, self._catalog, self._first.planner.plan_own)
        known |= await asyncio.to_thread(
            lambda: {index: estimate_size(index, self._catalog, share=shares.get(index)) for index in others}
        )
        self._seconds += time.perf_counter() - began
        return tuple(known[index] for index in indexes)

    async def _hypothetical_sizes(self, indexes: Sequence[Index]) -> dict[Index, int]:
        known: dict[Index, int] = {}
        for start in range(0, len(indexes), _BATCH):
            shown = await self._first.show(indexes[start : start + _BATCH])
            known |= shown.sizes
        await self._first.forget()
        return known

    async def costs(self, requests: Sequence[CostRequest]) -> tuple[CostAnswer, ...]:
        """Plan a batch; each distinct set of indexes is made once, and the answers come in the order of the requests.

        What a session was lost over, and what was left for it, the others plan; raises ConnectionRefusedByTarget once all are lost.
        """
        began = time.perf_counter()
        answers: dict[int, CostAnswer] = {}
        groups: dict[_SetShown, list[int]] = {}
        for number, request in enumerate(requests):
            problem = self._problem_of(request)
            if problem is not None:
                answers[number] = Unplannable(reason=problem)
                continue
            groups.setdefault((self._showable(request), frozenset(request.hidden)), []).append(number)
        left = Division(groups)
        lost: list[tuple[WhatIfSession, ConnectionRefusedByTarget]] = []
        self._seconds += time.perf_counter() - began

        async def work(number: int) -> None:
            began = time.perf_counter()
            session = await self._session(number)
            ready = time.perf_counter()
            if session is not None:
                try:
                    await _plan_share(session, left, requests, answers)
                except ConnectionRefusedByTarget as refusal:
                    lost.append((session, refusal))
            self._seconds += time.perf_counter() - began
            self._planning_seconds += time.perf_counter() - ready

        while len(left):
            await _side_by_side([work(number) for number in range(self._sessions_worth(len(left)))])
            while lost:  # not before: another may have been on its way to be opened
                self._do_without(*lost.pop())
        return tuple(answers[number] for number in range(len(requests)))

    def _do_without(self, session: WhatIfSession, refusal: ConnectionRefusedByTarget) -> None:
        """Go on without a session that was lost, nor open another in its place; raises the refusal where no other is there."""
        if refusal.finding.reason != CONNECTION_LOST or not self._more:
            raise refusal
        self._explains_of_lost += session.planner.explains
        if session is self._first:
            self._first = self._more.pop(0)
        else:
            self._more.remove(session)
        self._most = 1 + len(self._more)

    def _sessions_worth(self, plans: int) -> int:
        """How many sessions are to plan so many: those that are open, and as many as it pays to open by what plans took until now."""
        explains = self.spent.explains
        expected = plans * self._planning_seconds / explains if explains else 0.0
        return max(1, min(self._most, plans, max(1 + len(self._more), int(expected / WORTH_A_SESSION))))

    async def _session(self, number: int) -> WhatIfSession | None:
        """The session of that number, opened now where it is not there; None where there is no more to be had."""
        if number == 0:
            return self._first
        if number <= len(self._more):
            return self._more[number - 1]
        session = None if self._open_more is None else await self._open_more()
        if session is None:
            self._most = 1 + len(self._more)
        else:
            self._more.append(session)
            self._opened = max(self._opened, 1 + len(self._more))
        return session

    def _problem_of(self, request: CostRequest) -> str | None:
        if request.hidden and not self._common.hides:
            return "Existing indexes can only be hidden from the planner with HypoPG 1.4 or newer."
        query, code = request.query, self._common.user_code
        if query not in self._problems:
            self._problems[query] = reason_to_refuse(query, self._catalog, code)
        return self._problems[query]

    def _showable(self, request: CostRequest) -> frozenset[Index]:
        plain = all(
            (table := self._catalog.tables.get(name)) is not None and table.kind in _PLAIN and not table.row_security
            for name in request.query.relations
        )
        return frozenset(index for index in request.shown if plain or not index.predicate)


async def _plan_share(
    session: WhatIfSession, left: Division[_SetShown], requests: Sequence[CostRequest], answers: dict[int, CostAnswer]
) -> None:
    """Plan in this session as long as there is something left for it; each set is made when it is first needed."""
    made: _SetShown | None = None
    shown: Shown | None = None
    while (chosen := left.next_for(made)) is not None:
        wanted, number = chosen
        try:
            if shown is None or wanted != made:
                shown = await session.show(wanted[0])
                await session.hide(wanted[1])
                made = wanted
            answers[number] = await session.plan(requests[number].query, shown)
        except ConnectionRefusedByTarget:
            left.give_back(wanted, number)
            raise
    if made is not None:
        await session.forget()


async def _side_by_side(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do these at once; where one fails, end the others, wait for their end and raise what it raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def open_cost_model(
    target: ConnectionTarget,
    limits: ConnectionLimits,
    catalog: Catalog,
    *,
    size_model: SizeModel = SizeModel.PGTEND,
    sessions: int = 1,
) -> AsyncIterator[HypoPG]:
    """A session that plans as the observer, and up to ``sessions`` of its kind where there is much to plan.

    A further session that cannot be had, because the server or ``limits`` has no place for it, is done without. Raises
    ConnectionRefusedByTarget with a WhatIf finding that is not fatal where HypoPG is missing or must not be used.
    """
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(open_session(target, limits, PLANNING))
        (facts,) = await fetch(session, Aspect.WHAT_IF, "what_if_facts")
        refusal = refusal_from(facts)
        if refusal is not None:
            raise ConnectionRefusedByTarget(refusal)
        code = await read_user_code(session, Aspect.WHAT_IF)
        common = Common(user_code=code, schema=facts["schema_name"], hides=facts["hides"])

        async def open_more() -> WhatIfSession | None:
            if not limits.has_place(target.server, PLANNING):
                return None
            try:
                async with AsyncExitStack() as attempt:
                    further = await attempt.enter_async_context(open_session(target, limits, PLANNING))
                    # One name may lead to several servers; what was found out about the first holds for its like alone.
                    if await fetch(further, Aspect.WHAT_IF, "what_if_facts") != [facts]:
                        return None
                    await opened.enter_async_context(attempt.pop_all())
            except (ConnectionRefusedByTarget, StatementFailed):
                return None
            return WhatIfSession(further, common)

        yield HypoPG(session, catalog, common, size_model=size_model, most=sessions, open_more=open_more)


def refusal_from(facts: Mapping[str, Any]) -> Finding | None:
    """Why there is no what-if planning, from a row of what_if_facts.sql; None when there is."""

    def finding(reason: str, message: str) -> Finding:
        return Finding(aspect=Aspect.WHAT_IF, reason=reason, message=message, fatal=False)

    if facts["hint_plan"]:
        return finding(
            "HintPlanLoaded",
            "pg_hint_plan is loaded, which changes plans behind HypoPG's back: there is no what-if planning, and advice is "
            "unvalidated.",
        )
    if facts["schema_name"] is None:
        return hypopg_missing(available=facts["available"])
    if not facts["usable"]:
        return finding(
            "HypoPGHidden",
            f"The observer may not use the schema {facts['schema_name']}, where HypoPG is: GRANT USAGE ON SCHEMA "
            "(`pgtend grants` prints this).",
        )
    return None
