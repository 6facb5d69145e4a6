"""A planner for tests: prices scans by textbook formulas, so that the advisor can be tried without a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from pgtend.core.advise import Advisor
from pgtend.core.questions import Answers
from pgtend.core.size import estimate_size
from pgtend.core.sql.usage import TableUse, table_uses
from pgtend.domain.advice import Advice, CostAnswer, CostRequest, PlanCost, SizesRequest, Unplannable
from pgtend.domain.catalog import Catalog, Table
from pgtend.domain.index import Index
from pgtend.domain.plan import PlanNode
from pgtend.domain.workload import Query
from tests.unit.core import plans
from tests.unit.core.plans import over, scan


class Planner:
    """Each use of a table takes the cheapest of a full scan and the shown or existing indexes."""

    def __init__(
        self,
        catalog: Catalog,
        unplannable: Mapping[str, str] | None = None,
        seconds: float = 0.0,
        plan_seconds: float = 0.0,
        *,
        hides: bool = True,
        loops: float = 0.0,
    ) -> None:
        self.catalog = catalog
        self.hides = hides
        self.loops = loops
        """How often a lookup by a joined column runs, which is what risk is priced by; 0: nothing is told of the plans."""
        self.unplannable = unplannable or {}
        self.seconds = seconds
        self.plan_seconds = plan_seconds
        self.batches: list[int] = []
        self.explains = 0

    def answer(self, advisor: Advisor) -> Advice:
        """Answer an advisor until it has its advice."""
        answers: Answers | None = None
        while True:
            try:
                question = next(advisor) if answers is None else advisor.send(answers)
            except StopIteration as done:
                advice: Advice = done.value
                return advice
            if isinstance(question, SizesRequest):
                sizes = tuple(self.size(index) for index in question.indexes)
                answers = Answers(sizes=sizes, seconds=self.seconds)
            else:
                costs = tuple(map(self.plan, question.requests))
                self.batches.append(len(costs))
                took = len(costs) * self.plan_seconds
                answers = Answers(costs=costs, seconds=self.seconds + took, planning_seconds=took)

    def size(self, index: Index) -> int:
        return estimate_size(index, self.catalog)

    def plan(self, request: CostRequest) -> CostAnswer:
        self.explains += 1
        query: Query = request.query
        if query.fingerprint in self.unplannable:
            return Unplannable(reason=self.unplannable[query.fingerprint])
        if request.hidden and not self.hides:
            return Unplannable(reason="Nothing can be hidden here.")
        usable: list[tuple[Index, Index | str]] = [
            (each.index, each.name)
            for each in self.catalog.indexes
            if each.index is not None and each.valid and each.oid not in request.hidden
        ]
        usable += [(index, index) for index in request.shown]
        cost = 1.0
        used: set[Index] = set()
        scans: list[PlanNode] = []
        for use in table_uses(query, self.catalog):
            table = self.catalog.tables[use.table]
            best, chosen, node = _scan(table), None, scan(use.table.table, table.rows, _scan(table))
            for index, named in usable:
                lookup = _lookup(index, use, table)
                if lookup is not None and lookup < best:
                    best, chosen = lookup, index
                    node = scan(use.table.table, 3, lookup, kind="Index Scan", index=named, conditions=1)
                    if scans and index.columns[0].column in use.joined:
                        node = replace(node, loops=self.loops, cost=lookup / max(self.loops, 1.0))
            cost += best
            scans.append(node)
            if chosen is not None and chosen in request.shown:
                used.add(chosen)
        shape = over(plans.node("Nested Loop", 1, cost), *((each,) for each in scans)) if self.loops else ()
        return PlanCost(cost=cost, used=frozenset(used), summary="Index Scan" if used else "Seq Scan", shape=shape)


def _scan(table: Table) -> float:
    return table.bytes / 8192 + table.rows * 0.01


def _lookup(index: Index, use: TableUse, table: Table) -> float | None:
    """Pages of an index scan, None where its first key is of no use."""
    if index.table_name != use.table:
        return None
    shares = []
    for key in index.columns:
        name = key.column or ""
        if name in use.equal or name in use.joined:
            shares.append(_share(table, name))
        elif name in use.ranged:
            shares.append(0.1)
            break
        else:
            break
    if not shares:
        return None
    return 10.0 + prod(shares) * table.rows * 2.0 + len(index.columns) * 0.1


def _share(table: Table, name: str) -> float:
    n_distinct = table.columns[name].n_distinct or -0.005
    return 1.0 / max(n_distinct if n_distinct > 0 else -n_distinct * table.rows, 1.0)
