"""What-if planning from the search's side: which plans are known, which are asked for, in which batches, and until when.

A batch is as large as the planner is quick, so that a slow server is noticed, and a deadline or Ctrl-C heeded, within a moment.
The size of the batches decides when something is asked, never what: where the time suffices, the answer is always the same.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pgtend.core.candidate_set import CandidateSet
from pgtend.core.known_costs import NOTHING, IndexSet, KnownCosts, KnownPlan
from pgtend.core.questions import Answers, Questions
from pgtend.domain.advice import CostAnswer, CostRequest, CostsRequest, PlanCost, Unplannable
from pgtend.domain.workload import WeightedQuery

MOST_AT_ONCE = 200
"""Plans of one batch."""
FIRST_AT_ONCE = 1
"""Plans of the first batch, when nobody knows how quick the planner is."""
BATCH_SECONDS = 0.25
"""How long a batch is meant to take."""
GROWTH = 4
"""How many times as large as the last one a batch may be."""
NEVER_ENDING = 1e15
"""Planner's cost of what would run for centuries (a join of dozens of tables without a condition): beside it nothing counts."""


@dataclass(kw_only=True)
class Pool:
    """What one search has learnt and chosen, which serves the next over the same workload and catalog, with another budget, say."""

    answers: dict[tuple[str, IndexSet], CostAnswer] = field(default_factory=dict)
    """By query and the indexes shown."""
    chosen: list[IndexSet] = field(default_factory=list)
    """The sets that searches ended with: where one of them fits, the next search ends with none that costs more."""


class Planning:
    """The plans of one search: the known ones, and the way to more."""

    def __init__(
        self,
        queries: Mapping[str, WeightedQuery],
        candidates: CandidateSet,
        known: KnownCosts,
        pool: Pool,
        limit: float | None,
    ) -> None:
        self.queries = queries
        self.known = known
        self.unplannable: dict[str, str] = {}
        self.complete = True
        """False once the time was over before everything had been asked."""
        self._candidates = candidates
        self._pool = pool
        self._limit = limit
        self._seconds = 0.0
        self._batch = FIRST_AT_ONCE
        for (query, shown), answer in pool.answers.items():
            if query in queries:
                self._learn(query, shown, answer)

    @property
    def seconds_left(self) -> float | None:
        """Until the deadline, as of the last answer; None without one."""
        if self._limit is None:
            return None
        return self._limit - self._seconds if self._seconds < self._limit else 0.0

    def planned(self) -> list[WeightedQuery]:
        """The queries that were looked at and have a plan without any new index."""
        return [
            each
            for each in self.queries.values()
            if each.id in self._candidates.own and self.known.plan_with(each.id, NOTHING) is not None
        ]

    def useful(self) -> IndexSet:
        """The indexes that some plan of these used."""
        return frozenset().union(*(self.known.indexes_seen(each.id) for each in self.planned()))

    def plan(self, query: str, indexes: IndexSet) -> KnownPlan | None:
        """The plan of the query with these indexes, where it is known or follows from what is."""
        return self.known.plan_with(query, self._candidates.relevant(query, indexes))

    def dearest(self, query: str, indexes: IndexSet) -> KnownPlan | None:
        """That plan, or the cheapest known one that the planner may choose from with them: it takes none that costs more."""
        return self.known.plan_at_most(query, self._candidates.relevant(query, indexes))

    def used(self, query: str, indexes: IndexSet) -> IndexSet:
        """The indexes that the plan uses; none where it is not known."""
        plan = self.plan(query, indexes)
        return plan.used if plan else NOTHING

    def admit(self, queries: Iterable[str]) -> Questions:
        """Think of candidates for these queries, unless the time is spent."""
        if self._is_over():
            return
        answers = yield from self._candidates.admit(self.queries[query] for query in queries)
        self._seconds += answers.seconds

    def _is_over(self) -> bool:
        if self._limit is None or self._seconds < self._limit:
            return False
        self.complete = False
        return True

    def ask(self, questions: Iterable[tuple[str, IndexSet]], slack: Mapping[str, float] | None = None) -> Questions:
        """Ask in batches for what is not known, until the time is spent.

        ``slack`` is for each query by how much its cost may be uncertain without a plan being worth it.
        """
        slack = slack or {}
        remaining = [
            (query, shown)
            for query, shown in dict.fromkeys(questions)
            if query not in self.unplannable and self.known.plan_with(query, shown, slack=slack.get(query, 0.0)) is None
        ]
        answers = yield from self.answer(
            [
                CostRequest(query=self.queries[query].query, shown=self._candidates.in_order(shown))
                for query, shown in remaining
            ]
        )
        for (query, shown), answer in zip(remaining, answers, strict=False):  # fewer where the time is spent
            self._pool.answers[query, shown] = answer
            self._learn(query, shown, answer)

    def ask_all(self, indexes: IndexSet, slack: Mapping[str, float]) -> Questions:
        """Ask what every query costs with these indexes, as far as they may matter to it."""
        yield from self.ask(((each.id, self._candidates.relevant(each.id, indexes)) for each in self.planned()), slack)

    def answer(self, requests: Sequence[CostRequest]) -> Generator[CostsRequest, Answers, Sequence[CostAnswer]]:
        """The answers to these, in batches; once the time is spent, to the first of them only."""
        answered: list[CostAnswer] = []
        while len(answered) < len(requests) and not self._is_over():
            batch = tuple(requests[len(answered) : len(answered) + self._batch])
            answers = yield CostsRequest(requests=batch)
            self._seconds += answers.seconds
            self._batch = next_batch(len(batch), self._batch, answers.planning_seconds)
            answered += answers.costs
        return answered

    def _learn(self, query: str, shown: IndexSet, answer: CostAnswer) -> None:
        if isinstance(answer, PlanCost) and not shown and answer.cost > NEVER_ENDING:
            answer = Unplannable(reason="Its estimated cost is beyond anything that could ever end.")
        if isinstance(answer, Unplannable):
            self.unplannable.setdefault(query, answer.reason)
        self.known.learn(query, shown, answer)


def next_batch(asked: int, size: int, seconds: float) -> int:
    """How many plans to ask for next, when so many took so long."""
    most = min(max(size, asked) * GROWTH, MOST_AT_ONCE)
    return most if seconds <= 0 else max(1, min(most, int(BATCH_SECONDS * asked / seconds)))
