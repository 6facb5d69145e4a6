"""Why each chosen index is proposed: the queries that it helps, what it saves and costs, what it beat, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgtend.core.candidates import starts_with
from pgtend.core.known_costs import IndexSet, KnownCosts, KnownPlan
from pgtend.core.plan_change import describe_plan_change
from pgtend.core.plan_price import Lookups
from pgtend.core.redundancy import is_droppable
from pgtend.core.risk import HelpedPlan, assess
from pgtend.core.wording import keys_of, reduction
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action, Alternative, Evidence, HelpedQuery
from pgtend.domain.workload import WeightedQuery

SHOWN_QUERIES = 20
SHOWN_ALTERNATIVES = 3
SHOWN_REDUNDANT = 10
NOTHING: IndexSet = frozenset()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search ended with."""

    chosen: IndexSet
    queries: Sequence[WeightedQuery]
    on_tables: Mapping[str, IndexSet]
    """The chosen indexes on the tables of each query, by the query's id."""
    known: KnownCosts
    sizes: Mapping[Index, int]
    upkeep: Mapping[Index, float]
    """Planner's cost of keeping each index up to date, over the observed time (of a run of the workload, from files)."""
    hours: float | None
    catalog: Catalog
    lookups: Lookups


def advised_creates(found: Found) -> tuple[AdvisedChange, ...]:
    """A Create for each chosen index that helps a query, the one of the highest priority first.

    A query counts with the index alone against nothing, as it would be after this one approval; where the index is of use
    only beside other chosen ones, with all of them against all but this.
    """
    changes = []
    for index in found.sizes:
        if index not in found.chosen:
            continue
        helped = [(query, before, after) for query in found.queries for before, after in _pairs(query.id, index, found)]
        if helped:
            changes.append(_create(index, helped, found))
    changes.sort(key=lambda change: -change.evidence.priority)
    return tuple(changes)


def seconds_of_cost(queries: Sequence[WeightedQuery], known: KnownCosts) -> float:
    """Seconds that a unit of the planner's cost takes in this workload as things are; 0 where no times are known."""
    seconds = cost = 0.0
    for query in queries:
        plan = known.plan_with(query.id, NOTHING)
        if query.load is not None and plan is not None:
            seconds += query.load.total_ms / 1000
            cost += query.weight * plan.cost
    return seconds / cost if cost > 0 else 0.0


def _pairs(query: str, index: Index, found: Found) -> list[tuple[KnownPlan, KnownPlan]]:
    known, chosen = found.known, found.on_tables[query]
    if index not in chosen:
        return []
    nothing, alone = known.plan_with(query, NOTHING), known.plan_with(query, frozenset({index}))
    if nothing and alone and index in alone.used and alone.cost < nothing.cost:
        return [(nothing, alone)]
    others, together = known.plan_with(query, chosen - {index}), known.plan_with(query, chosen)
    if others and together and index in together.used and together.cost < others.cost:
        return [(others, together)]
    return []


def _create(index: Index, helped: Sequence[tuple[WeightedQuery, KnownPlan, KnownPlan]], found: Found) -> AdvisedChange:
    period = found.hours or 1.0
    statements: dict[str, list[tuple[WeightedQuery, KnownPlan, KnownPlan]]] = {}
    for each in helped:
        statements.setdefault(each[0].statement, []).append(each)
    queries = [_helped(variants, period, found.catalog) for variants in statements.values()]
    cost_before = sum(query.weight * before.cost for query, before, _ in helped) / period
    cost_after = sum(query.weight * after.cost for query, _, after in helped) / period
    saved = sum(_saved_seconds(query, before, after) for query, before, after in helped) / period
    write_cost = found.upkeep[index] / period
    queries.sort(key=lambda query: -(query.cost_before - query.cost_after) * query.calls_per_hour)
    risk, risk_reason = assess(
        index,
        [
            HelpedPlan(query=each.query, weight=each.weight, before=before, after=after)
            for each, before, after in helped
        ],
        found.catalog,
        found.lookups,
    )
    evidence = Evidence(
        validated=True,
        cost_before=round(cost_before, 2),
        cost_after=round(cost_after, 2),
        saved_seconds_per_hour=round(saved, 3),
        size_bytes=found.sizes[index],
        write_cost=round(write_cost, 2),
        queries=tuple(queries[:SHOWN_QUERIES]),
        reason=_reason(len(statements), cost_before, cost_after, saved, observed=found.hours is not None),
        risk=risk,
        risk_reason=risk_reason,
        priority=round(_priority(cost_before - cost_after, saved, write_cost, found), 3),
        alternatives=tuple(_alternatives(index, helped, found, period))[:SHOWN_ALTERNATIVES],
        makes_redundant=tuple(_redundant(index, found.catalog))[:SHOWN_REDUNDANT],
    )
    return AdvisedChange(action=Action.CREATE, index=index, evidence=evidence)


def _helped(
    variants: Sequence[tuple[WeightedQuery, KnownPlan, KnownPlan]], period: float, catalog: Catalog
) -> HelpedQuery:
    """A statement; where it was planned in variants, their mean, and the change of plan of the one that gains the most."""
    weight = sum(query.weight for query, _, _ in variants) or 1.0
    query, before, after = max(variants, key=lambda each: each[0].weight * (each[1].cost - each[2].cost))
    change = describe_plan_change(before.shape, after.shape, catalog)
    if not change and before.summary and after.summary:
        change = f"{before.summary} → {after.summary}"
    calls = sum(each.load.calls for each, _, _ in variants if each.load)
    total_ms = sum(each.load.total_ms for each, _, _ in variants if each.load)
    return HelpedQuery(
        fingerprint=query.query.fingerprint,
        text=query.query.text,
        calls_per_hour=round(weight / period, 1),
        mean_ms=round(total_ms / calls, 3) if calls else 0.0,
        cost_before=sum(each.weight * plan.cost for each, plan, _ in variants) / weight,
        cost_after=sum(each.weight * plan.cost for each, _, plan in variants) / weight,
        plan_change=change,
    )


def _saved_seconds(query: WeightedQuery, before: KnownPlan, after: KnownPlan) -> float:
    """Seconds over the observed time, if time goes the way of the estimated cost."""
    if query.load is None or before.cost <= 0:
        return 0.0
    return query.load.total_ms / 1000 * (1 - after.cost / before.cost)


def _priority(gain: float, saved: float, write_cost: float, found: Found) -> float:
    """What is saved an hour less what upkeep takes: in seconds, or in the planner's units where no times are known."""
    rate = seconds_of_cost(found.queries, found.known)
    return saved - write_cost * rate if rate > 0 else gain - write_cost


def _alternatives(
    index: Index, helped: Sequence[tuple[WeightedQuery, KnownPlan, KnownPlan]], found: Found, period: float
) -> Iterator[Alternative]:
    """Other indexes on the table that were planned alone for these queries, those first that would save most."""
    costs: list[tuple[float, Index]] = []
    before = sum(query.weight * plan.cost for query, plan, _ in helped)
    for other in found.sizes:
        if other.table_name != index.table_name or other in found.chosen:
            continue
        plans = [(query, found.known.plan_with(query.id, frozenset({other}))) for query, _, _ in helped]
        if any(plan is None for _, plan in plans):
            continue  # nobody asked what it would do for all of them
        cost = sum(query.weight * plan.cost for query, plan in plans if plan is not None)
        if cost < before:
            costs.append((cost, other))
    costs.sort(key=lambda each: each[0])
    for cost, other in costs:
        yield Alternative(keys=keys_of(other), cost_after=round(cost / period, 2), size_bytes=found.sizes[other])


def _redundant(index: Index, catalog: Catalog) -> Iterator[str]:
    """Existing indexes that this one begins with, and that nothing else needs."""
    for existing in catalog.indexes_of(index.table_name):
        if existing.index is None or not existing.valid or not is_droppable(existing):
            continue
        same = (existing.index.method, existing.index.predicate) == (index.method, index.predicate)
        if same and starts_with(index, existing.index):
            yield existing.name


def _reason(queries: int, before: float, after: float, saved: float, *, observed: bool) -> str:
    percent = 100 * (1 - after / before) if before > 0 else 0.0
    what = "One query" if queries == 1 else f"{queries} queries"
    sentence = f"{what} would cost {reduction(percent)} % less by the planner's estimate"
    return f"{sentence}, about {saved:.1f} s saved an hour at the observed rate." if observed else f"{sentence}."
