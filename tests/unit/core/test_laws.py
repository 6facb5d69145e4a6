"""Laws that advice keeps whatever the workload, the indexes that are there, the writes, and whether plans are priced by their risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.advise import advise
from pgtend.core.candidates import is_served, starts_with
from pgtend.core.plan_price import lookups_in, price_with
from pgtend.core.planning import Pool
from pgtend.core.upkeep import upkeep_of, writes_of
from pgtend.domain.advice import Advice, Constraints, CostRequest, PlanCost
from pgtend.domain.catalog import Catalog, ExistingIndex, WriteCounters
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Workload
from tests.unit.core.catalogs import POSSIBLE, existing, followed
from tests.unit.core.planner import Planner
from tests.unit.core.test_advise import SHOP, TEXTS, creates, workload

LOOPS = 3_000.0

there = st.lists(
    st.tuples(st.sampled_from(POSSIBLE), st.sampled_from(("plain", "plain", "unique", "invalid"))), max_size=5
).map(
    lambda drawn: tuple(
        existing(index, f"there_{number}", oid=10 + number, valid=kind != "invalid", unique=kind == "unique")
        for number, (index, kind) in enumerate(drawn)
    )
)
weights = st.integers(1, 1000) | st.integers(1, 10_000_000)
workloads = st.lists(
    st.tuples(st.sampled_from(TEXTS), weights.map(float)), min_size=1, max_size=7, unique_by=lambda each: each[0]
).map(lambda drawn: workload([text for text, _ in drawn], [weight for _, weight in drawn]))
hot = st.integers(0, 100)


def shop(indexes: Sequence[ExistingIndex], hot_percent: int) -> Catalog:
    counted = WriteCounters(inserted=1000, updated=100, deleted=0, hot_updated=hot_percent)
    tables = {name: replace(table, writes=counted) for name, table in SHOP.tables.items()}
    return replace(SHOP, tables=tables, indexes=tuple(indexes))


catalogs = st.builds(shop, there, hot)
rules = st.builds(
    Constraints,
    storage_budget=st.none() | st.integers(0, 200_000_000),
    max_indexes_per_table=st.integers(1, 6),
    price_risk=st.booleans(),
    minimum_gain=st.sampled_from((0.0, 0.002, 0.05)),
    single_steps=st.booleans(),
)


def ask(given_workload: Workload, of: Catalog, within: Constraints, pool: Pool | None = None) -> Advice:
    return Planner(of, loops=LOOPS).answer(advise(given_workload, of, within, pool))


def whole_cost(given_workload: Workload, of: Catalog, advice: Advice, within: Constraints) -> float:
    """What the workload costs once the advice is followed, planned anew, with the upkeep of what is new."""
    planner = Planner(of, loops=LOOPS)
    price = price_with(lookups_in(of), of)
    dropped = {change.index.name for change in advice.changes if change.action is Action.DROP}
    hidden = tuple(each.oid for each in of.indexes if each.name in dropped)
    shown = tuple(creates(advice))
    total = 0.0
    for query in given_workload.queries:
        if query.query.plannable:
            answer = planner.plan(CostRequest(query=query.query, shown=shown, hidden=hidden))
            assert isinstance(answer, PlanCost)
            total += query.weight * (price(answer) if within.price_risk else answer.cost)
    writes = writes_of(given_workload, of)
    return total + sum(upkeep_of(index, of, writes) for index in shown)


@settings(max_examples=40, deadline=None)
@given(workloads, catalogs, rules)
def test_nothing_is_advised_that_is_there_or_that_begins_another_that_is_chosen_without_need(
    given_workload: Workload, of: Catalog, within: Constraints
) -> None:
    advice = ask(given_workload, of, within)
    chosen = creates(advice)
    assert len(set(chosen)) == len(chosen)
    for one in chosen:
        assert not is_served(one, of.indexes)
        if any(starts_with(other, one) for other in chosen if other != one):
            rest = replace(advice, changes=tuple(each for each in advice.changes if each.index != one))
            reached = whole_cost(given_workload, of, advice, within)
            upkeep = sum(upkeep_of(index, of, writes_of(given_workload, of)) for index in chosen)
            least_gain = within.minimum_gain * (reached - upkeep)
            assert whole_cost(given_workload, of, rest, within) - reached > least_gain


@settings(max_examples=40, deadline=None)
@given(workloads, catalogs, rules)
def test_the_same_input_gives_the_same_answer(given_workload: Workload, of: Catalog, within: Constraints) -> None:
    assert ask(given_workload, of, within) == ask(given_workload, of, within)


@settings(max_examples=40, deadline=None)
@given(workloads, catalogs, rules)
def test_once_the_advice_is_followed_there_is_nothing_new(
    given_workload: Workload, of: Catalog, within: Constraints
) -> None:
    rounds = 0
    dropped: list[Index] = []
    while changes := (advice := ask(given_workload, of, within)).changes:
        rounds += 1
        # Where each change is decided by itself, what a new index lets go, and what that makes room for, comes with later advice.
        assert rounds <= (4 if within.single_steps else 1)
        assert not any(index in dropped for index in creates(advice))
        dropped += [replace(change.index, name=None) for change in changes if change.action is Action.DROP]
        of, within = followed(of, advice), what_is_left(within, advice)


def what_is_left(within: Constraints, advice: Advice) -> Constraints:
    """The limits once the advice is followed."""
    if within.storage_budget is None:
        return within
    signs = {Action.CREATE: 1, Action.DROP: -1}
    added = sum(signs[each.action] * each.evidence.size_bytes for each in advice.changes)
    return replace(within, storage_budget=within.storage_budget - added)


@settings(max_examples=40, deadline=None)
@given(workloads, catalogs, rules, st.lists(st.integers(0, 150_000_000), min_size=2, max_size=5))
def test_with_one_pool_a_larger_budget_is_never_worse(
    given_workload: Workload, of: Catalog, within: Constraints, drawn: list[int]
) -> None:
    pool, reached = Pool(), inf
    for budget in sorted(drawn):
        rule = replace(within, storage_budget=budget)
        cost = whole_cost(given_workload, of, ask(given_workload, of, rule, pool), rule)
        assert cost <= reached * (1 + 1e-9)
        reached = cost


@settings(max_examples=40, deadline=None)
@given(workloads, catalogs, rules, st.lists(st.integers(0, 150_000_000), min_size=2, max_size=5))
def test_with_searches_of_their_own_a_larger_budget_is_worse_by_no_more_than_the_gap_that_is_stated(
    given_workload: Workload, of: Catalog, within: Constraints, drawn: list[int]
) -> None:
    reached = inf
    for budget in sorted(drawn):
        rule = replace(within, storage_budget=budget, price_risk=False, single_steps=True)
        advice = ask(given_workload, of, rule)
        cost = whole_cost(given_workload, of, advice, rule)
        assert advice.gap is None or cost * (1 - advice.gap) <= reached * (1 + 1e-6)
        reached = min(cost, reached)


def test_a_search_with_an_earlier_ones_pool_ends_with_no_set_that_costs_more_though_it_would_leave_more_out() -> None:
    given_workload, of, pool = workload(), shop((), 50), Pool()
    strict = Constraints(minimum_gain=0.3)
    few = whole_cost(given_workload, of, ask(given_workload, of, strict), strict)
    many = whole_cost(given_workload, of, ask(given_workload, of, Constraints(minimum_gain=0.0), pool), strict)
    assert many < few
    assert whole_cost(given_workload, of, ask(given_workload, of, strict, pool), strict) <= many * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(workloads, hot, rules)
def test_what_was_learnt_is_hardly_asked_again_and_leads_to_nothing_worse(
    given_workload: Workload, hot_percent: int, within: Constraints
) -> None:
    of, pool, reached = shop((), hot_percent), Pool(), inf
    planners = [Planner(of, loops=LOOPS) for _ in range(3)]
    for planner in planners:
        advice = planner.answer(advise(given_workload, of, within, pool))
        cost = whole_cost(given_workload, of, advice, within)
        assert cost <= reached * (1 + 1e-9)
        reached = cost
    # A search that knows more from the start may look at a set that the one before had no reason to look at.
    assert planners[1].explains <= max(planners[0].explains / 4, 2)
    assert planners[2].explains <= planners[1].explains
