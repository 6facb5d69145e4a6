"""What planning has told so far, and what follows from it without asking again.

The used-set rule: a plan made while the indexes T were shown and that used only U is also the planner's choice for every
set S with U ⊆ S ⊆ T, for it had the choice and did not take the others.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pgtend.domain.advice import CostAnswer, PlanCost
from pgtend.domain.index import Index
from pgtend.domain.plan import PlanNode, PlanShape

IndexSet = frozenset[Index]


@dataclass(frozen=True, kw_only=True)
class KnownPlan:
    """One answer: while ``shown`` was there, the planner used ``used`` at ``cost``."""

    shown: IndexSet
    used: IndexSet
    cost: float
    summary: str
    shape: PlanShape = ()


class KnownCosts:
    """The plans of each query, by the query's id."""

    def __init__(self) -> None:
        self._plans: dict[str, list[KnownPlan]] = defaultdict(list)
        self._nodes: dict[PlanNode, PlanNode] = {}

    def learn(self, query: str, shown: IndexSet, answer: CostAnswer) -> None:
        """Take an answer in; what could not be planned teaches nothing."""
        if isinstance(answer, PlanCost):
            used = answer.used & shown
            # Plans of one query differ in a few nodes: what is equal is kept once.
            shape = tuple(self._nodes.setdefault(node, node) for node in answer.shape)
            known = KnownPlan(shown=shown, used=used, cost=answer.cost, summary=answer.summary, shape=shape)
            self._plans[query].append(known)

    def plan_with(self, query: str, shown: IndexSet) -> KnownPlan | None:
        """The plan for exactly this set of indexes, where it is known or follows from what is known."""
        for plan in self._plans[query]:
            if plan.used <= shown <= plan.shown:
                return plan
        return None

    def options(self, query: str) -> tuple[tuple[IndexSet, float], ...]:
        """The cheapest cost for each set of indexes that a plan used; none that a subset of it does as well."""
        cheapest: dict[IndexSet, float] = {}
        for plan in self._plans[query]:
            cheapest[plan.used] = min(plan.cost, cheapest.get(plan.used, plan.cost))
        kept = [
            (used, cost)
            for used, cost in cheapest.items()
            if not any(other < used and known <= cost for other, known in cheapest.items())
        ]
        return tuple(kept)

    def indexes_seen(self, query: str) -> IndexSet:
        """Every index that some plan of the query used."""
        return frozenset().union(*(plan.used for plan in self._plans[query]))
