"""The advisor's search: what it makes of the plans that it learns (``core.learning``), and when it has looked enough.

The programs of ``core.programs`` then choose, the chosen set is planned really, and what was learnt goes back, until nothing gets
better. After that they say in turn which other set to look at next (``core.promises``), until no other can be much better or no
look teaches anything. What the best set can do without is left out in the end (``core.trimming``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from pgtend.core.candidate_set import CandidateSet
from pgtend.core.known_costs import NOTHING, IndexSet, KnownCosts, planned_cost
from pgtend.core.learning import Learning
from pgtend.core.objective import Objective
from pgtend.core.plan_price import lookups_in, price_with
from pgtend.core.planning import Planning, Pool
from pgtend.core.programs import Programs
from pgtend.core.promises import plans_in_doubt
from pgtend.core.questions import Questions
from pgtend.core.selection import Limits
from pgtend.core.trimming import learn_without_each, leave_out_beginnings, leave_out_needless, narrow
from pgtend.core.upkeep import Writes, upkeep_of
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName
from pgtend.domain.workload import Workload

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
MOST_RELAXED = 8
"""How often the relaxed program says at first what else there is to know: after that it is next to nothing."""
FAR = 0.05
"""Share by which another set may be better, from which on the relaxed program is asked each time, and no look is called idle."""


class Search:
    """The state of one search."""

    def __init__(
        self,
        workload: Workload,
        catalog: Catalog,
        writes: Writes,
        constraints: Constraints,
        pool: Pool,
        free_slots: Callable[[TableName], int],
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
        self._pool = pool
        self.planning = Planning(queries, self.candidates, self.known, pool, constraints.seconds)
        self.objective = Objective(
            planning=self.planning,
            upkeep=cache(lambda index: upkeep_of(index, catalog, writes)),
            minimum_gain=constraints.minimum_gain,
        )
        self._limits = Limits(
            storage=constraints.storage_budget,
            free_slots={table: free_slots(table) for table in catalog.tables},
        )
        self._learning = Learning(self.objective, self.candidates)
        self._programs = Programs(self.objective, self.candidates, self._limits)
        self.chosen: IndexSet = NOTHING
        """The best set so far."""

    def learn_plans(self) -> Questions:
        """Learn what the choice is made from."""
        yield from self._learning.run()

    def improve(self) -> Questions:
        """Choose; see how much better a set might be and look at the one that promises most; then do without the needless."""
        for earlier in self._earlier():
            yield from self._try(earlier)
        yield from self._learn_more(rounds=MOST_RELAXED)
        yield from self._settle(patience=3)
        yield from self._look_further()
        self.chosen = yield from leave_out_beginnings(self.chosen, self.objective, self.candidates)
        self.chosen = yield from narrow(self.chosen, self.objective, self.candidates)

    def learn_evidence(self) -> Questions:
        """Learn what the evidence of each chosen index rests on, and end with those that it bears out."""
        yield from self._take_in_scans()
        self.chosen = yield from leave_out_needless(self.chosen, self.objective, self.candidates)
        if self._take_no_worse():
            yield from learn_without_each(self.chosen, self.objective, self.candidates)

    def gap(self) -> float | None:
        """The share by which the best set of these candidates may be better than the chosen one; None while nothing is known."""
        reached = self.objective.query_cost(self.chosen) + self.objective.upkeep_of(self.chosen)
        if self._programs.bound <= 0 or reached <= 0:
            return None
        return max(1 - self._programs.bound / reached, 0.0)

    def _settle(self, patience: int) -> Questions:
        """Choose, plan what was chosen, take that in, choose again: until a choice comes back, or so many were no better.

        Where the time is over, there is one choice more, from what is known.
        """
        seen: set[IndexSet] = set()
        basis: tuple[int, IndexSet] | None = None
        while patience > 0 and len(seen) < ROUNDS and basis != (self.known.count, self.chosen):
            basis = self.known.count, self.chosen
            choice = self._programs.best(self.chosen)
            if choice in seen:
                return
            seen.add(choice)
            before = self._cost_of(self.chosen)
            yield from self._try(choice)
            if not self.planning.complete:
                return
            patience -= self._cost_of(self.chosen) >= before

    def _look_further(self) -> Questions:
        """Look at what is best by the mean and at what promises most in turn, until the best so far is near enough or looking is in vain."""
        left, begun, taught = IDLE_PROMISES, self.known.count, deque([True, True], maxlen=2)
        for number in range(MOST_LOOKS):
            is_cheap = self.known.count - begun < CHEAP_LOOKS
            if not self.planning.complete or not any(taught) or not (is_cheap or (left > 0 and number < PROMISES)):
                break
            known = self.known.count
            if self._is_far():
                yield from self._learn_more(rounds=1)
            promised = self._programs.best_by_the_mean(self.chosen) if number % 2 == 0 else self.chosen
            if promised == self.chosen:
                promised = self._programs.most_promising()
            if self._is_near_enough():
                break
            before = self._cost_of(self.chosen)
            yield from self.planning.ask(plans_in_doubt(promised, self.planning, self.candidates))
            yield from self._try(promised)
            yield from self._settle(patience=1)
            if self._cost_of(self.chosen) <= before * (1 - WORTH_GOING_ON):
                left = IDLE_PROMISES
            elif not self._is_far():
                left -= 1
            taught.append(self.known.count > known)  # by neither program: both would say the same again

    def _learn_more(self, rounds: int) -> Questions:
        yield from self._learning.learn_more(lambda: self._programs.taken_in_part(self.chosen), rounds)

    def _is_far(self) -> bool:
        gap = self.gap()
        return gap is not None and gap > FAR

    def _is_near_enough(self) -> bool:
        gap = self.gap()
        return gap is not None and gap <= self.constraints.tolerance

    def _try(self, choice: IndexSet) -> Questions:
        """Plan every query with this set; it is the best so far if it is."""
        yield from self._plan_all_with(choice)
        if self._cost_of(choice) < self._cost_of(self.chosen):
            self.chosen = choice

    def _plan_all_with(self, indexes: IndexSet) -> Questions:
        yield from self.planning.ask_all(indexes, self.objective.slack(self.chosen))

    def _cost_of(self, indexes: IndexSet) -> float:
        return self.objective.cost_of(indexes, self.chosen)

    def _take_in_scans(self) -> Questions:
        """Plan with what a query may scan though it was thought of for others, and let that matter to it which it does scan."""
        ends = [self.chosen, *self._earlier()]
        concerned = self.candidates.take_in_scans(frozenset().union(*ends))
        self.known.forget_what_followed(concerned)
        for end in ends:
            yield from self._plan_all_with(end)
        used = {query: frozenset().union(*(self.planning.used(query, end) for end in ends)) for query in concerned}
        self.candidates.leave_out_scans(used)

    def _earlier(self) -> list[IndexSet]:
        """What earlier searches ended with, as far as it may be chosen now."""
        sizes = self.candidates.sizes
        return [each for each in self._pool.chosen if each <= sizes.keys() and self._limits.allow(each, sizes)]

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
