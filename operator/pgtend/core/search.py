"""The advisor's search: what it asks, what follows from the answers, and when it has looked enough.

For each query it learns the plan with nothing and with all candidates, a few without the family of an index that a plan used
(all that begin with the same key), and each index that was used alone. The program of ``core.selection`` then chooses, the
chosen set is planned really, and what was learnt goes back, until nothing gets better. The program of ``core.lower_bound`` says
how much better any other set might be, and which one to look at next to find out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

from pgtend.core.candidates import candidates, starts_with
from pgtend.core.known_costs import IndexSet, KnownCosts, KnownPlan, Option, planned_cost
from pgtend.core.lower_bound import Floor, FlooredQuery, most_promising
from pgtend.core.marginal import losses
from pgtend.core.plan_price import lookups_in, price_with
from pgtend.core.relevance import stand_ins
from pgtend.core.room import Room
from pgtend.core.selection import Limits, WeightedOptions, choose_indexes
from pgtend.core.upkeep import upkeep_of, writes_of
from pgtend.domain.advice import (
    Constraints,
    CostAnswer,
    CostRequest,
    CostsRequest,
    PlanCost,
    SizesRequest,
    Unplannable,
)
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index, TableName
from pgtend.domain.workload import WeightedQuery, Workload

ALTERNATIVES = 5
"""Plans asked for a query, each without the family of one index that the plan with all candidates uses."""
ROUNDS = 10
"""How often the program may choose anew after the chosen set was planned."""
PROMISES = 6
"""How often a set that promises more than the best so far is looked at."""
MOST_DOUBTS = 30
"""Queries looked at for one promise, those first of which it promises most."""
NEVER_ENDING = 1e15
"""Planner's cost of what would run for centuries (a join of dozens of tables without a condition): beside it nothing counts."""
BATCH = 200
"""Plans asked for at a time: the deadline is looked at between batches."""

NOTHING: IndexSet = frozenset()


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the advisor is sent: the answers to its last question, and the seconds since the one before was answered."""

    sizes: tuple[int, ...] = ()
    costs: tuple[CostAnswer, ...] = ()
    seconds: float = 0.0


Questions = Generator[SizesRequest | CostsRequest, Answers, None]
"""Yields questions, is sent Answers."""

Pool = dict[tuple[str, IndexSet], CostAnswer]
"""Answers by query and the indexes shown: what one search has learnt serves the next, with another budget, say."""


class Search:
    """The state of one search."""

    def __init__(
        self,
        workload: Workload,
        catalog: Catalog,
        constraints: Constraints,
        pool: Pool | None = None,
        free_slots: Callable[[TableName], int] | None = None,
    ) -> None:
        self.catalog = catalog
        self.constraints = constraints
        self.unplannable: dict[str, str] = {}
        # A statement that looks for no rows (INSERT … VALUES) has nothing to plan; it counts as a write.
        self.queries = {each.id: each for each in workload.queries if each.query.plannable}
        unwanted = {replace(index, name=None) for index in constraints.unwanted}
        found = {each.id: candidates(each.query, catalog, constraints) for each in self.queries.values()}
        self._own: dict[str, IndexSet] = {query: frozenset(indexes) - unwanted for query, indexes in found.items()}
        ordered = (index for indexes in found.values() for index in indexes if index not in unwanted)
        self.sizes: dict[Index, int] = dict.fromkeys(ordered, 0)
        self._stand_ins = stand_ins(self._own, {query: each.query.relations for query, each in self.queries.items()})
        self.lookups = lookups_in(catalog)
        price_of = price_with(self.lookups) if constraints.price_risk else planned_cost
        self.known = KnownCosts(price_of, self._stand_ins)
        self._pool: Pool = {} if pool is None else pool
        for (query, shown), answer in self._pool.items():
            self._learn(query, shown, answer)
        writes = writes_of(workload.queries, catalog)
        self.upkeep = {index: upkeep_of(index, catalog, writes) for index in self.sizes}
        self.budget = constraints.storage_budget
        self._free_slots = free_slots or Room(catalog, constraints).free_slots
        self.chosen: IndexSet = NOTHING
        self.bound = 0.0
        """What no set of the candidates can be below: weighted planner's cost plus upkeep."""
        self.seconds = 0.0
        self.complete = True

    def learn_sizes(self) -> Questions:
        """Ask for the size of every candidate; those that do not fit the budget alone go."""
        answers = yield SizesRequest(indexes=tuple(self.sizes))
        self.seconds += answers.seconds
        self.sizes = {
            index: size
            for index, size in zip(self.sizes, answers.sizes, strict=True)
            if self.budget is None or size <= self.budget
        }
        fitting = frozenset(self.sizes)
        self._own = {query: found & fitting for query, found in self._own.items()}

    def learn_plans(self) -> Questions:
        """Each query with nothing, with everything, without a family that is used, and with each useful index alone."""
        yield from self._ask((query, NOTHING) for query in self.queries)
        yield from self._learn_around(self._own)
        # With everything shown the planner takes what holds all that it reads; what is smaller is seen when that is away.
        narrow = {query: frozenset(index for index in found if not index.include) for query, found in self._own.items()}
        yield from self._learn_around(
            {query: found for query, found in narrow.items() if self._used(query, self._own[query]) - found}
        )
        yield from self._ask(
            (query, frozenset({index}))
            for query in self.queries
            for index in self._in_order(self.known.indexes_seen(query) & self._own[query])
        )

    def _learn_around(self, shown: Mapping[str, IndexSet]) -> Questions:
        """The plans with these indexes, and each without the family of one that such a plan uses."""
        yield from self._ask((query, indexes) for query, indexes in shown.items() if indexes)
        yield from self._ask(
            (query, indexes - self._no_smaller(index, indexes))
            for query, indexes in shown.items()
            for index in self._in_order(self._used(query, indexes))[:ALTERNATIVES]
        )

    def improve(self) -> Questions:
        """Choose; see how much better a set might be and look at the one that promises most; then do without the needless."""
        yield from self._settle(patience=3)
        for number in range(PROMISES):
            promised = self._most_promising()
            if self._is_near_enough() or not self.complete:
                break
            before = self._cost_of(self.chosen)
            doubts = yield from self._doubt(promised)
            if not doubts or number % 2:
                yield from self._try(promised)
            yield from self._settle(patience=1)
            if not doubts and self._cost_of(self.chosen) >= before:
                break
        yield from self._do_without_beginnings()

    def learn_evidence(self) -> Questions:
        """What the evidence of each chosen index rests on: the plans with all that is chosen but this.

        They may show that an index saves too little beside the others: that one is left out, and they are asked for again.
        """
        while True:
            yield from self._ask(
                (query, self.relevant(query, self.chosen) - {index})
                for query in self.queries
                for index in self._in_order(self._used(query, self.chosen))
            )
            if not self.complete or not self.chosen:
                return
            needless = self._most_needless()
            if needless is None:
                return
            self.chosen -= {needless}

    def _most_needless(self) -> Index | None:
        """The chosen index that lacks most to save its upkeep and the least gain beside the others; None where none lacks any.

        It has to by the planner's cost, too, which is what a person is shown of it: not only by the price of doubtful plans.
        """
        on_tables = {query.id: self.relevant(query.id, self.chosen) for query in self.planned()}
        lost = losses(self.planned(), on_tables, self.known)
        least_gain, least_price = self.constraints.minimum_gain * self.query_cost(self.chosen), self._least_gain()
        surplus = {
            index: min(lost[index].cost - least_gain, lost[index].price - least_price) - self.upkeep[index]
            if index in lost
            else -inf
            for index in self._in_order(self.chosen)
        }
        index = min(surplus, key=surplus.__getitem__)
        return index if surplus[index] <= 0 else None

    def relevant(self, query: str, indexes: IndexSet) -> IndexSet:
        """Those that may matter to the query, whichever query they were thought of for."""
        own, others = self._own[query], self._stand_ins[query]
        return frozenset(index for index in indexes if index in own or index in others)

    def planned(self) -> list[WeightedQuery]:
        """The queries that have a plan without any new index."""
        return [each for each in self.queries.values() if self.known.plan_with(each.id, NOTHING) is not None]

    def query_cost(self, indexes: IndexSet) -> float:
        """The workload's cost by the planner with these indexes, where it is known; without upkeep."""
        return sum(query.weight * plan.cost for query, plan in self._plans(indexes))

    def gap(self) -> float | None:
        """The share by which the best set of these candidates may be better than the chosen one; None while nothing is known."""
        reached = self.query_cost(self.chosen) + sum(self.upkeep[index] for index in self.chosen)
        if self.bound <= 0 or reached <= 0:
            return None
        return max(1 - self.bound / reached, 0.0)

    def _settle(self, patience: int = ROUNDS) -> Questions:
        """Choose, plan what was chosen, take that in, choose again: until a choice comes back, or so many were no better."""
        seen: set[IndexSet] = set()
        while patience > 0 and len(seen) < ROUNDS and self.complete:
            choice = self._choose()
            if choice in seen:
                return
            seen.add(choice)
            before = self._cost_of(self.chosen)
            yield from self._try(choice)
            patience -= self._cost_of(self.chosen) >= before

    def _try(self, choice: IndexSet) -> Questions:
        """Plan every query with this set; it is the best so far if it is."""
        yield from self._ask((query, self.relevant(query, choice)) for query in self.queries)
        if self._cost_of(choice) < self._cost_of(self.chosen):
            self.chosen = choice

    def _do_without_beginnings(self) -> Questions:
        """Leave out an index that another chosen one begins with, where that gives up next to nothing of what is saved."""
        for index in self._in_order(self.chosen):
            rest = self.chosen - {index}
            if not any(starts_with(wider, index) for wider in rest):
                continue
            yield from self._ask((query, self.relevant(query, rest)) for query in self.queries)
            saved = self._query_price(NOTHING) - self._query_price(self.chosen)
            if (
                self.complete
                and self._cost_of(rest) <= self._cost_of(self.chosen) + self.constraints.minimum_gain * saved
            ):
                self.chosen = rest

    def _doubt(self, promised: IndexSet) -> Generator[SizesRequest | CostsRequest, Answers, int]:
        """Plan those queries that cost less with the promised set for all that is known, without what it does not hold.

        Returns how many plans were asked for.
        """
        doubts = sorted(
            (doubt for query in self.planned() for doubt in self._doubts(query, self.relevant(query.id, promised))),
            key=lambda doubt: (-doubt[0], doubt[1]),
        )[:MOST_DOUBTS]
        yield from self._ask((query, shown) for _, query, shown in doubts)
        return len(doubts)

    def _doubts(self, query: WeightedQuery, promised: IndexSet) -> Iterator[tuple[float, str, IndexSet]]:
        """What the set promises for a query beyond what is known to hold, and the plan to ask for to find out."""
        plans = self.known.plans(query.id)
        floors = [plan for plan in plans if not self.known.beyond(query.id, plan, promised)]
        floor = max(floors, key=lambda plan: plan.cost, default=None)
        if floor is None:
            return
        stood_for = {self._stand_ins[query.id].get(index) for index in promised}
        lacking = floor.used - promised - stood_for
        if lacking:
            ceiling = min(plan.cost for plan in plans if plan.used <= promised)
            largest = max(self._in_order(lacking), key=lambda index: self.sizes.get(index, 0))
            without = self._no_smaller(largest, floor.shown) - promised
            yield query.weight * (ceiling - floor.cost), query.id, (floor.shown | promised) - without

    def _most_promising(self) -> IndexSet:
        """The set that might be the best for all that is known; takes the bound in."""
        queries = [FlooredQuery(weight=query.weight, floors=self._floors(query.id)) for query in self.planned()]
        promise = most_promising(queries, self.sizes, self.upkeep, self._limits())
        self.bound = max(self.bound, promise.bound)
        return promise.indexes

    def _no_smaller(self, index: Index, among: IndexSet) -> IndexSet:
        """Its family but for what is smaller: the planner is to tell what a smaller one does."""
        size = self.sizes.get(index, 0)
        return frozenset(each for each in _family(index, among) if self.sizes.get(each, 0) >= size)

    def _floors(self, query: str) -> list[Floor]:
        relevant = self._own[query] | (self._stand_ins[query].keys() & self.sizes.keys())
        floors = [
            Floor(beyond=self.known.beyond(query, plan, relevant), cost=plan.cost) for plan in self.known.plans(query)
        ]
        is_known = any(
            not floor.beyond for floor in floors
        )  # not where time ran out, or planning failed, before it was
        return floors if is_known else [*floors, Floor(beyond=NOTHING, cost=0.0)]

    def _options(self, query: str) -> list[Option]:
        """The options that the budget allows."""
        return [option for option in self.known.options(query) if option.used <= self.sizes.keys()]

    def _is_near_enough(self) -> bool:
        gap = self.gap()
        return gap is not None and gap <= self.constraints.tolerance

    def _ask(self, questions: Iterable[tuple[str, IndexSet]]) -> Questions:
        """Ask what does not follow from what is known, in batches, until the time is spent."""
        open_questions = [
            (query, shown)
            for query, shown in dict.fromkeys(questions)
            if query not in self.unplannable and self.known.plan_with(query, shown) is None
        ]
        for start in range(0, len(open_questions), BATCH):
            if self.constraints.seconds is not None and self.seconds >= self.constraints.seconds:
                self.complete = False
                return
            batch = open_questions[start : start + BATCH]
            requests = tuple(
                CostRequest(query=self.queries[query].query, shown=self._in_order(shown)) for query, shown in batch
            )
            answers = yield CostsRequest(requests=requests)
            self.seconds += answers.seconds
            for (query, shown), answer in zip(batch, answers.costs, strict=True):
                self._pool[query, shown] = answer
                self._learn(query, shown, answer)

    def _learn(self, query: str, shown: IndexSet, answer: CostAnswer) -> None:
        if isinstance(answer, PlanCost) and not shown and answer.cost > NEVER_ENDING:
            answer = Unplannable(reason="Its estimated cost is beyond anything that could ever end.")
        if isinstance(answer, Unplannable):
            self.unplannable.setdefault(query, answer.reason)
        self.known.learn(query, shown, answer)

    def _used(self, query: str, shown: IndexSet) -> IndexSet:
        plan = self.known.plan_with(query, self.relevant(query, shown))
        return plan.used if plan else NOTHING

    def _choose(self) -> IndexSet:
        seen = frozenset().union(*(self.known.indexes_seen(query) for query in self.queries))
        indexes = self._in_order(seen)
        threshold = self._least_gain()
        return choose_indexes(
            [WeightedOptions(weight=query.weight, options=self._options(query.id)) for query in self.planned()],
            {index: self.sizes[index] for index in indexes},
            {index: self.upkeep[index] + threshold for index in indexes},
            self._limits(),
        )

    def _limits(self) -> Limits:
        free = {table: self._free_slots(table) for table in {index.table_name for index in self.sizes}}
        return Limits(storage=self.budget, free_slots=free)

    def _query_price(self, indexes: IndexSet) -> float:
        return sum(query.weight * plan.price for query, plan in self._plans(indexes))

    def _plans(self, indexes: IndexSet) -> Iterable[tuple[WeightedQuery, KnownPlan]]:
        for query in self.planned():
            plan = self.known.plan_with(query.id, self.relevant(query.id, indexes))
            plan = plan or self.known.plan_with(query.id, NOTHING)
            if plan is not None:
                yield query, plan

    def _cost_of(self, indexes: IndexSet) -> float:
        """What is made least: the price of the workload, with the upkeep and the least gain of each index."""
        threshold = self._least_gain()
        return self._query_price(indexes) + sum(self.upkeep[index] + threshold for index in indexes)

    def _least_gain(self) -> float:
        """What an index must save: a share of the cost that the chosen set leaves, as if advice were asked for again then."""
        return self.constraints.minimum_gain * self._query_price(self.chosen)

    def _in_order(self, indexes: IndexSet) -> tuple[Index, ...]:
        """Always in the order of the candidates, so that the same input gives the same answer."""
        if len(indexes) < 2:
            return tuple(indexes)
        return tuple(index for index in self.sizes if index in indexes)


def _family(index: Index, among: IndexSet) -> IndexSet:
    """Those that begin with the same key."""
    return frozenset(
        each for each in among if each.table_name == index.table_name and each.columns[0] == index.columns[0]
    )
