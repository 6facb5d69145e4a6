"""Why each chosen index is proposed: the queries that it helps, what it saves and costs, what it beat, and how sure that is.

What an index saves is what it adds to the others: how much dearer each query gets when it alone is taken out of the chosen
set. Where two do the same, neither loses anything by that, so neither claims it; where several help a query only together, each
would claim all of it, and they divide the query's whole saving in proportion. So the claims never add up to more than there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pgtend.core.candidates import starts_with
from pgtend.core.known_costs import NOTHING, IndexSet, KnownCosts, KnownPlan
from pgtend.core.plan_change import describe_plan_change
from pgtend.core.plan_price import Lookups
from pgtend.core.priority import first_by_priority, net_saving
from pgtend.core.redundancy import definition_of, is_droppable, is_plain
from pgtend.core.risk import HelpedPlan, assess
from pgtend.core.wording import keys_of, reduction
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index
from pgtend.domain.recommendation import SHOWN_QUERIES, Action, Alternative, Evidence, HelpedQuery
from pgtend.domain.workload import WeightedQuery

SHOWN_ALTERNATIVES = 3
SHOWN_REDUNDANT = 10
SHOWN_PARTNERS = 3


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

    @cached_property
    def in_order(self) -> tuple[Index, ...]:
        """The chosen indexes, in the order of the candidates, of which there may be tens of thousands."""
        return tuple(index for index in self.sizes if index in self.chosen)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What one chosen index saves of one query, with the query's plans with all that is chosen but it, and with all."""

    query: WeightedQuery
    now: KnownPlan
    """The plan as things are."""
    without: KnownPlan
    together: KnownPlan
    saved: float
    """Planner's cost of one run that is this index's own."""
    partners: IndexSet
    """Chosen indexes with which alone it saves what they claim together; empty where it needs none."""


def advised_creates(found: Found) -> tuple[AdvisedChange, ...]:
    """A Create for each chosen index that saves something beside the others, the one of the highest priority first."""
    claims: dict[Index, list[Claim]] = {}
    for query in found.queries:
        for index, claim in claims_of(query, found):
            claims.setdefault(index, []).append(claim)
    changes = [_create(index, claims[index], found) for index in found.in_order if index in claims]
    return first_by_priority(changes)


def claims_of(query: WeightedQuery, found: Found) -> Iterator[tuple[Index, Claim]]:
    """What each of the indexes that the query's plan with the chosen set uses saves of it."""
    known, chosen = found.known, found.on_tables[query.id]
    # Where time ran out before the planner was asked, what it costs at most.
    now, together = known.plan_with(query.id, NOTHING), known.plan_at_most(query.id, chosen)
    if now is None or together is None or together.cost >= now.cost:
        return
    without = {
        index: known.plan_at_most(query.id, chosen - {index}) or now
        for index in found.in_order
        if index in together.used
    }
    lost = {index: plan.cost - together.cost for index, plan in without.items() if plan.cost > together.cost}
    share = min((now.cost - together.cost) / sum(lost.values()), 1.0) if lost else 0.0
    for index, loss in lost.items():
        partners = frozenset(lost) - {index} if share < 1 else NOTHING
        yield (
            index,
            Claim(
                query=query,
                now=now,
                without=without[index],
                together=together,
                saved=loss * share,
                partners=partners,
            ),
        )


def seconds_of_cost(queries: Sequence[WeightedQuery], known: KnownCosts) -> float:
    """Seconds that a unit of the planner's cost takes in this workload as things are; 0 where no times are known."""
    seconds = cost = 0.0
    for query in queries:
        plan = known.plan_with(query.id, NOTHING)
        if query.load is not None and plan is not None:
            seconds += query.load.total_ms / 1000
            cost += query.weight * plan.cost
    return seconds / cost if cost > 0 else 0.0


def _create(index: Index, claims: Sequence[Claim], found: Found) -> AdvisedChange:
    period = found.hours or 1.0
    statements: dict[str, list[Claim]] = {}
    for claim in claims:
        statements.setdefault(claim.query.statement, []).append(claim)
    queries = [_helped(variants, period, found.catalog) for variants in statements.values()]
    gain = sum(claim.query.weight * claim.saved for claim in claims) / period
    cost_after = sum(claim.query.weight * claim.together.cost for claim in claims) / period
    saved = sum(map(_saved_seconds, claims)) / period
    write_cost = found.upkeep[index] / period
    queries.sort(key=lambda query: -(query.cost_before - query.cost_after) * query.calls_per_hour)
    risk, risk_reason = assess(
        index,
        [
            HelpedPlan(query=claim.query.query, weight=claim.query.weight, before=claim.without, after=claim.together)
            for claim in claims
        ],
        found.catalog,
        found.lookups,
    )
    partners = frozenset().union(*(claim.partners for claim in claims))
    evidence = Evidence(
        validated=True,
        cost_before=round(cost_after + gain, 2),
        cost_after=round(cost_after, 2),
        saved_seconds_per_hour=round(saved, 3),
        size_bytes=found.sizes[index],
        write_cost=round(write_cost, 2),
        queries=tuple(queries[:SHOWN_QUERIES]),
        more_queries=max(len(queries) - SHOWN_QUERIES, 0),
        reason=_reason(len(statements), gain, cost_after, saved, observed=found.hours is not None)
        + _shared_with([other for other in found.in_order if other in partners]),
        risk=risk,
        risk_reason=risk_reason,
        priority=round(net_saving(gain, saved, write_cost, seconds_of_cost(found.queries, found.known)), 3),
        alternatives=tuple(_alternatives(index, claims, gain, found, period))[:SHOWN_ALTERNATIVES],
        makes_redundant=tuple(_redundant(index, found.catalog))[:SHOWN_REDUNDANT],
    )
    return AdvisedChange(action=Action.CREATE, index=index, evidence=evidence)


def _helped(variants: Sequence[Claim], period: float, catalog: Catalog) -> HelpedQuery:
    """A statement; where it was planned in variants, their mean, and the change of plan of the one that gains the most."""
    weight = sum(claim.query.weight for claim in variants) or 1.0
    most = max(variants, key=lambda claim: claim.query.weight * claim.saved)
    change = describe_plan_change(most.without.shape, most.together.shape, catalog)
    if not change and most.without.summary and most.together.summary:
        change = f"{most.without.summary} → {most.together.summary}"
    calls = sum(claim.query.load.calls for claim in variants if claim.query.load)
    total_ms = sum(claim.query.load.total_ms for claim in variants if claim.query.load)
    return HelpedQuery(
        fingerprint=most.query.query.fingerprint,
        text=most.query.query.text,
        calls_per_hour=round(weight / period, 1),
        mean_ms=round(total_ms / calls, 3) if calls else 0.0,
        cost_before=sum(claim.query.weight * claim.without.cost for claim in variants) / weight,
        cost_after=sum(claim.query.weight * claim.together.cost for claim in variants) / weight,
        plan_change=change,
    )


def _saved_seconds(claim: Claim) -> float:
    """Seconds over the observed time, if time goes the way of the estimated cost."""
    if claim.query.load is None or claim.now.cost <= 0:
        return 0.0
    return claim.query.load.total_ms / 1000 * claim.saved / claim.now.cost


def _alternatives(
    index: Index, claims: Sequence[Claim], gain: float, found: Found, period: float
) -> Iterator[Alternative]:
    """Other indexes on the table that are known to serve these queries in its place, those first that would save most."""
    costs: list[tuple[float, Index]] = []
    after = sum(claim.query.weight * claim.together.cost for claim in claims)
    for other in found.sizes:
        if other.table_name != index.table_name or other in found.chosen:
            continue
        cost = _costs_in_place(index, other, claims, found)
        if cost is not None and cost < after + gain * period:
            costs.append((cost, other))
    costs.sort(key=lambda each: each[0])
    for cost, other in costs:
        yield Alternative(keys=keys_of(other), cost_after=round(cost / period, 2), size_bytes=found.sizes[other])


def _costs_in_place(index: Index, other: Index, claims: Sequence[Claim], found: Found) -> float | None:
    """The weighted cost of all of these queries; None where nobody asked what the other would do for one of them."""
    total = 0.0
    for claim in claims:
        cost = _cost_in_place(index, other, claim, found)
        if cost is None:
            return None
        total += claim.query.weight * cost
    return total


def _cost_in_place(index: Index, other: Index, claim: Claim, found: Found) -> float | None:
    """A query's cost with another index in this one's place; no more, that is, than with that one alone."""
    query, known = claim.query.id, found.known
    others = (found.on_tables[query] - {index}) | {other}
    costs = [plan.cost for shown in (others, frozenset({other})) if (plan := known.plan_with(query, shown)) is not None]
    return min((*costs, claim.without.cost)) if costs else None


def _redundant(index: Index, catalog: Catalog) -> Iterator[str]:
    """Existing indexes that this one begins with, and that nothing else needs."""
    for existing in catalog.indexes_of(index.table_name):
        if (
            existing.valid
            and is_plain(existing)
            and is_droppable(existing)
            and starts_with(index, definition_of(existing))
        ):
            yield existing.name


def _reason(queries: int, gain: float, after: float, saved: float, *, observed: bool) -> str:
    percent = 100 * gain / (after + gain) if after + gain > 0 else 0.0
    what = "One query" if queries == 1 else f"{queries} queries"
    sentence = f"{what} would cost {reduction(percent)} % less by the planner's estimate"
    return f"{sentence}, about {saved:.1f} s saved an hour at the observed rate." if observed else f"{sentence}."


def _shared_with(partners: Sequence[Index]) -> str:
    if not partners:
        return ""
    names = [f"{index.table} ({keys_of(index)})" for index in partners[:SHOWN_PARTNERS]]
    if len(partners) > SHOWN_PARTNERS:
        names.append(f"{len(partners) - SHOWN_PARTNERS} more")
    return f" That is its share of what it saves only together with {' and '.join(names)}."
