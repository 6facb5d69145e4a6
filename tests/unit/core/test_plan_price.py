"""What is added to the planner's cost, and where nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.plan_price import COLD_SHARE, lookups_in, pages_read, price_with
from pgtend.domain.advice import PlanCost
from pgtend.domain.catalog import Catalog, Table
from pgtend.domain.plan import PlanNode, PlanShape
from tests.unit.core.catalogs import BOOKINGS, PAYMENTS, catalog, existing, index_on
from tests.unit.core.plans import node, over, planned, scan

BY_BOOKING = index_on("payments", "booking_id")
BY_ID = index_on("bookings", "id")
INDEXES = [existing(BY_ID, "bookings_pkey"), existing(BY_BOOKING, "payments_by_booking")]


def with_correlation(table: Table, **columns: float) -> Table:
    changed = {name: replace(table.columns[name], correlation=value) for name, value in columns.items()}
    return replace(table, columns={**table.columns, **changed})


def shop(*, booking_id: float = 0.0, id_: float = 0.0) -> Catalog:
    return catalog(
        with_correlation(PAYMENTS, booking_id=booking_id),
        with_correlation(BOOKINGS, id=id_),
        indexes=INDEXES,
    )


def price(shape: PlanShape, of: Catalog) -> float:
    return price_with(lookups_in(of), of)(planned(shape))


def nested_loop(outer_rows: float = 20_000, inner_cost: float = 1.2, **inner: object) -> PlanShape:
    """Payments of some bookings: each run is charged for next to nothing but its cpu."""
    lookup = scan(
        "payments",
        3,
        inner_cost,
        kind="Index Scan",
        loops=outer_rows,
        index="payments_by_booking",
        conditions=1,
        given_by=("bookings", "id"),
    )
    for name, value in inner.items():
        lookup = replace(lookup, **{name: value})  # type: ignore[arg-type]
    return over(
        node("Nested Loop", 60_000, 30_000 + outer_rows * inner_cost),
        (scan("bookings", outer_rows, 30_000),),
        (lookup,),
    )


def test_a_plan_of_which_only_the_cost_is_known_is_taken_at_its_cost() -> None:
    assert price_with(lookups_in(shop()), shop())(PlanCost(cost=7.0, used=frozenset())) == 7.0


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param((scan("bookings", 1e6, 30_000),), id="a full scan"),
        pytest.param(
            over(
                node("Hash Join", 10, 60_000),
                (scan("payments", 1e6, 30_000),),
                over(node("Hash", 9, 20_000), (scan("bookings", 9, 20_000),)),
            ),
            id="a hash join",
        ),
        pytest.param(
            (scan("payments", 3, 8, kind="Index Scan", index="payments_by_booking", conditions=1),),
            id="a single lookup",
        ),
        pytest.param(nested_loop(inner_cost=40.0), id="lookups that the planner charged in full"),
        pytest.param(nested_loop(relation="gone"), id="a table that the catalog does not know"),
    ],
)
def test_nothing_is_added_to_what_the_planner_charged_in_full(shape: PlanShape) -> None:
    assert price(shape, shop()) == shape[0].cost


def test_lookups_that_repeat_cost_a_third_of_their_cold_pages_more() -> None:
    shape = nested_loop()
    pages = pages_read(100_000_000 / 8192, 60_000)
    assert price(shape, shop()) - shape[0].cost == pytest.approx(
        COLD_SHARE * (pages * 4 - 20_000 * (1.2 - 0.55 - 3 * 0.0175)), rel=0.01
    )


def test_values_that_come_in_the_order_of_the_rows_cost_less() -> None:
    scattered, in_order = shop(), shop(booking_id=1.0, id_=1.0)
    shape = nested_loop()
    assert price(shape, in_order) - shape[0].cost < 0.4 * (price(shape, scattered) - shape[0].cost)
    half = shop(booking_id=1.0, id_=0.5)
    assert price(shape, in_order) < price(shape, half) < price(shape, scattered)


def test_order_helps_only_as_far_as_the_rows_lie_in_it() -> None:
    """Values in perfect order are looked up in rows that lie anywhere."""
    scattered = shop(booking_id=0.0, id_=1.0)
    assert price(nested_loop(), scattered) == pytest.approx(price(nested_loop(given_by=None), scattered))


def test_values_from_the_inner_side_of_another_loop_come_in_no_order() -> None:
    of = shop(booking_id=1.0, id_=1.0)
    (top, outer, lookup) = nested_loop()
    lower = over(
        node("Nested Loop", 20_000, 30_000), (scan("secrets", 9, 100),), (replace(outer, relationship="", depth=0),)
    )
    through = over(top, lower, (replace(lookup, relationship="", depth=0),))
    assert price(through, of) > price((top, outer, lookup), of)


def test_an_index_that_yields_the_values_in_order_counts_as_order() -> None:
    of = shop(booking_id=1.0)
    (top, outer, lookup) = nested_loop()
    ordered = replace(outer, kind="Index Only Scan", index="bookings_pkey")
    assert price((top, ordered, lookup), of) < price((top, outer, lookup), of)


def test_what_a_filter_hides_is_fetched_all_the_same() -> None:
    of = catalog(
        replace(
            PAYMENTS,
            columns={**PAYMENTS.columns, "booking_id": replace(PAYMENTS.columns["booking_id"], n_distinct=1_000.0)},
        ),
        BOOKINGS,
        indexes=INDEXES,
    )
    assert price(nested_loop(filtered=True), of) > price(nested_loop(), of)


def test_columns_of_several_equalities_are_not_taken_as_independent() -> None:
    both = index_on("payments", "booking_id", "amount")
    of = shop()
    shape = nested_loop(index=both, conditions=2, equalities=2, rows=1)
    few = replace(PAYMENTS.columns["booking_id"], n_distinct=10_000.0)
    many = replace(PAYMENTS.columns["amount"], n_distinct=1_000.0)
    skewed = catalog(replace(PAYMENTS, columns={**PAYMENTS.columns, "booking_id": few, "amount": many}), BOOKINGS)
    assert price(shape, skewed) > price(nested_loop(index=both, conditions=2, equalities=1, rows=1), skewed)
    unique = nested_loop(index=replace(both, unique=True), conditions=2, equalities=2, rows=1)
    assert price(unique, skewed) < price(shape, skewed)
    assert price(shape, of) >= shape[0].cost


def test_below_a_limit_only_what_is_asked_for_runs() -> None:
    shape = nested_loop()
    limited = over(node("Limit", 10, 10.0), shape)
    assert price(limited, shop()) - 10.0 < 0.01 * (price(shape, shop()) - shape[0].cost)
    held_up = over(
        node("Limit", 10, shape[0].cost), over(node("Sort", 60_000, shape[0].cost, startup=shape[0].cost), shape)
    )
    assert price(held_up, shop()) == pytest.approx(price(shape, shop()))


def test_what_costs_no_more_than_the_start_of_the_node_above_runs_whole_below_a_limit() -> None:
    """As what a hash aggregate reads: nothing comes out before all of it went in."""
    shape = nested_loop()
    grouped = over(node("Aggregate", 60_000, shape[0].cost + 1_000.0, startup=shape[0].cost), shape)
    limited = over(node("Limit", 10, shape[0].cost + 1.0), grouped)
    assert price(limited, shop()) - limited[0].cost == pytest.approx(price(shape, shop()) - shape[0].cost)


def kept(distinct: float | None, runs: float, rows: float = 1) -> tuple[PlanShape, Catalog]:
    """A look-up for each payment whose result is kept, by plan in so many runs."""
    booking = replace(PAYMENTS.columns["booking_id"], n_distinct=distinct)
    of = catalog(replace(PAYMENTS, columns={**PAYMENTS.columns, "booking_id": booking}), BOOKINGS, indexes=INDEXES)
    lookup = scan("bookings", rows, 0.07, kind="Index Only Scan", loops=runs, index=BY_ID, conditions=1)
    memoize = replace(
        node("Memoize", rows, 0.08, loops=runs), relationship="Inner", given_by=("payments", "booking_id")
    )
    return over(node("Nested Loop", 5_000, 40_000.0), (scan("payments", 1e6, 30_000),), over(memoize, (lookup,))), of


def test_what_is_kept_is_looked_up_no_more_often_than_its_key_has_values() -> None:
    assert price(*kept(3.0, 15_628.0)) == pytest.approx(price(*kept(3.0, 3.0)))
    assert price(*kept(-3e-6, 15_628.0)) == pytest.approx(price(*kept(3.0, 3.0)))
    assert price(*kept(3.0, 2.0)) < price(*kept(3.0, 3.0)) < price(*kept(300.0, 15_628.0))
    assert price(*kept(300.0, 15_628.0)) < price(*kept(None, 15_628.0))
    assert [each.runs for each in lookups_in(kept(3.0, 0)[1])(kept(3.0, 15_628.0)[0])] == [3.0]


def test_of_what_may_not_be_kept_whole_the_plan_says_how_often_it_is_looked_up() -> None:
    assert price(*kept(9_000.0, 15_628.0, rows=2)) == pytest.approx(price(*kept(None, 15_628.0, rows=2)))


def test_what_runs_once_for_each_row_that_is_asked_for_is_not_held_up_by_the_start_of_the_join() -> None:
    """As seen on PostgreSQL 15: one of the inner runs costs less than the start of the whole join, and 200,000 would cost far more."""
    outer = scan("bookings", 200_000, 11_000.0, kind="Index Only Scan", index="bookings_pkey")
    inner = scan("payments", 1, 0.31, kind="Index Only Scan", loops=200_000, index=BY_BOOKING, conditions=1)
    joined = over(node("Nested Loop", 34_000, 73_000.0, startup=0.34), (outer,), (inner,))
    shape = over(node("Limit", 10, 22.0), joined)
    assert price(shape, shop()) < 200


def test_a_twin_of_an_index_is_no_cheaper_for_being_hypothetical() -> None:
    """As seen on PostgreSQL 15: a million rows, a lookup by the primary key, and by a hypothetical index that begins with it."""
    by_key = price((scan("bookings", 1, 8.44, kind="Index Scan", index="bookings_pkey", conditions=1),), shop())
    wider = index_on("bookings", "id", "status")
    by_twin = price((scan("bookings", 1, 8.07, kind="Index Scan", index=wider, conditions=1),), shop())
    assert by_twin == pytest.approx(by_key, abs=0.01)


def test_each_search_of_a_hypothetical_index_is_charged_for_its_way_down() -> None:
    real, hypothetical = nested_loop(inner_cost=40.0), nested_loop(inner_cost=40.0, index=BY_BOOKING)
    assert price(hypothetical, shop()) - price(real, shop()) == pytest.approx(20_000 * 3 * 0.125)
    limited = over(node("Limit", 10, 10.0), hypothetical)
    assert price(limited, shop()) < 20


def test_a_long_scan_in_an_order_that_is_only_nearly_that_of_the_rows_costs_more() -> None:
    shape = (scan("payments", 500_000, 20_000, kind="Index Scan", index="payments_by_booking", conditions=1),)
    assert price(shape, shop(booking_id=1.0)) < 20_500
    assert price(shape, shop(booking_id=0.98)) > 25_000


nodes = st.builds(
    scan,
    st.sampled_from(["payments", "bookings", "gone"]),
    st.floats(0, 1e9),
    st.floats(0, 1e9),
    kind=st.sampled_from(
        ["Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Nested Loop", "Limit", "Sort"]
    ),
    loops=st.floats(0, 1e9),
    index=st.sampled_from([BY_BOOKING, "bookings_pkey", "unknown", None]),
    conditions=st.integers(0, 3),
    given_by=st.sampled_from([None, ("bookings", "id"), ("x", "y")]),
    filtered=st.booleans(),
)
shapes = st.recursive(nodes.map(lambda each: (each,)), lambda below: st.builds(over, nodes, below, below), max_leaves=8)


@given(shapes, st.floats(-1, 1))
def test_whatever_the_plan_it_is_never_taken_to_cost_less_than_the_planner_says(
    shape: tuple[PlanNode, ...], correlation: float
) -> None:
    assert price(shape, shop(booking_id=correlation, id_=correlation)) >= shape[0].cost
