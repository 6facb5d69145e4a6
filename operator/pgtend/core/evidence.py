"""Why each chosen index is proposed: the queries that it helps, what it saves, what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pgtend.core.known_costs import IndexSet, KnownCosts, KnownPlan
from pgtend.core.wording import reduction
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action, Evidence, HelpedQuery
from pgtend.domain.workload import WeightedQuery

SHOWN_QUERIES = 20
NOTHING: IndexSet = frozenset()


def advised_creates(
    chosen: IndexSet,
    queries: Sequence[WeightedQuery],
    candidates: Mapping[str, IndexSet],
    known: KnownCosts,
    sizes: Mapping[Index, int],
    upkeep: Mapping[Index, float],
    hours: float | None,
) -> tuple[AdvisedChange, ...]:
    """A Create for each chosen index that helps a query, the one that saves the most time first.

    A query counts with the index alone against nothing, as it would be after this one approval; where the index is of use
    only beside other chosen ones, with all of them against all but this.
    """
    changes = []
    for index in sizes:
        if index not in chosen:
            continue
        helped = [
            (query, before, after)
            for query in queries
            if index in candidates[query.id]
            for before, after in _pairs(query.id, index, chosen & candidates[query.id], known)
        ]
        if helped:
            changes.append(_create(index, helped, sizes[index], upkeep[index], hours))
    changes.sort(
        key=lambda change: (
            -change.evidence.saved_seconds_per_hour,
            change.evidence.cost_after - change.evidence.cost_before,
        )
    )
    return tuple(changes)


def _pairs(query: str, index: Index, chosen: IndexSet, known: KnownCosts) -> list[tuple[KnownPlan, KnownPlan]]:
    nothing, alone = known.plan_with(query, NOTHING), known.plan_with(query, frozenset({index}))
    if nothing and alone and index in alone.used and alone.cost < nothing.cost:
        return [(nothing, alone)]
    others, together = known.plan_with(query, chosen - {index}), known.plan_with(query, chosen)
    if others and together and index in together.used and together.cost < others.cost:
        return [(others, together)]
    return []


def _create(
    index: Index,
    helped: Sequence[tuple[WeightedQuery, KnownPlan, KnownPlan]],
    size: int,
    upkeep: float,
    hours: float | None,
) -> AdvisedChange:
    period = hours or 1.0
    queries = [_helped(query, before, after, period) for query, before, after in helped]
    cost_before = sum(query.weight * before.cost for query, before, _ in helped) / period
    cost_after = sum(query.weight * after.cost for query, _, after in helped) / period
    saved = sum(_saved_seconds(query, before, after) for query, before, after in helped) / period
    order = sorted(range(len(queries)), key=lambda n: -(helped[n][1].cost - helped[n][2].cost) * helped[n][0].weight)
    evidence = Evidence(
        validated=True,
        cost_before=round(cost_before, 2),
        cost_after=round(cost_after, 2),
        saved_seconds_per_hour=round(saved, 3),
        size_bytes=size,
        write_cost=round(upkeep / period, 2),
        queries=tuple(queries[number] for number in order[:SHOWN_QUERIES]),
        reason=_reason(len(helped), cost_before, cost_after, saved, observed=hours is not None),
    )
    return AdvisedChange(action=Action.CREATE, index=index, evidence=evidence)


def _helped(query: WeightedQuery, before: KnownPlan, after: KnownPlan, period: float) -> HelpedQuery:
    return HelpedQuery(
        fingerprint=query.query.fingerprint,
        text=query.query.text,
        calls_per_hour=round(query.weight / period, 1),
        mean_ms=round(query.load.mean_ms, 3) if query.load else 0.0,
        cost_before=before.cost,
        cost_after=after.cost,
        plan_change=f"{before.summary} → {after.summary}" if before.summary and after.summary else "",
    )


def _saved_seconds(query: WeightedQuery, before: KnownPlan, after: KnownPlan) -> float:
    """Seconds over the observed time, if time goes the way of the estimated cost."""
    if query.load is None or before.cost <= 0:
        return 0.0
    return query.load.total_ms / 1000 * (1 - after.cost / before.cost)


def _reason(queries: int, before: float, after: float, saved: float, *, observed: bool) -> str:
    percent = 100 * (1 - after / before) if before > 0 else 0.0
    what = "One query" if queries == 1 else f"{queries} queries"
    sentence = f"{what} would cost {reduction(percent)} % less by the planner's estimate"
    return f"{sentence}, about {saved:.1f} s saved an hour at the observed rate." if observed else f"{sentence}."
