"""What the advisor asks before it chooses: from which plans it learns, and of which queries in detail.

For each query it learns the plan with nothing and with all candidates, and a few without the family of an index that a plan used
(all that begin with the same key); the heaviest queries first, so that something can be chosen from the first of them on. What an
index does alone it learns of those alone that a program over what is known takes, for it may have room for a part of each. Beside
a wider index that holds more of what a query reads the planner never takes a narrower one, though one index for two queries is
what a budget has room for: so this is asked of a query, too, that uses only the wider one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from math import inf

from pgtend.core.candidate_set import CandidateSet
from pgtend.core.known_costs import NOTHING, IndexSet
from pgtend.core.objective import Objective
from pgtend.core.promises import plans_in_doubt
from pgtend.core.questions import Questions
from pgtend.domain.workload import WeightedQuery

FIRST_WAVE = 1
LARGEST_WAVE = 100
"""Queries that are learnt of first, and at a time; each wave has twice as many as the one before."""
HEAVY = 0.1
"""Share of what can be gained, as far as it is known, from which on a query is learnt of in detail at once."""
LIGHT = 0.002
"""Share of the cost that is left with every candidate: what those queries can gain together at most that are not learnt of in detail."""
ALTERNATIVES = 5
"""Plans asked for a query, each without the family of one index that the plan with all candidates uses."""

Threshold = Callable[[Collection[float]], float]
"""From what each query has to gain, what it has to be at least."""


class Learning:
    """What was learnt of the queries of one search."""

    def __init__(self, objective: Objective, candidates: CandidateSet) -> None:
        self._objective = objective
        self._planning = objective.planning
        self._candidates = candidates
        self._detailed: set[str] = set()

    def run(self) -> Questions:
        """Wave by wave: each query with nothing and with everything, and those in detail of which there is most to gain.

        The rest of those that matter follow in detail in the end, when it is known how much there is to gain in all.
        """
        queries = _heaviest_first(self._planning.queries.values())
        for wave in _waves(queries):
            yield from self._planning.admit(wave)
            if not self._planning.complete:
                return
            yield from self._planning.ask((query, NOTHING) for query in wave)
            yield from self._planning.ask((query, self._candidates.own[query]) for query in wave)
            yield from self._learn_details(self._most_to_gain(lambda gains: HEAVY * sum(gains)))
        # No more than what an index must save: else advice that was followed would be followed by more of it.
        share = min(LIGHT, self._objective.minimum_gain or LIGHT)
        next_to_nothing = share * self._objective.least_cost(self._candidates.own)
        yield from self._learn_details(self._most_to_gain(lambda gains: _least_that_matters(gains, next_to_nothing)))

    def learn_more(self, taken_in_part: Callable[[], IndexSet], rounds: int) -> Questions:
        """What there is to know of the indexes that a relaxed program takes at least a part of, until it takes nothing new,
        or so many times.

        So a column of the program is priced when it is asked for (Dantzig and Wolfe 1960), and most never are.
        """
        for _ in range(rounds):
            begun, taken = self._planning.known.count, taken_in_part()
            yield from self._learn_alone(taken)
            yield from self._planning.ask(plans_in_doubt(taken, self._planning, self._candidates))
            if not self._planning.complete or self._planning.known.count == begun:
                return

    def _learn_alone(self, indexes: IndexSet) -> Questions:
        """Each query known in detail with each of these alone that it uses, or that begins one that it uses."""
        seen = {query.id: self._planning.known.indexes_seen(query.id) for query in self._planning.planned()}
        yield from self._planning.ask(
            (query, frozenset({index}))
            for query in seen
            if query in self._detailed
            for index in self._candidates.in_order(indexes & self._candidates.own[query])
            if index in seen[query] or not seen[query].isdisjoint(self._candidates.wider_than(index))
        )

    def _most_to_gain(self, threshold_of: Threshold) -> list[str]:
        """The queries that have as much to gain as that and are not known in detail, those with most first."""
        gains = {
            query.id: self._objective.most_to_gain(query, self._candidates.own[query.id])
            for query in self._planning.planned()
        }
        threshold = threshold_of(gains.values())
        found = [
            query for query, gain in gains.items() if gain > 0 and gain >= threshold and query not in self._detailed
        ]
        return sorted(found, key=lambda query: -gains[query])

    def _learn_details(self, queries: Sequence[str]) -> Questions:
        """Each query without a family that is used."""
        own = self._candidates.own
        self._detailed.update(queries)
        yield from self._learn_around({query: own[query] for query in queries})
        # With everything shown the planner takes what holds all that it reads; what is smaller is seen when that is away.
        narrow = {query: frozenset(index for index in own[query] if not index.include) for query in queries}
        yield from self._learn_around(
            {query: found for query, found in narrow.items() if self._planning.used(query, own[query]) - found}
        )

    def _learn_around(self, shown: Mapping[str, IndexSet]) -> Questions:
        """The plans with these indexes, and each without the family of one that such a plan uses."""
        yield from self._planning.ask((query, indexes) for query, indexes in shown.items() if indexes)
        yield from self._planning.ask(
            (query, indexes - self._candidates.family_no_smaller(index, indexes))
            for query, indexes in shown.items()
            for index in self._candidates.in_order(self._planning.used(query, indexes))[:ALTERNATIVES]
        )


def _heaviest_first(queries: Iterable[WeightedQuery]) -> list[str]:
    """By the time that they took, or where that is not known by weight."""
    return [
        each.id for each in sorted(queries, key=lambda query: -(query.load.total_ms if query.load else query.weight))
    ]


def _waves(queries: Sequence[str]) -> Iterator[Sequence[str]]:
    start, size = 0, FIRST_WAVE
    while start < len(queries):
        yield queries[start : start + size]
        start, size = start + size, min(2 * size, LARGEST_WAVE)


def _least_that_matters(gains: Iterable[float], next_to_nothing: float) -> float:
    """What a query has to gain at least, so that those that have less have next to nothing to gain together."""
    left = next_to_nothing
    for gain in sorted(gains):
        left -= gain
        if left < 0:
            return gain
    return inf
