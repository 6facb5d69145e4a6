"""The advisor's search: what it makes of the plans that it learns (``core.learning``), and when it has looked enough.

The program of ``core.selection`` then chooses, the chosen set is planned really, and what was
learnt goes back, until nothing gets better. The program of ``core.lower_bound`` says how much better any other set might be;
which one to look at next to find out, that and the program of ``core.compromise`` say in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import inf

from pgtend.core.candidate_set import CandidateSet
from pgtend.core.candidates import starts_with
from pgtend.core.compromise import best_by_the_mean
from pgtend.core.known_costs import NOTHING, IndexSet, KnownCosts, Option, planned_cost
from pgtend.core.learning import Learning
from pgtend.core.lower_bound import Floor, FlooredQuery, most_promising
from pgtend.core.marginal import losses
from pgtend.core.objective import Objective
from pgtend.core.plan_price import lookups_in, price_with
from pgtend.core.planning import Planning, Pool
from pgtend.core.questions import Questions
from pgtend.core.room import Room
from pgtend.core.selection import Limits, WeightedOptions, choose_indexes
from pgtend.core.upkeep import upkeep_of, writes_of
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index, TableName
from pgtend.domain.workload import WeightedQuery, Workload

ROUNDS = 10
"""How often the program may choose anew after the chosen set was planned."""
PROMISES = 10
"""How often a set that promises more than the best so far is looked at."""
IDLE_PROMISES = 4
"""How many in a row may bring no set that is better by ``WORTH_GOING_ON``."""
CHEAP_LOOKS = 50
"""Plans for which looking goes on however often it was in vain: a small workload is looked through for next to nothing."""
MOST_LOOKS = 50
"""Of these, too: each is a program to solve."""
WORTH_GOING_ON = 0.002
"""Share of the cost."""
MOST_DOUBTS = 30
"""Queries looked at for one promise, those first of which it promises most."""
SLACK = 0.001
"""Share of the workload's cost by which that of a set may be uncertain without more plans being worth it."""


@dataclass(frozen=True, kw_only=True)
class _Program:
    """What decides a choice."""

    options: Sequence[WeightedOptions]
    savings: Mapping[Index, float]


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
        self.lookups = lookups_in(catalog)
        # A statement that looks for no rows (INSERT … VALUES) has nothing to plan; it counts as a write.
        # One that stands for others as well weighs as much as all of them.
        queries = {
            each.id: replace(each, weight=each.weight + each.lent, lent=0.0) if each.lent else each
            for each in workload.queries
            if each.query.plannable
        }
        self.candidates = CandidateSet(catalog, constraints)
        price_of = price_with(self.lookups, catalog) if constraints.price_risk else planned_cost
        self.known = KnownCosts(price_of, self.candidates.stand_ins)
        self._pool = Pool() if pool is None else pool
        self.planning = Planning(queries, self.candidates, self.known, self._pool, constraints.seconds)
        writes = writes_of(workload, catalog)
        self.objective = Objective(
            planning=self.planning,
            upkeep=cache(lambda index: upkeep_of(index, catalog, writes)),
            minimum_gain=constraints.minimum_gain,
        )
        free_slots = free_slots or Room(catalog, constraints).free_slots
        self._limits = Limits(
            storage=constraints.storage_budget,
            free_slots={table: free_slots(table) for table in catalog.tables},
        )
        self.chosen: IndexSet = NOTHING
        """The best set so far."""
        self._solved: _Program | None = None
        self._choice: IndexSet = NOTHING
        """Of the program solved last: new plans do not always change it, nor does a better set."""
        self.bound = 0.0
        """What no set of the candidates can be below: weighted planner's cost plus upkeep."""

    def learn_plans(self) -> Questions:
        """Learn what the choice is made from."""
        yield from Learning(self.objective, self.candidates).run()

    def improve(self) -> Questions:
        """Choose; see how much better a set might be and look at the one that promises most; then do without the needless."""
        yield from self._take_earlier()
        yield from self._settle(patience=3)
        left, begun, taught = IDLE_PROMISES, self.known.count, deque([True, True], maxlen=2)
        for number in range(MOST_LOOKS):
            is_cheap = self.known.count - begun < CHEAP_LOOKS
            if not self.planning.complete or not any(taught) or not (is_cheap or (left > 0 and number < PROMISES)):
                break
            known = self.known.count
            promised = self._best_by_the_mean() if number % 2 == 0 else self.chosen
            if promised == self.chosen:
                promised = self._most_promising()
            if self._is_near_enough():
                break
            before = self._cost_of(self.chosen)
            yield from self._doubt(promised)
            yield from self._try(promised)
            yield from self._settle(patience=1)
            left = left - 1 if self._cost_of(self.chosen) > before * (1 - WORTH_GOING_ON) else IDLE_PROMISES
            taught.append(self.known.count > known)  # by neither program: both would say the same again
        yield from self._do_without_beginnings()
        yield from self._narrow()

    def learn_evidence(self) -> Questions:
        """What the evidence of each chosen index rests on: the plans with all that is chosen but this.

        They may show that an index saves too little beside the others: that one is left out, and they are asked for again.
        """
        yield from self._take_in_scans()
        while True:
            yield from self._learn_without_each()
            needless = self._most_needless() if self.planning.complete and self.chosen else None
            if needless is None:
                break
            self.chosen -= {needless}
        if self._take_no_worse():
            yield from self._learn_without_each()

    def _take_in_scans(self) -> Questions:
        """Plan with what a query may scan though it was thought of for others, and let that matter to it which it does scan."""
        ends = [self.chosen, *self._earlier()]
        concerned = self.candidates.take_in_scans(frozenset().union(*ends))
        self.known.forget_what_followed(concerned)
        for end in ends:
            yield from self._plan_all_with(end)
        used = {query: frozenset().union(*(self.planning.used(query, end) for end in ends)) for query in concerned}
        self.candidates.leave_out_scans(used)

    def _learn_without_each(self) -> Questions:
        queries = self.planning.planned()
        yield from self.planning.ask(
            (
                (query.id, self.candidates.relevant(query.id, self.chosen) - {index})
                for query in queries
                for index in self.candidates.in_order(self.planning.used(query.id, self.chosen))
            ),
            self._slack(queries),
        )

    def _most_needless(self) -> Index | None:
        """The chosen index that lacks most to save its upkeep and the least gain beside the others; None where none lacks any.

        It has to by the planner's cost, too, which is what a person is shown of it: not only by the price of doubtful plans.
        """
        queries = self.planning.planned()
        on_tables = {query.id: self.candidates.relevant(query.id, self.chosen) for query in queries}
        lost = losses(queries, on_tables, self.known)
        least_gain = self.constraints.minimum_gain * self.objective.query_cost(self.chosen)
        least_price = self.objective.least_gain(self.chosen)
        surplus = {
            index: min(lost[index].cost - least_gain, lost[index].price - least_price) - self.objective.upkeep(index)
            if index in lost
            else -inf
            for index in self.candidates.in_order(self.chosen)
        }
        index = min(surplus, key=surplus.__getitem__)
        return index if surplus[index] <= 0 else None

    def gap(self) -> float | None:
        """The share by which the best set of these candidates may be better than the chosen one; None while nothing is known."""
        reached = self.objective.query_cost(self.chosen) + self.objective.upkeep_of(self.chosen)
        if self.bound <= 0 or reached <= 0:
            return None
        return max(1 - self.bound / reached, 0.0)

    def _earlier(self) -> list[IndexSet]:
        """What earlier searches ended with, as far as it may be chosen now."""
        sizes = self.candidates.sizes
        return [each for each in self._pool.chosen if each <= sizes.keys() and self._limits.allow(each, sizes)]

    def _take_earlier(self) -> Questions:
        """Begin with the best of what earlier searches ended with."""
        for earlier in self._earlier():
            yield from self._try(earlier)

    def _take_no_worse(self) -> bool:
        """End with none that costs more than what an earlier search ended with: more room never makes the answer worse."""
        found = self.chosen
        for earlier in self._earlier():
            if self._all_in(earlier) < self._all_in(self.chosen):
                self.chosen = earlier
        self._pool.chosen.append(self.chosen)
        return self.chosen != found

    def _all_in(self, indexes: IndexSet) -> float:
        return self.objective.query_price(indexes) + self.objective.upkeep_of(indexes)

    def _settle(self, patience: int) -> Questions:
        """Choose, plan what was chosen, take that in, choose again: until a choice comes back, or so many were no better.

        Where the time is over, there is one choice more, from what is known.
        """
        seen: set[IndexSet] = set()
        basis: tuple[int, IndexSet] | None = None
        while patience > 0 and len(seen) < ROUNDS and basis != (self.known.count, self.chosen):
            basis = self.known.count, self.chosen
            choice = self._choose()
            if choice in seen:
                return
            seen.add(choice)
            before = self._cost_of(self.chosen)
            yield from self._try(choice)
            if not self.planning.complete:
                return
            patience -= self._cost_of(self.chosen) >= before

    def _try(self, choice: IndexSet) -> Questions:
        """Plan every query with this set; it is the best so far if it is."""
        yield from self._plan_all_with(choice)
        if self._cost_of(choice) < self._cost_of(self.chosen):
            self.chosen = choice

    def _plan_all_with(self, indexes: IndexSet) -> Questions:
        queries = self.planning.planned()
        yield from self.planning.ask(
            ((query.id, self.candidates.relevant(query.id, indexes)) for query in queries), self._slack(queries)
        )

    def _slack(self, queries: Sequence[WeightedQuery]) -> Mapping[str, float]:
        """By how much the cost of one run of each may be uncertain: together they are, by ``SLACK``."""
        share = SLACK * self.objective.query_price(self.chosen) / max(len(queries), 1)
        return {query.id: share / query.weight for query in queries if query.weight > 0}

    def _do_without_beginnings(self) -> Questions:
        """Leave out an index that another chosen one begins with, where that gives up next to nothing of what is saved, and of what is left."""
        for index in self.candidates.in_order(self.chosen):
            if not self.planning.complete:
                return
            rest = self.chosen - {index}
            if not any(starts_with(wider, index) for wider in rest):
                continue
            yield from self._plan_all_with(rest)
            left = self.objective.query_price(self.chosen)
            saved = self.objective.query_price(NOTHING) - left
            given_up = self._cost_of(rest) - self._cost_of(self.chosen)
            if self.planning.complete and given_up <= self.constraints.minimum_gain * min(saved, left):
                self.chosen = rest

    def _narrow(self) -> Questions:
        """Put a smaller index that another one begins with in its place where that costs no more: between equals a program takes any."""
        sizes = self.candidates.sizes
        for index in self.candidates.in_order(self.chosen):
            if not self.planning.complete:
                return
            smaller = [each for each in self.candidates.narrower_than(index) if sizes[each] < sizes[index]]
            for narrower in sorted(smaller, key=sizes.__getitem__):
                choice = self.chosen - {index} | {narrower}
                if narrower in self.chosen:
                    continue
                yield from self._plan_all_with(choice)
                if self.planning.complete and self._cost_of(choice) <= self._cost_of(self.chosen):
                    self.chosen = choice
                    break

    def _doubt(self, promised: IndexSet) -> Questions:
        """Plan those queries that cost less with the promised set for all that is known, without what it does not hold."""
        doubts = sorted(
            (
                doubt
                for query in self.planning.planned()
                for doubt in self._doubts(query, self.candidates.relevant(query.id, promised))
            ),
            key=lambda doubt: (-doubt[0], doubt[1]),
        )[:MOST_DOUBTS]
        yield from self.planning.ask((query, shown) for _, query, shown in doubts)

    def _doubts(self, query: WeightedQuery, promised: IndexSet) -> Iterator[tuple[float, str, IndexSet]]:
        """What the set promises for a query beyond what is known to hold, and the plan to ask for to find out."""
        plans = self.known.plans(query.id)
        floors = [plan for plan in plans if not self.known.beyond(query.id, plan, promised)]
        # Of equal ones that which was made with least: what another one lacks is known from it.
        floor = max(floors, key=lambda plan: (plan.cost, -len(plan.shown)), default=None)
        if floor is None:
            return
        stood_for = {self.candidates.stand_ins[query.id].get(index) for index in promised}
        lacking = floor.used - promised - stood_for
        if lacking:
            ceiling = min(plan.cost for plan in plans if plan.used <= promised)
            largest = max(self.candidates.in_order(lacking), key=lambda index: self.candidates.sizes[index])
            without = self.candidates.family_no_smaller(largest, floor.shown) - promised
            yield query.weight * (ceiling - floor.cost), query.id, (floor.shown | promised) - without

    def _most_promising(self) -> IndexSet:
        """The set that might be the best for all that is known; takes the bound in."""
        promise = most_promising(
            self._floored(),
            self.candidates.sizes,
            {index: self.objective.upkeep(index) for index in self.candidates.sizes},
            self._limits,
            self.planning.seconds_left,
        )
        self.bound = max(self.bound, promise.bound)
        return promise.indexes

    def _best_by_the_mean(self) -> IndexSet:
        """The set that is best by the mean of what it is known to cost and what it might."""
        indexes = self._useful()
        return best_by_the_mean(
            self._weighted_options(indexes),
            self._floored(),
            {index: self.candidates.sizes[index] for index in indexes},
            self._least_savings(indexes),
            self._limits,
            self.planning.seconds_left,
        )

    def _floored(self) -> list[FlooredQuery]:
        return [FlooredQuery(weight=query.weight, floors=self._floors(query.id)) for query in self.planning.planned()]

    def _floors(self, query: str) -> list[Floor]:
        relevant = self.candidates.all_relevant(query)
        floors = [
            Floor(beyond=self.known.beyond(query, plan, relevant), cost=plan.cost) for plan in self.known.plans(query)
        ]
        is_known = any(
            not floor.beyond for floor in floors
        )  # not where time ran out, or planning failed, before it was
        return floors if is_known else [*floors, Floor(beyond=NOTHING, cost=0.0)]

    def _options(self, query: str) -> list[Option]:
        """The options that the budget allows."""
        return [option for option in self.known.options(query) if option.used <= self.candidates.sizes.keys()]

    def _substitutes(self, query: str, indexes: IndexSet) -> Mapping[Index, IndexSet]:
        """Wider indexes that may do what a narrower one does for the query, as long as no plan has told that they do not."""
        seen = self.known.indexes_seen(query)
        return {
            index: frozenset(
                wider
                for wider in self.candidates.wider_than(index)
                if wider in indexes and not self.known.tells_apart(query, index, wider)
            )
            for index in seen
        }

    def _is_near_enough(self) -> bool:
        gap = self.gap()
        return gap is not None and gap <= self.constraints.tolerance

    def _choose(self) -> IndexSet:
        """The best set by what is known to be reached."""
        indexes = self._useful()
        options, savings = self._weighted_options(indexes), self._least_savings(indexes)
        program = _Program(options=options, savings=savings)
        if program != self._solved or not self.planning.complete:
            sizes = {index: self.candidates.sizes[index] for index in indexes}
            self._choice = choose_indexes(options, sizes, savings, self._limits, self.planning.seconds_left)
            self._solved = program
        return self._choice

    def _useful(self) -> tuple[Index, ...]:
        """The candidates that some plan used."""
        queries = self.planning.planned()
        return self.candidates.in_order(frozenset().union(*(self.known.indexes_seen(each.id) for each in queries)))

    def _weighted_options(self, indexes: Sequence[Index]) -> list[WeightedOptions]:
        among = frozenset(indexes)
        return [
            WeightedOptions(
                weight=query.weight,
                options=self._options(query.id),
                substitutes=self._substitutes(query.id, among),
            )
            for query in self.planning.planned()
        ]

    def _least_savings(self, indexes: Sequence[Index]) -> dict[Index, float]:
        """What each has to save at least."""
        threshold = self.objective.least_gain(self.chosen)
        return {index: self.objective.upkeep(index) + threshold for index in indexes}

    def _cost_of(self, indexes: IndexSet) -> float:
        return self.objective.cost_of(indexes, self.chosen)
