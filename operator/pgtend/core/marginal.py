"""What each index of a set adds to the others: what the workload would lose if it alone were not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgtend.core.known_costs import IndexSet, KnownCosts, KnownPlan
from pgtend.domain.index import Index
from pgtend.domain.workload import WeightedQuery


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What a workload would cost more, weighted: by the planner, and by what the advisor takes plans to cost."""

    cost: float = 0.0
    price: float = 0.0

    def after(self, weight: float, without: KnownPlan, together: KnownPlan) -> Loss:
        """With what one query loses besides."""
        return Loss(
            cost=self.cost + weight * (without.cost - together.cost),
            price=self.price + weight * (without.price - together.price),
        )


def losses(
    queries: Iterable[WeightedQuery], on_tables: Mapping[str, IndexSet], known: KnownCosts
) -> Mapping[Index, Loss]:
    """The loss for each index that a plan uses; ``on_tables`` are the indexes of the set that matter to each query, by its id.

    What a plan does not use it does not miss (the used-set rule of ``known_costs``). Of plans that are not
    known the cheapest known one counts that the planner may take: asking was not worth it, or the time was over.
    """
    found: dict[Index, Loss] = defaultdict(Loss)
    for query in queries:
        there = on_tables[query.id]
        together = known.plan_at_most(query.id, there)
        for index in together.used if together else ():
            without = known.plan_at_most(query.id, there - {index})
            if together is not None and without is not None:
                found[index] = found[index].after(query.weight, without, together)
    return found
