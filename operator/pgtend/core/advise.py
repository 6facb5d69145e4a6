"""Which indexes would help most: what-if plans for single queries, an integer program over them, and plans of what it chose.

The advisor is a generator. It yields batches of questions for a planner and is sent the answers with the seconds that they
took; it returns the advice. How it searches is told in ``core.search``.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from pgtend.core.compression import describe_coverage
from pgtend.core.evidence import Found, advised_creates
from pgtend.core.planning import Pool
from pgtend.core.questions import Answers
from pgtend.core.redundancy import drop_duplicates, goes_with
from pgtend.core.referential_checks import with_referential_checks
from pgtend.core.room import Room
from pgtend.core.search import Search
from pgtend.core.superseded import Superseded, judge_superseded
from pgtend.core.unplanned import add_unplanned
from pgtend.core.upkeep import Writes, upkeep_of_surplus, writes_of
from pgtend.domain.advice import Advice, AdvisedChange, Constraints, CostsRequest, SizesRequest
from pgtend.domain.catalog import Catalog
from pgtend.domain.workload import Coverage, UnplannableStatement, WeightedQuery, Workload

Advisor = Generator[SizesRequest | CostsRequest, Answers, Advice]
"""Yields questions, is sent Answers, returns the Advice."""


def advise(workload: Workload, catalog: Catalog, constraints: Constraints, pool: Pool | None = None) -> Advisor:
    """Advice for a workload and the checks of foreign keys that it brings. Ends early with the best so far when ``constraints.seconds`` are spent.

    ``pool`` holds what earlier searches over the same workload and catalog learnt, and takes in what this one learns.
    """
    workload = with_referential_checks(workload, catalog)
    learnt = Pool() if pool is None else pool
    writes = writes_of(workload, catalog)
    outcome = yield from _choose(workload, catalog, writes, constraints, learnt)
    has_time = outcome.search.planning.complete
    if has_time and outcome.superseded.drops and outcome.is_cramped and not constraints.single_steps:
        left = replace(constraints, seconds=outcome.search.planning.seconds_left)
        roomier = yield from _choose(workload, catalog, writes, left, learnt, outcome.superseded)
        if roomier.search.planning.complete and roomier.keeps_to_limits and roomier.cost < outcome.cost:
            outcome = roomier
    return add_unplanned(_advice(outcome, workload), _looked_at(outcome.search, workload), catalog, constraints)


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What a search and the look at the existing indexes after it came to."""

    search: Search
    creates: tuple[AdvisedChange, ...]
    duplicates: tuple[AdvisedChange, ...]
    superseded: Superseded
    constraints: Constraints

    @property
    def changes(self) -> tuple[AdvisedChange, ...]:
        """All changes, in an order in which they can be made."""
        return (*self.creates, *self.superseded.drops, *self.duplicates)

    @property
    def cost(self) -> float:
        """The workload's cost by the planner, with what keeping indexes up to date adds and what is dropped takes away."""
        objective, chosen = self.search.objective, self.search.chosen
        within = objective.query_cost(chosen) + objective.upkeep_of(chosen)
        return within + self.superseded.loss - self.superseded.saved

    @property
    def keeps_to_limits(self) -> bool:
        """Whether all changes together do."""
        room = Room(self.search.catalog, self.constraints, self.changes)
        tables = {change.index.table_name for change in self.creates}
        return (room.bytes_left is None or room.bytes_left >= 0) and all(room.free_slots(each) >= 0 for each in tables)

    @property
    def is_cramped(self) -> bool:
        """Whether the room that the superseded indexes leave could be for an index that had none."""
        before = Room(self.search.catalog, self.constraints, (*self.creates, *self.duplicates))
        candidates = self.search.candidates
        return bool(candidates.too_large) or any(
            before.free_slots(index.table_name) <= 0
            or (before.bytes_left is not None and candidates.sizes[index] > before.bytes_left)
            for index in candidates.in_order(self.search.planning.useful() - self.search.chosen)
        )


def _choose(
    workload: Workload,
    catalog: Catalog,
    writes: Writes,
    constraints: Constraints,
    pool: Pool,
    going: Superseded | None = None,
) -> Generator[SizesRequest | CostsRequest, Answers, _Outcome]:
    """Search for the best indexes, then for existing ones that go with them; ``going`` are those that make room already."""
    hours = workload.hours or 1.0
    duplicates = drop_duplicates(catalog, constraints, lambda index: upkeep_of_surplus(index, catalog, writes) / hours)
    room = Room(catalog, constraints, (*duplicates, *(going.drops if going else ())))
    within = replace(constraints, storage_budget=room.bytes_left)
    search = Search(workload, catalog, writes, within, pool, room.free_slots)
    yield from search.learn_plans()
    yield from search.improve()
    yield from search.learn_evidence()
    planning, candidates = search.planning, search.candidates
    own = {each.id: each for each in workload.queries}  # the search adds what others lend them
    found = Found(
        chosen=search.chosen,
        queries=tuple(own[query.id] for query in planning.planned()),
        on_tables={query: candidates.relevant(query, search.chosen) for query in planning.queries},
        known=search.known,
        sizes=candidates.sizes,
        upkeep={index: search.objective.upkeep(index) for index in search.chosen},
        hours=workload.hours,
        catalog=catalog,
        lookups=search.lookups,
    )
    superseded = Superseded()
    if planning.complete:
        unplanned = [planning.queries[query].query for query in planning.unplannable]
        unplanned += [each.query for each in workload.unplanned]
        superseded = yield from judge_superseded(found, unplanned, duplicates, writes, planning, constraints)
    return _Outcome(
        search=search,
        creates=advised_creates(found),
        duplicates=tuple(goes_with(each, superseded.drops) for each in duplicates),
        superseded=superseded,
        constraints=constraints,
    )


def _looked_at(search: Search, workload: Workload) -> Workload:
    """Without the queries that the time was over for: it is over for looking at them in other ways as well."""
    if search.planning.complete:
        return workload
    own = search.candidates.own
    return replace(
        workload, queries=tuple(each for each in workload.queries if each.id in own or not each.query.plannable)
    )


def _advice(outcome: _Outcome, workload: Workload) -> Advice:
    """What was found."""
    search = outcome.search
    every = (*workload.queries, *workload.unplanned)
    total_ms = sum(each.load.total_ms for each in every if each.load)
    total_weight = sum(each.weight for each in every)
    left_out: dict[str, UnplannableStatement] = {}
    queries, own = search.planning.queries, {each.id: each for each in workload.queries}
    for query, reason in search.planning.unplannable.items():
        statement, share = queries[query].statement, _share(own[query], total_ms, total_weight)
        earlier = left_out.get(statement)  # another of its variants
        left_out[statement] = UnplannableStatement(
            id=statement, reason=reason, share=share + (earlier.share if earlier else 0.0)
        )
    coverage = _coverage(search, workload)
    return Advice(
        changes=outcome.changes,
        cost_before=search.objective.query_cost(frozenset()),
        cost_after=search.objective.query_cost(search.chosen) + outcome.superseded.loss,
        gap=search.gap(),
        left_out=(*workload.left_out, *left_out.values()),
        notes=(*(() if coverage is None else (describe_coverage(coverage),)), *outcome.superseded.notes),
        coverage=coverage,
        complete=search.planning.complete,
    )


def _coverage(search: Search, workload: Workload) -> Coverage | None:
    """What became of very many statements: those count as planned alone that were planned with their candidates."""
    coverage, planning, own = workload.coverage, search.planning, search.candidates.own
    if coverage is None or planning.complete:
        return coverage
    unreached = {
        each.statement
        for each in planning.queries.values()
        if each.id not in planning.unplannable and (each.id not in own or planning.plan(each.id, own[each.id]) is None)
    }
    count = min(len(unreached), coverage.planned)
    return replace(coverage, planned=coverage.planned - count, unreached=count)


def _share(query: WeightedQuery, total_ms: float, total_weight: float) -> float:
    if query.load and total_ms > 0:
        return query.load.total_ms / total_ms
    return query.weight / total_weight if total_weight > 0 else 0.0
