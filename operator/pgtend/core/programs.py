"""The integer programs of a search, put together from what is known at the moment: which set is the best, and which might be.

The program of ``core.selection`` says what is best by what is known to be reached. The program of ``core.lower_bound`` says how
much better any other set might be, and which one promises that; the one of ``core.compromise`` lies between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pgtend.core.candidate_set import CandidateSet
from pgtend.core.compromise import Mean
from pgtend.core.known_costs import NOTHING, IndexSet, Option
from pgtend.core.lower_bound import Floor, FlooredQuery, most_promising
from pgtend.core.objective import Objective
from pgtend.core.selection import Known, Limits, WeightedOptions, choose_indexes
from pgtend.domain.index import Index


@dataclass(frozen=True, kw_only=True)
class _Reached:
    """What decides which set is the best by what is known to be reached."""

    options: Sequence[WeightedOptions]
    savings: Mapping[Index, float]
    """What each of the indexes that options use has to save at least."""


class Programs:
    """The programs of one search within its ``limits``; the ``incumbent`` is the best set so far."""

    def __init__(self, objective: Objective, candidates: CandidateSet, limits: Limits) -> None:
        self._objective = objective
        self._planning = objective.planning
        self._known = objective.planning.known
        self._candidates = candidates
        self._limits = limits
        self._solved: _Reached | None = None
        self._best: IndexSet = NOTHING
        """Of the program solved last: new plans do not always change it, nor does a better set."""
        self.bound = 0.0
        """What no set of the candidates can be below: weighted planner's cost plus upkeep."""

    def best(self, incumbent: IndexSet) -> IndexSet:
        """The best set by what is known to be reached."""
        reached = self._reached(incumbent)
        if reached != self._solved or incumbent != self._best or not self._planning.complete:
            self._best = choose_indexes(
                reached.options,
                self._sizes_of(reached),
                reached.savings,
                self._limits,
                self._planning.seconds_left,
                Known(indexes=incumbent, cost=self._objective.cost_of(incumbent, incumbent)),
            )
            self._solved = reached
        return self._best

    def best_by_the_mean(self, incumbent: IndexSet) -> IndexSet:
        """The set that is best by the mean of what it is known to cost and what it might."""
        return self._mean(incumbent).best(self._planning.seconds_left)

    def taken_in_part(self, incumbent: IndexSet) -> IndexSet:
        """The indexes that matter by that mean: what is taken where a part of an index may be."""
        return self._mean(incumbent).taken_in_part(self._planning.seconds_left)

    def most_promising(self) -> IndexSet:
        """The set that might be the best for all that is known; takes the bound in."""
        promise = most_promising(
            self._floored(),
            self._candidates.sizes,
            {index: self._objective.upkeep(index) for index in self._candidates.sizes},
            self._limits,
            self._planning.seconds_left,
        )
        self.bound = max(self.bound, promise.bound)
        return promise.indexes

    def _mean(self, incumbent: IndexSet) -> Mean:
        reached = self._reached(incumbent)
        return Mean(
            reached=reached.options,
            possible=self._floored(),
            sizes=self._sizes_of(reached),
            upkeep=reached.savings,
            limits=self._limits,
        )

    def _reached(self, incumbent: IndexSet) -> _Reached:
        useful = self._planning.useful()
        threshold = self._objective.least_gain(incumbent)
        return _Reached(
            options=[
                WeightedOptions(
                    weight=query.weight,
                    options=self._options(query.id),
                    substitutes=self._substitutes(query.id, useful),
                )
                for query in self._planning.planned()
            ],
            savings={index: self._objective.upkeep(index) + threshold for index in self._candidates.in_order(useful)},
        )

    def _sizes_of(self, reached: _Reached) -> Mapping[Index, int]:
        return {index: self._candidates.sizes[index] for index in reached.savings}

    def _options(self, query: str) -> list[Option]:
        """The options that the budget allows."""
        return [option for option in self._known.options(query) if option.used <= self._candidates.sizes.keys()]

    def _substitutes(self, query: str, indexes: IndexSet) -> Mapping[Index, IndexSet]:
        """Wider indexes that may do what a narrower one does for the query, as long as no plan has told that they do not."""
        return {
            index: frozenset(
                wider
                for wider in self._candidates.wider_than(index)
                if wider in indexes and not self._known.tells_apart(query, index, wider)
            )
            for index in self._known.indexes_seen(query)
        }

    def _floored(self) -> list[FlooredQuery]:
        return [FlooredQuery(weight=query.weight, floors=self._floors(query.id)) for query in self._planning.planned()]

    def _floors(self, query: str) -> list[Floor]:
        relevant = self._candidates.all_relevant(query)
        floors = [
            Floor(beyond=self._known.beyond(query, plan, relevant), cost=plan.cost) for plan in self._known.plans(query)
        ]
        # Not where time ran out, or planning failed, before it was.
        is_known = any(not floor.beyond for floor in floors)
        return floors if is_known else [*floors, Floor(beyond=NOTHING, cost=0.0)]
