"""Which indexes would help most: what-if plans for single queries, an integer program over them, and plans of what it chose.

The advisor is a generator. It yields batches of questions for a planner and is sent the answers with the seconds that they
took; it returns the advice. How it searches is told in ``core.search``.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from pgtend.core.evidence import Found, advised_creates
from pgtend.core.planning import Pool
from pgtend.core.questions import Answers
from pgtend.core.redundancy import drop_duplicates
from pgtend.core.room import Room
from pgtend.core.search import Search
from pgtend.core.unplanned import add_unplanned
from pgtend.domain.advice import Advice, AdvisedChange, Constraints, CostsRequest, SizesRequest
from pgtend.domain.catalog import Catalog
from pgtend.domain.workload import UnplannableStatement, WeightedQuery, Workload

Advisor = Generator[SizesRequest | CostsRequest, Answers, Advice]
"""Yields questions, is sent Answers, returns the Advice."""


def advise(workload: Workload, catalog: Catalog, constraints: Constraints, pool: Pool | None = None) -> Advisor:
    """Advice for a workload. Ends early with the best so far when ``constraints.seconds`` are spent.

    ``pool`` holds what earlier searches over the same workload and catalog learnt, and takes in what this one learns.
    """
    drops = drop_duplicates(catalog)
    room = Room(catalog, constraints, drops)
    search = Search(workload, catalog, replace(constraints, storage_budget=room.bytes_left), pool, room.free_slots)
    yield from search.learn_plans()
    yield from search.improve()
    yield from search.learn_evidence()
    return add_unplanned(_advice(search, workload, drops), _looked_at(search, workload), catalog, constraints)


def _looked_at(search: Search, workload: Workload) -> Workload:
    """Without the queries that the time was over for: it is over for looking at them in other ways as well."""
    if search.planning.complete:
        return workload
    own = search.candidates.own
    return replace(
        workload, queries=tuple(each for each in workload.queries if each.id in own or not each.query.plannable)
    )


def _advice(search: Search, workload: Workload, drops: tuple[AdvisedChange, ...]) -> Advice:
    """What was found."""
    total_ms = sum(each.load.total_ms for each in workload.queries if each.load)
    total_weight = sum(each.weight for each in workload.queries)
    left_out: dict[str, UnplannableStatement] = {}
    queries = search.planning.queries
    for query, reason in search.planning.unplannable.items():
        statement, share = queries[query].statement, _share(queries[query], total_ms, total_weight)
        earlier = left_out.get(statement)  # another of its variants
        left_out[statement] = UnplannableStatement(
            id=statement, reason=reason, share=share + (earlier.share if earlier else 0.0)
        )
    creates = advised_creates(
        Found(
            chosen=search.chosen,
            queries=tuple(search.planning.planned()),
            on_tables={query: search.candidates.relevant(query, search.chosen) for query in queries},
            known=search.known,
            sizes=search.candidates.sizes,
            upkeep={index: search.objective.upkeep(index) for index in search.chosen},
            hours=workload.hours,
            catalog=search.catalog,
            lookups=search.lookups,
        )
    )
    return Advice(
        changes=(*creates, *drops),
        cost_before=search.objective.query_cost(frozenset()),
        cost_after=search.objective.query_cost(search.chosen),
        gap=search.gap(),
        left_out=(*workload.left_out, *left_out.values()),
        complete=search.planning.complete,
    )


def _share(query: WeightedQuery, total_ms: float, total_weight: float) -> float:
    if query.load and total_ms > 0:
        return query.load.total_ms / total_ms
    return query.weight / total_weight if total_weight > 0 else 0.0
