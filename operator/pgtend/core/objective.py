"""What the search makes least: the price of the workload, with the upkeep of each index and the least gain that is wanted of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pgtend.core.known_costs import NOTHING, IndexSet, KnownPlan
from pgtend.core.planning import Planning
from pgtend.domain.index import Index
from pgtend.domain.workload import WeightedQuery

SLACK = 0.001
"""Share of the workload's cost by which that of a set may be uncertain without more plans being worth it."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Costs of sets of indexes by the plans that are known; where a query's is not, by the dearest that the planner could take."""

    planning: Planning
    upkeep: Callable[[Index], float]
    """Of each candidate, in the unit of weight times the planner's cost."""
    minimum_gain: float
    """Share of the workload's cost that an index must save."""

    def query_cost(self, indexes: IndexSet) -> float:
        """The workload's cost by the planner with these indexes, without upkeep."""
        return sum(query.weight * plan.cost for query, plan in self._plans(indexes))

    def query_price(self, indexes: IndexSet) -> float:
        """What the workload is taken to cost with these indexes, without upkeep."""
        return sum(query.weight * plan.price for query, plan in self._plans(indexes))

    def upkeep_of(self, indexes: IndexSet) -> float:
        """The upkeep of all of them."""
        return sum(self.upkeep(index) for index in indexes)

    def least_gain(self, incumbent: IndexSet) -> float:
        """What an index must save: a share of what the best set so far leaves, as if advice were asked for again then."""
        return self.minimum_gain * self.query_price(incumbent)

    def cost_of(self, indexes: IndexSet, incumbent: IndexSet) -> float:
        """What is made least."""
        return self.query_price(indexes) + self.upkeep_of(indexes) + len(indexes) * self.least_gain(incumbent)

    def slack(self, incumbent: IndexSet) -> Mapping[str, float]:
        """By how much the cost of one run of each query may be uncertain: together they are, by ``SLACK``."""
        queries = self.planning.planned()
        share = SLACK * self.query_price(incumbent) / max(len(queries), 1)
        return {query.id: share / query.weight for query in queries if query.weight > 0}

    def most_to_gain(self, query: WeightedQuery, every: IndexSet) -> float:
        """By how much indexes could lower the cost, or the price, of all runs of a query at most; 0 while that is not known."""
        nothing, everything = self.planning.plan(query.id, NOTHING), self.planning.plan(query.id, every)
        if nothing is None or everything is None:
            return 0.0
        return query.weight * max(nothing.price - everything.cost, 0.0)

    def least_cost(self, every: Mapping[str, IndexSet]) -> float:
        """What the workload costs at least, each query with every candidate of its own."""
        plans = ((query, self.planning.plan(query.id, every[query.id])) for query in self.planning.planned())
        return sum(query.weight * plan.cost for query, plan in plans if plan is not None)

    def _plans(self, indexes: IndexSet) -> Iterable[tuple[WeightedQuery, KnownPlan]]:
        for query in self.planning.planned():
            plan = self.planning.dearest(query.id, indexes)
            if plan is not None:
                yield query, plan
