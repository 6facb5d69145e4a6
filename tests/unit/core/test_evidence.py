"""What is said for each advised index besides what it helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings

from pgtend.domain.advice import Constraints, CostAnswer, CostRequest, PlanCost
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index
from pgtend.domain.plan import PlanShape
from pgtend.domain.recommendation import Evidence
from pgtend.domain.workload import Workload
from tests.unit.core.catalogs import existing, index_on
from tests.unit.core.planner import Planner
from tests.unit.core.plans import node, over, scan
from tests.unit.core.test_advise import SHOP, ask, budgets, workload, workloads

LOOKUP = "select id from bookings where vendor_id = $1 and wedding_date = $2"
INSERT = "insert into payments (id, booking_id) values ($1, $2)"
SEARCH = "select id from payments where booking_id = $1"


def evidence(*texts: str, of: Catalog = SHOP, weights: tuple[float, ...] = ()) -> Evidence:
    (change, *_) = ask(workload(texts, weights), of).changes
    return change.evidence


def test_the_next_best_are_named_with_what_they_cost_the_best_first() -> None:
    found = evidence(LOOKUP)
    assert found.alternatives
    costs = [each.cost_after for each in found.alternatives]
    assert costs == sorted(costs)
    assert all(found.cost_after <= cost < found.cost_before for cost in costs)
    assert all(each.size_bytes > 0 and each.keys for each in found.alternatives)


def test_an_existing_index_that_it_begins_with_becomes_redundant() -> None:
    narrow = existing(index_on("bookings", "vendor_id"), "bookings_vendor_id_idx", oid=5)
    other = existing(index_on("bookings", "couple_id"), "bookings_couple_id_idx", oid=6)
    assert evidence(LOOKUP, of=replace(SHOP, indexes=(narrow, other))).makes_redundant == ("bookings_vendor_id_idx",)


def test_an_index_that_holds_a_constraint_is_never_called_redundant() -> None:
    unique = existing(index_on("bookings", "vendor_id"), "bookings_vendor_id_key", unique=True)
    assert evidence(LOOKUP, of=replace(SHOP, indexes=(unique,))).makes_redundant == ()


def test_priority_is_the_time_saved_net_of_the_upkeep() -> None:
    alone = evidence(SEARCH)
    assert alone.priority == pytest.approx(alone.saved_seconds_per_hour)
    written = evidence(SEARCH, INSERT, weights=(100.0, 10_000.0))
    assert written.write_cost > 0
    assert written.priority < written.saved_seconds_per_hour


def test_a_workload_without_times_is_ranked_by_cost() -> None:
    given = workload((SEARCH, LOOKUP))
    untimed = replace(given, queries=tuple(replace(query, load=None) for query in given.queries), hours=None)
    changes = ask(untimed).changes
    assert len(changes) == 2
    assert changes[0].evidence.priority >= changes[1].evidence.priority > 0
    assert changes[0].evidence.priority == pytest.approx(
        changes[0].evidence.cost_before - changes[0].evidence.cost_after - changes[0].evidence.write_cost, rel=1e-3
    )


def test_the_most_useful_comes_first() -> None:
    priorities = [change.evidence.priority for change in ask(workload()).changes]
    assert priorities == sorted(priorities, reverse=True)


class Priced(Planner):
    """Plans of given costs: the cheapest whose indexes are all shown; every other query costs the same whatever is there."""

    def __init__(
        self, plans: Mapping[frozenset[Index], float], shapes: Mapping[frozenset[Index], PlanShape] | None = None
    ) -> None:
        super().__init__(SHOP)
        self.plans = plans
        self.shapes = shapes or {}

    def plan(self, request: CostRequest) -> CostAnswer:
        there = {used: cost for used, cost in self.plans.items() if used <= frozenset(request.shown)}
        used = min(there, key=there.__getitem__)
        return PlanCost(cost=there[used], used=used, shape=self.shapes.get(used, ()))


BOTH = "select p.id from payments p join bookings b on b.id = p.booking_id where b.couple_id = $1"
COUPLE, BOOKING = index_on("bookings", "couple_id"), index_on("payments", "booking_id")
BOTH_THERE = frozenset({COUPLE, BOOKING})


@settings(max_examples=40, deadline=None)
@given(workloads, budgets)
def test_what_the_indexes_claim_adds_up_to_no_more_than_is_saved(given_workload: Workload, budget: int | None) -> None:
    advice = ask(given_workload, constraints=Constraints(storage_budget=budget))
    claims = [change.evidence for change in advice.changes]
    seconds = sum(query.load.total_ms / 1000 for query in given_workload.queries if query.load)
    saved = sum(each.cost_before - each.cost_after for each in claims)
    assert saved <= (advice.cost_before - advice.cost_after) * (1 + 1e-6) + 0.01 * len(claims)
    assert sum(each.saved_seconds_per_hour for each in claims) <= seconds


def test_indexes_that_help_only_together_divide_what_they_save() -> None:
    planner = Priced({frozenset(): 1000.0, BOTH_THERE: 200.0})
    changes = ask(workload((BOTH,), (1.0,)), planner=planner).changes
    assert {change.index for change in changes} == {COUPLE, BOOKING}
    for change in changes:
        assert change.evidence.cost_before - change.evidence.cost_after == pytest.approx(400.0)
        (helped,) = change.evidence.queries
        assert (helped.cost_before, helped.cost_after) == (1000.0, 200.0)
        other = "payments (booking_id)" if change.index == COUPLE else "bookings (couple_id)"
        assert change.evidence.reason.endswith(f"its share of what it saves only together with {other}.")


def test_what_two_indexes_save_alike_is_claimed_by_neither() -> None:
    planner = Priced(
        {
            frozenset(): 1000.0,
            frozenset({COUPLE}): 300.0,
            frozenset({BOOKING}): 300.0,
            BOTH_THERE: 200.0,
        }
    )
    changes = ask(workload((BOTH,), (1.0,)), planner=planner).changes
    assert [change.evidence.cost_before - change.evidence.cost_after for change in changes] == [100.0, 100.0]
    assert not any("together" in change.evidence.reason for change in changes)


def test_an_index_that_saves_next_to_nothing_beside_the_others_is_left_out() -> None:
    planner = Priced(
        {
            frozenset(): 1000.0,
            frozenset({COUPLE}): 300.0,
            frozenset({BOOKING}): 400.0,
            BOTH_THERE: 299.7,
        }
    )
    (change,) = ask(workload((BOTH,), (1.0,)), planner=planner).changes
    assert change.index == COUPLE
    assert change.evidence.cost_before - change.evidence.cost_after == 700.0


def test_an_index_that_only_makes_a_doubtful_plan_better_has_to_save_something_by_the_planner_s_cost_too() -> None:
    def advised_with(doubtful_cost: float) -> set[Index]:
        lookup = scan("payments", 3, 0.01, kind="Index Scan", loops=20_000, index=BOOKING, conditions=1)
        lookup = replace(lookup, given_by=("bookings", "id"))
        loop = over(node("Nested Loop", 60_000, doubtful_cost), (scan("bookings", 20_000, 100.0),), (lookup,))
        shapes = {frozenset({BOOKING}): loop}
        planner = Priced({frozenset(): 1e6, frozenset({BOOKING}): doubtful_cost, BOTH_THERE: 300.0}, shapes=shapes)
        return {change.index for change in ask(workload((BOTH,), (1.0,)), planner=planner).changes}

    assert advised_with(310.0) == {COUPLE, BOOKING}
    assert advised_with(300.1) == {BOOKING}
