"""What is said for each advised index besides what it helps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.catalog import Catalog
from pgtend.domain.recommendation import Evidence
from tests.unit.core.catalogs import existing, index_on
from tests.unit.core.test_advise import SHOP, ask, workload

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
