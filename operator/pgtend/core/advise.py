"""Which indexes would help most: what-if plans for single queries, an integer program over them, and plans of what it chose.

The advisor is a generator. It yields batches of questions for a planner and is sent the answers with the seconds that they
took; it returns the advice. Costs of whole sets are never asked for one by one: for each query it learns the plan with
nothing and with all candidates, a few alternatives (each time without one index that a plan used), and each index alone. The
program then chooses, the chosen set is planned really, what was learnt goes back, until nothing gets better.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace

from pgtend.core.candidates import candidates, starts_with
from pgtend.core.evidence import Found, advised_creates
from pgtend.core.known_costs import IndexSet, KnownCosts, KnownPlan, planned_cost
from pgtend.core.plan_price import lookups_in, price_with
from pgtend.core.redundancy import drop_duplicates
from pgtend.core.selection import Limits, WeightedOptions, choose_indexes
from pgtend.core.unplanned import add_unplanned
from pgtend.core.upkeep import entries_written, upkeep_of
from pgtend.domain.advice import (
    Advice,
    AdvisedChange,
    Constraints,
    CostAnswer,
    CostRequest,
    CostsRequest,
    SizesRequest,
    Unplannable,
)
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index
from pgtend.domain.workload import UnplannableStatement, WeightedQuery, Workload

ALTERNATIVES = 5
"""Plans asked for a query, each without one index that an earlier plan used."""
ROUNDS = 10
"""How often the program may choose anew after the chosen set was planned."""
BATCH = 200
"""Plans asked for at a time: the deadline is looked at between batches."""

NOTHING: IndexSet = frozenset()


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the advisor is sent: the answers to its last question, and the seconds they took."""

    sizes: tuple[int, ...] = ()
    costs: tuple[CostAnswer, ...] = ()
    seconds: float = 0.0


Advisor = Generator[SizesRequest | CostsRequest, Answers, Advice]
"""Yields questions, is sent Answers, returns the Advice."""


def advise(workload: Workload, catalog: Catalog, constraints: Constraints) -> Advisor:
    """Advice for a workload. Ends early with the best so far when ``constraints.seconds`` of planning are spent."""
    search = _Search(workload, catalog, constraints)
    yield from search.learn_sizes()
    yield from search.learn_plans()
    yield from search.improve()
    return add_unplanned(search.advice(), workload, catalog, constraints)


class _Search:
    """The state of one search."""

    def __init__(self, workload: Workload, catalog: Catalog, constraints: Constraints) -> None:
        self.catalog = catalog
        self.constraints = constraints
        self.workload = workload
        self.lookups = lookups_in(catalog)
        self.known = KnownCosts(price_with(self.lookups) if constraints.price_risk else planned_cost)
        self.unplannable: dict[str, str] = {}
        # A statement that looks for no rows (INSERT … VALUES) has nothing to plan; it counts as a write.
        self.queries = {each.id: each for each in workload.queries if each.query.plannable}
        unwanted = {replace(index, name=None) for index in constraints.unwanted}
        found = {each.id: candidates(each.query, catalog, constraints) for each in self.queries.values()}
        self.candidates: dict[str, IndexSet] = {id_: frozenset(indexes) - unwanted for id_, indexes in found.items()}
        ordered = (index for indexes in found.values() for index in indexes if index not in unwanted)
        self.sizes: dict[Index, int] = dict.fromkeys(ordered, 0)
        writes = entries_written(workload.queries, catalog)
        self.upkeep = {index: upkeep_of(index, catalog, writes) for index in self.sizes}
        self.drops = drop_duplicates(catalog)
        self.budget = _with_freed(constraints.storage_budget, self.drops)
        self.chosen: IndexSet = NOTHING
        self.seconds = 0.0
        self.complete = True

    def learn_sizes(self) -> Generator[SizesRequest, Answers, None]:
        """Ask for the size of every candidate; those that do not fit the budget alone go."""
        answers = yield SizesRequest(indexes=tuple(self.sizes))
        self.seconds += answers.seconds
        self.sizes = {
            index: size
            for index, size in zip(self.sizes, answers.sizes, strict=True)
            if self.budget is None or size <= self.budget
        }
        self.candidates = {query: frozenset(found & self.sizes.keys()) for query, found in self.candidates.items()}

    def learn_plans(self) -> Generator[CostsRequest, Answers, None]:
        """Each query with nothing, with everything, with a few things less, and with each useful index alone."""
        yield from self._ask((query, NOTHING) for query in self.queries)
        yield from self._ask((query, found) for query, found in self.candidates.items() if found)
        frontier = {query: found for query, found in self.candidates.items() if found}
        for _ in range(2):
            frontier_questions = self._without_one(frontier)
            yield from self._ask(frontier_questions)
            frontier = dict(frontier_questions)
        yield from self._ask(
            (query, frozenset({index}))
            for query in self.queries
            for index in self._in_order(self.known.indexes_seen(query))
        )

    def improve(self) -> Generator[CostsRequest, Answers, None]:
        """Choose, plan what was chosen, take that in, choose again; then let wider indexes stand in for narrower ones."""
        for _ in range(ROUNDS):
            choice = self._choose()
            yield from self._ask((query, self._on_tables(query, choice)) for query in self.queries)
            if self._cost_of(choice) < self._cost_of(self.chosen):
                self.chosen = choice
            if self._is_settled(choice) or not self.complete:
                break
        yield from self._do_without_beginnings()
        yield from self._ask(
            (query, self._on_tables(query, self.chosen) - {index})
            for query in self.queries
            for index in self._in_order(self._used(query, self.chosen))
        )

    def _do_without_beginnings(self) -> Generator[CostsRequest, Answers, None]:
        """Leave out an index that another chosen one begins with, where that gives up next to nothing of what is saved."""
        for index in self._in_order(self.chosen):
            rest = self.chosen - {index}
            if not any(starts_with(wider, index) for wider in rest):
                continue
            yield from self._ask((query, self._on_tables(query, rest)) for query in self.queries)
            saved = self._query_price(NOTHING) - self._query_price(self.chosen)
            if (
                self.complete
                and self._cost_of(rest) <= self._cost_of(self.chosen) + self.constraints.minimum_gain * saved
            ):
                self.chosen = rest

    def advice(self) -> Advice:
        """What was found."""
        total_ms = sum(each.load.total_ms for each in self.workload.queries if each.load)
        total_weight = sum(each.weight for each in self.workload.queries)
        left_out = [
            UnplannableStatement(id=query, reason=reason, share=_share(self.queries[query], total_ms, total_weight))
            for query, reason in self.unplannable.items()
        ]
        creates = advised_creates(
            Found(
                chosen=self.chosen,
                queries=tuple(self._planned()),
                on_tables={query: self._on_tables(query, self.chosen) for query in self.queries},
                known=self.known,
                sizes=self.sizes,
                upkeep=self.upkeep,
                hours=self.workload.hours,
                catalog=self.catalog,
                lookups=self.lookups,
            )
        )
        return Advice(
            changes=(*creates, *self.drops),
            cost_before=self._query_cost(NOTHING),
            cost_after=self._query_cost(self.chosen),
            left_out=(*self.workload.left_out, *left_out),
            complete=self.complete,
        )

    def _ask(self, questions: Iterable[tuple[str, IndexSet]]) -> Generator[CostsRequest, Answers, None]:
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
                if isinstance(answer, Unplannable):
                    self.unplannable.setdefault(query, answer.reason)
                self.known.learn(query, shown, answer)

    def _without_one(self, shown: dict[str, IndexSet]) -> list[tuple[str, IndexSet]]:
        questions: list[tuple[str, IndexSet]] = []
        for query, indexes in shown.items():
            used = self._used(query, indexes)
            questions += [(query, indexes - {index}) for index in self._in_order(used)[:ALTERNATIVES]]
        return questions

    def _used(self, query: str, shown: IndexSet) -> IndexSet:
        plan = self.known.plan_with(query, self._on_tables(query, shown))
        return plan.used if plan else NOTHING

    def _on_tables(self, query: str, indexes: IndexSet) -> IndexSet:
        """Those on the query's tables, whichever query they were thought of for."""
        relations = self.queries[query].query.relations
        return frozenset(index for index in indexes if index.table_name in relations)

    def _choose(self) -> IndexSet:
        seen = frozenset().union(*(self.known.indexes_seen(query) for query in self.queries))
        indexes = self._in_order(seen)
        tables = {index.table_name for index in indexes}
        free = {table: self.constraints.max_indexes_per_table - len(self.catalog.indexes_of(table)) for table in tables}
        threshold = self._least_gain()
        return choose_indexes(
            [WeightedOptions(weight=query.weight, options=self.known.options(query.id)) for query in self._planned()],
            {index: self.sizes[index] for index in indexes},
            {index: self.upkeep[index] + threshold for index in indexes},
            Limits(storage=self.budget, free_slots=free),
        )

    def _is_settled(self, choice: IndexSet) -> bool:
        return choice == self._choose()

    def _planned(self) -> Iterable[WeightedQuery]:
        """The queries that have a plan without any new index."""
        return [each for each in self.queries.values() if self.known.plan_with(each.id, NOTHING) is not None]

    def _query_cost(self, chosen: IndexSet) -> float:
        return sum(query.weight * plan.cost for query, plan in self._plans(chosen))

    def _query_price(self, chosen: IndexSet) -> float:
        return sum(query.weight * plan.price for query, plan in self._plans(chosen))

    def _plans(self, chosen: IndexSet) -> Iterable[tuple[WeightedQuery, KnownPlan]]:
        for query in self._planned():
            plan = self.known.plan_with(query.id, self._on_tables(query.id, chosen))
            plan = plan or self.known.plan_with(query.id, NOTHING)
            if plan is not None:
                yield query, plan

    def _cost_of(self, chosen: IndexSet) -> float:
        threshold = self._least_gain()
        return self._query_price(chosen) + sum(self.upkeep[index] + threshold for index in chosen)

    def _least_gain(self) -> float:
        """What an index must save: a share of the cost that the chosen set leaves, as if advice were asked for again then."""
        return self.constraints.minimum_gain * self._query_price(self.chosen)

    def _in_order(self, indexes: IndexSet) -> tuple[Index, ...]:
        """Always in the order of the candidates, so that the same input gives the same answer."""
        if len(indexes) < 2:
            return tuple(indexes)
        return tuple(index for index in self.sizes if index in indexes)


def _share(query: WeightedQuery, total_ms: float, total_weight: float) -> float:
    if query.load and total_ms > 0:
        return query.load.total_ms / total_ms
    return query.weight / total_weight if total_weight > 0 else 0.0


def _with_freed(budget: int | None, drops: Iterable[AdvisedChange]) -> int | None:
    """The budget is for what is added net of what is dropped."""
    return None if budget is None else budget + sum(change.evidence.size_bytes for change in drops)
