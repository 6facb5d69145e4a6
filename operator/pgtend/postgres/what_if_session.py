"""One session that plans with hypothetical indexes: they live in its backend, so each session makes its own.

HypoPG: https://hypopg.readthedocs.io.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgtend.core.sql.parameter_types import TypedText
from pgtend.domain.advice import CostAnswer, PlanCost, Unplannable
from pgtend.domain.finding import Aspect, DefinitionRefused, StatementFailed
from pgtend.domain.index import AccessMethod, Index
from pgtend.domain.workload import Query
from pgtend.postgres.asking import fetch
from pgtend.postgres.connection import Session
from pgtend.postgres.ddl import create_index
from pgtend.postgres.plan_shape import read_shape
from pgtend.postgres.plan_summary import index_names, summarize
from pgtend.postgres.planner import Planner
from pgtend.postgres.user_code import UserCode

_SIMULATED = frozenset({AccessMethod.BTREE, AccessMethod.HASH, AccessMethod.BRIN})
_HYPOTHETICAL = re.compile(r"<(\d+)>")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Hypothetical indexes as they are made in the session: by OID, with their sizes in bytes."""

    indexes: Mapping[int, Index]
    sizes: Mapping[Index, int]


@dataclass(kw_only=True)
class Common:
    """What the sessions of one cost model know together."""

    user_code: UserCode
    schema: str
    """Where HypoPG is."""
    hides: bool
    """Whether it can hide existing indexes."""
    refused: set[Index] = field(default_factory=set)
    """Indexes that HypoPG was seen to refuse."""
    typed: dict[str, TypedText] = field(default_factory=dict)
    """Texts with the types that their parameters were found to need."""


class WhatIfSession:
    """Makes hypothetical indexes, hides existing ones and plans, in one session."""

    def __init__(self, session: Session, common: Common) -> None:
        self.planner = Planner(session, common.typed)
        self._session = session
        self._common = common

    async def show(self, indexes: Iterable[Index]) -> Shown:
        """Make exactly these hypothetical indexes, leaving out what HypoPG refuses."""
        await self.forget()
        statements: dict[str, Index] = {}
        for index in indexes:
            if (
                index.method in _SIMULATED
                and index not in self._common.refused
                and index.table_name not in self._common.user_code.relations
            ):
                try:
                    statements[create_index(index, None, concurrently=False).as_string(None)] = index
                except DefinitionRefused:
                    self._common.refused.add(index)
        if not statements:
            return Shown(indexes={}, sizes={})
        ordered = sorted(statements)  # the planner breaks ties by the order in which indexes were made
        try:
            rows = await self._call("hypothetical_create", {"statements": ordered})
        except StatementFailed:
            await self._refuse_singly(ordered, statements)
            return await self.show(index for index in statements.values() if index not in self._common.refused)
        made = [(row["oid"], row["bytes"], statements[text]) for row, text in zip(rows, ordered, strict=True)]
        return Shown(
            indexes={oid: index for oid, _, index in made}, sizes={index: int(size) for _, size, index in made}
        )

    async def _refuse_singly(self, ordered: Sequence[str], statements: Mapping[str, Index]) -> None:
        """Find out which of a batch HypoPG refuses (a table or column gone, a type without operator class)."""
        for text in ordered:
            await self.forget()
            try:
                await self._call("hypothetical_create", {"statements": [text]})
            except StatementFailed:
                self._common.refused.add(statements[text])

    async def hide(self, oids: frozenset[int]) -> None:
        """Let the planner not see these existing indexes."""
        if oids:
            await self._call("hypothetical_hide", {"oids": sorted(oids)})

    async def forget(self) -> None:
        """Show what is there, and nothing else."""
        await self._call("hypothetical_reset")
        if self._common.hides:
            await self._call("hypothetical_unhide")

    async def plan(self, query: Query, shown: Shown) -> CostAnswer:
        """The plan with these, or why there is none; a session that was lost raises ConnectionRefusedByTarget."""
        try:
            plan = await self.planner.plan(query)
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
        return await fetch(self._session, Aspect.WHAT_IF, name, values, self._common.schema)
