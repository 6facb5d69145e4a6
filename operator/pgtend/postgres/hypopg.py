"""Hypothetical planning with HypoPG in a session of its own; implements ports.CostModel.

Every query is judged by ``guard.py`` again before it is planned, for EXPLAIN is not inert; how it is then planned without
anything else coming of it is in ``planner.py``.

HypoPG: https://hypopg.readthedocs.io. A hypothetical partial index can crash the server when a view is planned
(HypoPG issue 116), so those are shown to queries on plain tables alone.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pgtend.core.size import estimate_size
from pgtend.domain.advice import CostAnswer, CostRequest, PlanCost, SizeModel, Spent, Unplannable
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, DefinitionRefused, Finding, StatementFailed
from pgtend.domain.index import AccessMethod, Index
from pgtend.domain.workload import Query
from pgtend.postgres.asking import fetch
from pgtend.postgres.connection import ConnectionLimits, Session, open_session
from pgtend.postgres.ddl import create_index
from pgtend.postgres.guard import read_user_code, reason_to_refuse
from pgtend.postgres.observer_findings import hypopg_missing
from pgtend.postgres.partial_shares import shares_of_partial
from pgtend.postgres.plan_shape import read_shape
from pgtend.postgres.plan_summary import index_names, summarize
from pgtend.postgres.planner import PLANNING, Planner
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.user_code import UserCode

_SIMULATED = frozenset({AccessMethod.BTREE, AccessMethod.HASH, AccessMethod.BRIN})
_PLAIN = frozenset(
    {RelationKind.TABLE, RelationKind.PARTITION, RelationKind.PARTITIONED_TABLE, RelationKind.MATERIALIZED_VIEW}
)
_BATCH = 500
_HYPOTHETICAL = re.compile(r"<(\d+)>")


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """Hypothetical indexes as they are made in the session: by OID, with their sizes in bytes."""

    indexes: Mapping[int, Index]
    sizes: Mapping[Index, int]


class HypoPG:
    """One session that plans as if indexes were there. Opened by ``open_cost_model``."""

    def __init__(
        self,
        session: Session,
        catalog: Catalog,
        user_code: UserCode,
        *,
        schema: str,
        hides: bool,
        size_model: SizeModel = SizeModel.PGTEND,
    ) -> None:
        self._session = session
        self._catalog = catalog
        self._user_code = user_code
        self._schema = schema
        self._hides = hides
        self._size_model = size_model
        self._refused: set[Index] = set()
        self._problems: dict[Query, str | None] = {}
        self._planner = Planner(session)
        self._seconds = 0.0

    @property
    def spent(self) -> Spent:
        """Plans made, and seconds from asking to having the answers."""
        return Spent(explains=self._planner.explains, seconds=self._seconds)

    async def sizes(self, indexes: Sequence[Index]) -> tuple[int, ...]:
        """Bytes of each index by the size model asked for; by pgtend's own where HypoPG cannot simulate it.

        Of partial indexes the planner says how many rows they hold: it knows most common values and histograms.
        """
        began = time.perf_counter()
        known = await self._hypothetical_sizes(indexes) if self._size_model is SizeModel.HYPOPG else {}
        others = [index for index in dict.fromkeys(indexes) if index not in known]
        may_be_planned = [index for index in others if index.table_name not in self._user_code.relations]
        shares = await shares_of_partial(may_be_planned, self._catalog, self._planner.plan_own)
        known |= await asyncio.to_thread(
            lambda: {index: estimate_size(index, self._catalog, share=shares.get(index)) for index in others}
        )
        self._seconds += time.perf_counter() - began
        return tuple(known[index] for index in indexes)

    async def _hypothetical_sizes(self, indexes: Sequence[Index]) -> dict[Index, int]:
        known: dict[Index, int] = {}
        for start in range(0, len(indexes), _BATCH):
            shown = await self._show(indexes[start : start + _BATCH])
            known |= shown.sizes
        await self._forget()
        return known

    async def costs(self, requests: Sequence[CostRequest]) -> tuple[CostAnswer, ...]:
        """Plan a batch; each distinct set of indexes is made once, and the answers come in the order of the requests."""
        began = time.perf_counter()
        answers: dict[int, CostAnswer] = {}
        groups: dict[tuple[frozenset[Index], frozenset[int]], list[int]] = {}
        for number, request in enumerate(requests):
            problem = self._problem_of(request)
            if problem is not None:
                answers[number] = Unplannable(reason=problem)
                continue
            groups.setdefault((self._showable(request), frozenset(request.hidden)), []).append(number)
        for (wanted, hidden), numbers in groups.items():
            shown = await self._show(wanted)
            await self._hide(hidden)
            for number in numbers:
                answers[number] = await self._plan(requests[number].query, shown)
        await self._forget()
        self._seconds += time.perf_counter() - began
        return tuple(answers[number] for number in range(len(requests)))

    def _problem_of(self, request: CostRequest) -> str | None:
        if request.hidden and not self._hides:
            return "Existing indexes can only be hidden from the planner with HypoPG 1.4 or newer."
        query, code = request.query, self._user_code
        if query not in self._problems:
            self._problems[query] = reason_to_refuse(query, self._catalog, code)
        return self._problems[query]

    def _showable(self, request: CostRequest) -> frozenset[Index]:
        plain = all(
            (table := self._catalog.tables.get(name)) is not None and table.kind in _PLAIN and not table.row_security
            for name in request.query.relations
        )
        return frozenset(index for index in request.shown if plain or not index.predicate)

    async def _show(self, indexes: Iterable[Index]) -> _Shown:
        """Make exactly these hypothetical indexes, leaving out what HypoPG refuses."""
        await self._forget()
        statements: dict[str, Index] = {}
        for index in indexes:
            if (
                index.method in _SIMULATED
                and index not in self._refused
                and index.table_name not in self._user_code.relations
            ):
                try:
                    statements[create_index(index, None, concurrently=False).as_string(None)] = index
                except DefinitionRefused:
                    self._refused.add(index)
        if not statements:
            return _Shown(indexes={}, sizes={})
        ordered = sorted(statements)  # the planner breaks ties by the order in which indexes were made
        try:
            rows = await self._call("hypothetical_create", {"statements": ordered})
        except StatementFailed:
            await self._refuse_singly(ordered, statements)
            return await self._show(index for index in statements.values() if index not in self._refused)
        made = [(row["oid"], row["bytes"], statements[text]) for row, text in zip(rows, ordered, strict=True)]
        return _Shown(
            indexes={oid: index for oid, _, index in made}, sizes={index: int(size) for _, size, index in made}
        )

    async def _refuse_singly(self, ordered: Sequence[str], statements: Mapping[str, Index]) -> None:
        """Find out which of a batch HypoPG refuses (a table or column gone, a type without operator class)."""
        for text in ordered:
            await self._forget()
            try:
                await self._call("hypothetical_create", {"statements": [text]})
            except StatementFailed:
                self._refused.add(statements[text])

    async def _hide(self, oids: frozenset[int]) -> None:
        if oids:
            await self._call("hypothetical_hide", {"oids": sorted(oids)})

    async def _forget(self) -> None:
        await self._call("hypothetical_reset")
        if self._hides:
            await self._call("hypothetical_unhide")

    async def _plan(self, query: Query, shown: _Shown) -> CostAnswer:
        try:
            plan = await self._planner.plan(query)
        except StatementFailed as failure:
            return Unplannable(reason=str(failure))
        names = {
            name: shown.indexes[int(match[1])]
            for name in index_names(plan)
            if (match := _HYPOTHETICAL.match(name)) and int(match[1]) in shown.indexes
        }
        return PlanCost(
            cost=float(plan["Total Cost"]),
            used=frozenset(names.values()),
            summary=summarize(plan, names),
            shape=read_shape(plan, names),
        )

    async def _call(self, name: str, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return await fetch(self._session, Aspect.WHAT_IF, name, values, self._schema)


@asynccontextmanager
async def open_cost_model(
    target: ConnectionTarget,
    limits: ConnectionLimits,
    catalog: Catalog,
    *,
    size_model: SizeModel = SizeModel.PGTEND,
) -> AsyncIterator[HypoPG]:
    """A session that plans as the observer.

    Raises ConnectionRefusedByTarget with a WhatIf finding that is not fatal where HypoPG is missing or must not be used.
    """
    async with open_session(target, limits, PLANNING) as session:
        (facts,) = await fetch(session, Aspect.WHAT_IF, "what_if_facts")
        refusal = refusal_from(facts)
        if refusal is not None:
            raise ConnectionRefusedByTarget(refusal)
        code = await read_user_code(session, Aspect.WHAT_IF)
        yield HypoPG(
            session,
            catalog,
            code,
            schema=facts["schema_name"],
            hides=facts["hides"],
            size_model=size_model,
        )


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
