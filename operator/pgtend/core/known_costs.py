"""What planning has told so far, and what follows from it without asking again.

The used-set rule: a plan made while the indexes T were shown and that used only U is also the planner's choice for every
set S with U ⊆ S ⊆ T, for it had the choice and did not take the others.

Monotonicity: more indexes never make the planner's choice dearer. So the cost for S lies between the highest that is known for a
set around it and the lowest of the plans that it allows; where the two meet there is nothing to ask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass

from pgtend.domain.advice import CostAnswer, PlanCost
from pgtend.domain.index import Index
from pgtend.domain.plan import PlanNode, PlanShape

IndexSet = frozenset[Index]
NOTHING: IndexSet = frozenset()

SAME_COST = 0.002
"""Share by which two costs of a query may differ and not be worth a plan: the planner itself takes 1 % for nothing (STD_FUZZ_FACTOR)."""


@dataclass(frozen=True, kw_only=True)
class KnownPlan:
    """One answer: while ``shown`` was there, the planner used ``used`` at ``cost``."""

    shown: IndexSet
    used: IndexSet
    cost: float
    price: float
    """What the advisor takes the plan to cost; the planner chooses by ``cost`` all the same."""
    summary: str
    shape: PlanShape = ()


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to run a query: the planner takes the one with the least ``cost`` of those whose indexes are all there."""

    used: IndexSet
    cost: float
    price: float
    """What the advisor takes it to cost."""


@dataclass(kw_only=True)
class _Follows:
    """What the plans looked at so far say of one set of indexes."""

    looked_at: int = 0
    plan: KnownPlan | None = None
    """The planner's own choice."""
    floor: float = 0.0
    """No plan costs less."""
    cheapest: KnownPlan | None = None
    """Of the plans that the set allows."""


def planned_cost(answer: PlanCost) -> float:
    """The price that trusts the planner."""
    return answer.cost


class KnownCosts:
    """The plans of each query, by the query's id; ``price_of`` says what the advisor takes a plan to cost.

    ``stand_ins`` has for each query the indexes that are no better for it than a narrower one (core/relevance): where that
    one was shown, they count as shown.
    """

    def __init__(
        self,
        price_of: Callable[[PlanCost], float] = planned_cost,
        stand_ins: Mapping[str, Mapping[Index, Index]] | None = None,
    ) -> None:
        self._price_of = price_of
        self._stand_ins = {} if stand_ins is None else stand_ins  # which may still grow
        self._plans: dict[str, list[KnownPlan]] = defaultdict(list)
        self._nodes: dict[PlanNode, PlanNode] = {}
        self._follows: dict[tuple[str, IndexSet], _Follows] = {}
        self.count = 0
        """Plans learnt so far."""

    def learn(self, query: str, shown: IndexSet, answer: CostAnswer) -> None:
        """Take an answer in; what could not be planned teaches nothing."""
        if isinstance(answer, PlanCost):
            self.count += 1
            used = answer.used & shown
            # Plans of one query differ in a few nodes: what is equal is kept once.
            shape = tuple(self._nodes.setdefault(node, node) for node in answer.shape)
            self._plans[query].append(
                KnownPlan(
                    shown=shown,
                    used=used,
                    cost=answer.cost,
                    price=self._price_of(answer),
                    summary=answer.summary,
                    shape=shape,
                )
            )

    def plan_with(self, query: str, shown: IndexSet, slack: float = 0.0) -> KnownPlan | None:
        """The plan for exactly this set of indexes, where it is known or follows from what is known.

        By the used-set rule, else by monotonicity: a plan that these indexes allow, and that no more of them could better by
        more than next to nothing; ``slack`` is a difference in cost that is next to nothing to the workload.
        """
        follows = self._what_follows(query, shown)
        if follows.plan is not None:
            return follows.plan
        cheapest = follows.cheapest
        if cheapest is None:
            return None
        is_same = cheapest.cost <= follows.floor * (1 + SAME_COST)
        return cheapest if is_same or cheapest.price <= follows.floor + slack else None

    def plan_at_most(self, query: str, shown: IndexSet) -> KnownPlan | None:
        """The plan for this set of indexes, else the cheapest known one that they allow: the planner takes none that costs more."""
        follows = self._what_follows(query, shown)
        return follows.plan or follows.cheapest

    def forget_what_followed(self, queries: Container[str]) -> None:
        """Look at the plans of these queries again: other indexes stand in for others now."""
        self._follows = {key: follows for key, follows in self._follows.items() if key[0] not in queries}

    def _what_follows(self, query: str, shown: IndexSet) -> _Follows:
        follows = self._follows.setdefault((query, shown), _Follows())
        plans = self._plans[query]
        while follows.plan is None and follows.looked_at < len(plans):
            plan = plans[follows.looked_at]
            follows.looked_at += 1
            is_within = not self.beyond(query, plan, shown)
            if plan.used <= shown:
                if is_within:
                    follows.plan = plan
                elif follows.cheapest is None or plan.cost < follows.cheapest.cost:
                    follows.cheapest = plan
            elif is_within:
                follows.floor = max(follows.floor, plan.cost)
        return follows

    def plans(self, query: str) -> tuple[KnownPlan, ...]:
        """All that is known of a query, in the order in which it was learnt."""
        return tuple(self._plans[query])

    def beyond(self, query: str, plan: KnownPlan, indexes: IndexSet) -> IndexSet:
        """Those of the indexes that the planner had not before it when it made this plan, nor one that stands in for them."""
        rest = indexes - plan.shown
        stand_ins = self._stand_ins.get(query)
        if not rest or not stand_ins:
            return rest
        return frozenset(index for index in rest if stand_ins.get(index) not in plan.shown)

    def tells_apart(self, query: str, index: Index, wider: Index) -> bool:
        """Whether some plan was made with the wider of two indexes, or what stands in for it, while the other was not there."""
        alone = frozenset({wider})
        return any(index not in plan.shown and not self.beyond(query, plan, alone) for plan in self._plans[query])

    def options(self, query: str) -> tuple[Option, ...]:
        """The plan that costs least for each set of indexes that one used; none where a subset of it costs no more."""
        cheapest: dict[IndexSet, KnownPlan] = {}
        for plan in self._plans[query]:
            known = cheapest.get(plan.used)
            if known is None or (plan.cost, plan.price) < (known.cost, known.price):
                cheapest[plan.used] = plan
        return tuple(
            Option(used=used, cost=plan.cost, price=plan.price)
            for used, plan in cheapest.items()
            if not any(other < used and known.cost <= plan.cost for other, known in cheapest.items())
        )

    def indexes_seen(self, query: str) -> IndexSet:
        """Every index that some plan of the query used."""
        return frozenset().union(*(plan.used for plan in self._plans[query]))
