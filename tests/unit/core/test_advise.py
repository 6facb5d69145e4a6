from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.advise import advise
from pgtend.core.candidates import is_served
from pgtend.core.planning import FIRST_AT_ONCE
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Advice, Constraints, CostAnswer, CostRequest, PlanCost
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Load, Query, WeightedQuery, Workload
from tests.unit.core.catalogs import catalog, existing, index_on
from tests.unit.core.planner import Planner

SHOP = catalog()
TEXTS = (
    "select id from payments where booking_id = $1",
    "select id from bookings where couple_id = $1 order by wedding_date",
    "select id from bookings where vendor_id = $1 and wedding_date between $2 and $3",
    "select p.id from payments p join bookings b on b.id = p.booking_id where b.couple_id = $1",
    "select sum(amount) from payments where created_at > $1",
    "update payments set status = $1 where booking_id = $2",
    "insert into payments (id, booking_id) values ($1, $2)",
    "select id from bookings where vendor_id = $1 or couple_id = $2",
    "delete from payments where created_at < $1 and status = $2",
)


def workload(texts: Sequence[str] = TEXTS, weights: Sequence[float] = ()) -> Workload:
    queries = []
    for number, text in enumerate(texts):
        query = read_statement(text, SHOP)
        assert isinstance(query, Query)
        weight = weights[number] if number < len(weights) else 100.0
        load = Load(calls=int(weight), total_ms=weight * 20.0, rows=int(weight))
        queries.append(WeightedQuery(id=query.fingerprint, query=query, weight=weight, load=load))
    return Workload(queries=tuple(queries), hours=1.0)


def ask(
    given_workload: Workload, of: Catalog = SHOP, constraints: Constraints | None = None, planner: Planner | None = None
) -> Advice:
    return (planner or Planner(of)).answer(advise(given_workload, of, constraints or Constraints()))


def creates(advice: Advice) -> list[Index]:
    return [change.index for change in advice.changes if change.action is Action.CREATE]


def test_an_index_that_another_begins_with_stays_where_it_saves_much_of_what_is_left() -> None:
    """However little that is of what all of them save: the heavy lookups would be dearer by 0.5 % without it."""
    heavy, light = TEXTS[1], "select id from bookings where couple_id = $1 and vendor_id = $2"
    found = creates(ask(workload([heavy, light], [100.0, 1.0]), constraints=Constraints(price_risk=False)))
    assert index_on("bookings", "couple_id") in found
    assert index_on("bookings", "couple_id", "vendor_id") in found


def test_the_obvious_index_is_found_with_its_evidence() -> None:
    advice = ask(workload(TEXTS[:1]))
    (change,) = advice.changes
    assert change.index == index_on("payments", "booking_id")
    assert change.evidence.validated
    assert change.evidence.benefit_percent > 90
    assert 0 < change.evidence.saved_seconds_per_hour <= 2.0
    (helped,) = change.evidence.queries
    assert helped.text == "select id from public.payments where booking_id = $1"
    assert advice.cost_after < advice.cost_before


workloads = st.lists(
    st.tuples(st.sampled_from(TEXTS), st.integers(1, 1000).map(float)),
    min_size=1,
    max_size=6,
    unique_by=lambda each: each[0],
).map(lambda drawn: workload([text for text, _ in drawn], [weight for _, weight in drawn]))
budgets = st.none() | st.integers(0, 200_000_000)


@settings(max_examples=40, deadline=None)
@given(workloads, budgets, st.integers(1, 4))
def test_what_is_advised_keeps_to_its_limits_and_is_not_there_already(
    given_workload: Workload, budget: int | None, most: int
) -> None:
    there = [existing(index_on("payments", "booking_id"), oid=5), existing(index_on("bookings", "vendor_id"), oid=6)]
    of = replace(SHOP, indexes=tuple(there))
    planner = Planner(of)
    advice = ask(given_workload, of, Constraints(storage_budget=budget, max_indexes_per_table=most), planner)
    chosen = creates(advice)
    assert not any(is_served(index, there) for index in chosen)
    drops = [change for change in advice.changes if change.action is Action.DROP]
    # What goes makes room for what comes.
    freed = sum(change.evidence.size_bytes for change in drops)
    assert budget is None or sum(map(planner.size, chosen)) <= budget + freed
    for table in of.tables:
        stay = len(of.indexes_of(table)) - sum(change.index.table_name == table for change in drops)
        assert sum(index.table_name == table for index in chosen) <= max(most - stay, 0)
    assert advice.cost_after <= advice.cost_before


def all_in(advice: Advice) -> float:
    """The cost of the workload and of the upkeep: what advice without a price of risk makes least."""
    return advice.cost_after + sum(change.evidence.write_cost for change in advice.changes)


@settings(max_examples=30, deadline=None)
@given(workloads, st.integers(0, 100_000_000), st.integers(0, 100_000_000))
def test_a_larger_budget_is_worse_by_no_more_than_the_advice_itself_says(
    given_workload: Workload, budget: int, more: int
) -> None:
    within = Constraints(storage_budget=budget, minimum_gain=0.0, price_risk=False)
    smaller = ask(given_workload, constraints=within)
    larger = ask(given_workload, constraints=replace(within, storage_budget=budget + more))
    assert all_in(larger) * (1 - (larger.gap or 0.0)) <= all_in(smaller) * (1 + 1e-6)


@settings(max_examples=30, deadline=None)
@given(workloads, st.integers(1, 60))
def test_whenever_the_time_is_over_something_sensible_is_advised(given_workload: Workload, plans: int) -> None:
    planner = Planner(SHOP, plan_seconds=1.0)
    advice = ask(given_workload, constraints=Constraints(seconds=float(plans), minimum_gain=0.0), planner=planner)
    assert advice.cost_after <= advice.cost_before
    assert planner.explains <= max(plans, FIRST_AT_ONCE)
    if not advice.complete:
        assert planner.explains >= min(plans, FIRST_AT_ONCE)


def test_on_a_slow_server_the_heaviest_statement_is_helped_first() -> None:
    given_workload = workload((*TEXTS[1:8], TEXTS[0]), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 900.0])
    planner = Planner(SHOP, plan_seconds=1.0)
    advice = ask(given_workload, constraints=Constraints(seconds=9.0), planner=planner)
    assert not advice.complete
    helped = {query.fingerprint for change in advice.changes for query in change.evidence.queries}
    assert given_workload.queries[7].query.fingerprint in helped


def test_batches_are_as_large_as_the_planner_is_quick_and_do_not_change_the_answer() -> None:
    slow, quick = Planner(SHOP, plan_seconds=1.0), Planner(SHOP, plan_seconds=0.0001)
    assert ask(workload(), planner=slow) == ask(workload(), planner=quick)
    assert slow.batches[0] == FIRST_AT_ONCE
    assert set(slow.batches[1:]) == {1}
    assert max(quick.batches) > FIRST_AT_ONCE


def test_an_index_that_serves_one_query_is_tried_alone_for_another_that_uses_one_that_begins_with_it() -> None:
    asked: list[CostRequest] = []

    class Asked(Planner):
        def plan(self, request: CostRequest) -> CostAnswer:
            asked.append(request)
            return super().plan(request)

    texts = (TEXTS[0], "select id from payments where booking_id = $1 and status = $2")
    both = workload(texts)
    ask(both, planner=Asked(SHOP))
    narrow = (index_on("payments", "booking_id"),)
    assert both.queries[1].query in [request.query for request in asked if request.shown == narrow]


def test_an_index_that_does_not_pay_for_its_writes_is_not_advised() -> None:
    texts = (TEXTS[0], TEXTS[6])
    assert creates(ask(workload(texts, [100.0, 100.0]))) == [index_on("payments", "booking_id")]
    assert creates(ask(workload(texts, [1.0, 100_000_000.0]))) == []


def test_what_a_person_does_not_want_is_not_advised() -> None:
    constraints = Constraints(unwanted=frozenset({index_on("payments", "booking_id")}))
    assert creates(ask(workload(TEXTS[:1]), constraints=constraints)) == []  # nor what is next to the same


def test_an_unplannable_query_is_left_out_with_its_share_and_the_rest_is_helped() -> None:
    given_workload = workload(TEXTS[:2], [300.0, 100.0])
    first = given_workload.queries[1].query.fingerprint
    advice = ask(given_workload, planner=Planner(SHOP, {first: "A reason."}))
    (left_out,) = advice.left_out
    assert (left_out.id, left_out.reason, left_out.share) == (first, "A reason.", 0.25)
    assert creates(advice) == [index_on("payments", "booking_id")]


def test_a_deadline_ends_the_search_with_what_is_known() -> None:
    advice = ask(workload(), constraints=Constraints(seconds=0.5), planner=Planner(SHOP, seconds=1.0))
    assert not advice.complete


@settings(max_examples=20, deadline=None)
@given(workloads, budgets)
def test_the_advice_says_how_far_it_may_be_from_the_best(given_workload: Workload, budget: int | None) -> None:
    advice = ask(given_workload, constraints=Constraints(storage_budget=budget, minimum_gain=0.0, price_risk=False))
    assert advice.gap is None or 0 <= advice.gap < 1
    assert advice.complete


def test_an_invalid_index_does_not_count_as_one() -> None:
    of = replace(SHOP, indexes=(existing(index_on("payments", "booking_id"), valid=False),))
    assert creates(ask(workload(TEXTS[:1]), of)) == [index_on("payments", "booking_id")]


@pytest.mark.parametrize("by", [ask, lambda *given: advise_unvalidated(*given)], ids=["planned", "by statistics"])
def test_what_a_dropped_duplicate_frees_counts_unless_each_change_is_decided_by_itself(
    by: Callable[[Workload, Catalog, Constraints], Advice],
) -> None:
    size = Planner(SHOP).size(index_on("payments", "booking_id"))
    twice = [
        replace(existing(index_on("payments", "status"), name, oid=oid), size_bytes=size)
        for oid, name in ((1, "a"), (2, "b"))
    ]
    of = replace(SHOP, indexes=tuple(twice))
    places, bytes_ = Constraints(max_indexes_per_table=2), Constraints(storage_budget=size // 2)
    for limited in (places, bytes_):
        both = by(workload(TEXTS[:1]), of, limited)
        assert [change.action for change in both.changes] == [Action.CREATE, Action.DROP]
        alone = by(workload(TEXTS[:1]), of, replace(limited, single_steps=True))
        assert [change.action for change in alone.changes] == [Action.DROP]


def test_an_empty_workload_gets_no_advice() -> None:
    advice = ask(Workload(queries=()))
    assert advice.changes == ()
    assert advice.complete


def test_without_a_planner_the_statistics_speak_and_nothing_is_called_validated() -> None:
    advice = advise_unvalidated(workload(TEXTS[:1]), SHOP, Constraints())
    assert creates(advice) == [index_on("payments", "booking_id")]
    assert not any(change.evidence.validated for change in advice.changes)


def test_after_a_deadline_nothing_is_said_about_sets_that_nobody_looked_at() -> None:
    advice = ask(workload(), constraints=Constraints(seconds=0.5), planner=Planner(SHOP, seconds=1.0))
    assert advice.gap is None


def test_a_statement_that_could_never_end_is_left_out_and_the_rest_is_helped() -> None:
    class Bomb(Planner):
        def plan(self, request: CostRequest) -> CostAnswer:
            answer = super().plan(request)
            return (
                replace(answer, cost=1e40) if "sum" in request.query.text and isinstance(answer, PlanCost) else answer
            )

    advice = ask(workload((TEXTS[0], TEXTS[4])), planner=Bomb(SHOP))
    assert creates(advice) == [index_on("payments", "booking_id")]
    assert [each.reason for each in advice.left_out] == ["Its estimated cost is beyond anything that could ever end."]
