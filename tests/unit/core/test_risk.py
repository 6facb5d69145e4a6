"""What makes a change doubtful, one case a doubt, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.known_costs import KnownPlan
from pgtend.core.plan_price import lookups_in, price_with
from pgtend.core.risk import HelpedPlan, assess
from pgtend.domain.catalog import Catalog, Table
from pgtend.domain.index import Index
from pgtend.domain.plan import PlanShape
from pgtend.domain.recommendation import Risk
from pgtend.domain.workload import Query, StatementKind
from tests.unit.core.catalogs import BOOKINGS, PAYMENTS, catalog, index_on
from tests.unit.core.plans import node, over, planned, scan

BY_BOOKING = index_on("payments", "booking_id")
BY_DAY = index_on("payments", "created_at")
SHOP = catalog()
QUERY = Query(
    fingerprint="0" * 16,
    text="select …",
    plannable="select 1",
    kind=StatementKind.SELECT,
    relations=frozenset({PAYMENTS.name}),
)
BOTH_READ = over(
    node("Hash Join", 60_000, 60_000),
    (scan("payments", 1e6, 30_000),),
    over(node("Hash", 20_000, 25_000), (scan("bookings", 20_000, 25_000, filtered=True),)),
)
READ = (scan("payments", 3, 30_000, filtered=True),)
FOUND = (scan("payments", 3, 12, kind="Index Scan", index=BY_BOOKING, conditions=1),)


def plan(shape: PlanShape, of: Catalog = SHOP) -> KnownPlan:
    price = price_with(lookups_in(of), of)(planned(shape))
    return KnownPlan(shown=frozenset(), used=frozenset(), cost=shape[0].cost, price=price, summary="", shape=shape)


def judge(
    before: PlanShape, after: PlanShape, *, index: Index = BY_BOOKING, of: Catalog = SHOP, parameters: int = 0
) -> tuple[Risk, str]:
    query = replace(QUERY, parameters=parameters)
    helped = HelpedPlan(query=query, weight=1.0, before=plan(before, of), after=plan(after, of))
    return assess(index, [helped], of, lookups_in(of))


def loops(runs: float, *, total: float, each: float = 1.2) -> PlanShape:
    return over(
        node("Nested Loop", 3 * runs, total),
        (scan("bookings", runs, 25_000, filtered=True),),
        (
            scan(
                "payments",
                3,
                each,
                kind="Index Scan",
                loops=runs,
                index=BY_BOOKING,
                conditions=1,
                given_by=("bookings", "id"),
            ),
        ),
    )


def with_payments(table: Table) -> Catalog:
    return catalog(BOOKINGS, table)


def payments_with(column: str, **more: object) -> Catalog:
    changed = replace(PAYMENTS.columns[column], **more)  # type: ignore[arg-type]
    return with_payments(replace(PAYMENTS, columns={**PAYMENTS.columns, column: changed}))


ORDERED = over(
    node("Limit", 10, 40.0),
    (scan("payments", 1_000, 400_000, kind="Index Scan", index=BY_DAY, filtered=True),),
)
DEEP = over(
    node("Nested Loop", 500, 9_000),
    over(
        node("Nested Loop", 400, 8_000),
        over(node("Nested Loop", 300, 7_000), (scan("bookings", 300, 6_000),), (scan("vendors", 1, 1, loops=300),)),
        (scan("couples", 1, 1, loops=300),),
    ),
    (scan("payments", 2, 8.0, kind="Index Scan", loops=400, index=BY_BOOKING, conditions=1),),
)


@pytest.mark.parametrize(
    ("found", "risk", "says"),
    [
        pytest.param(
            judge(BOTH_READ, loops(20_000, total=50_000)),
            Risk.HIGH,
            "priced for them it costs",
            id="cheaper by estimate only",
        ),
        pytest.param(
            judge(BOTH_READ, loops(2_000, total=44_000)),
            Risk.MEDIUM,
            "to nested loops",
            id="a small gain by many lookups",
        ),
        pytest.param(judge(READ, DEEP), Risk.MEDIUM, "the result of 3 joins", id="estimates that multiply"),
        pytest.param(
            judge(READ, ORDERED, index=BY_DAY), Risk.HIGH, "until LIMIT is content", id="a bet on an early exit"
        ),
        pytest.param(
            judge((scan("payments", 3, 150_000),), ORDERED, index=BY_DAY),
            Risk.MEDIUM,
            "2.7 times as much",
            id="a bet of which little is at stake",
        ),
        pytest.param(
            judge(READ, (scan("payments", 300_000, 20_000, kind="Index Scan", index=BY_BOOKING, conditions=1),)),
            Risk.MEDIUM,
            "not the order in which they lie",
            id="scattered rows",
        ),
        pytest.param(
            judge(READ, FOUND, of=with_payments(replace(PAYMENTS, counted=False))),
            Risk.MEDIUM,
            "never analyzed",
            id="never analyzed",
        ),
        pytest.param(
            judge(READ, FOUND, of=payments_with("booking_id", n_distinct=None)),
            Risk.MEDIUM,
            "no statistics of booking_id",
            id="a key without statistics",
        ),
        pytest.param(
            judge(READ, FOUND, of=payments_with("booking_id", common_frequencies=(0.4, 0.1)), parameters=1),
            Risk.MEDIUM,
            "with 40 % of the rows",
            id="an unknown constant on a skewed column",
        ),
        pytest.param(
            judge(READ, (replace(FOUND[0], kind="Index Only Scan", rows=5_000),)),
            Risk.MEDIUM,
            "assumes 0.5 %",
            id="a default selectivity",
        ),
    ],
)
def test_each_doubt_is_said_in_a_sentence(found: tuple[Risk, str], risk: Risk, says: str) -> None:
    assert found[0] is risk, found
    assert says in found[1]
    assert found[1].endswith(".")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(READ, FOUND, id="a search for a few rows"),
        pytest.param(BOTH_READ, loops(20, total=25_200, each=9.0), id="nested loops over a few rows"),
        pytest.param(
            READ,
            over(node("Limit", 10, 40.0), over(node("Sort", 3, 40.0, startup=40.0), FOUND)),
            id="a LIMIT over a search",
        ),
    ],
)
def test_there_is_no_doubt_where_the_estimate_may_be_off(before: PlanShape, after: PlanShape) -> None:
    assert judge(before, after) == (Risk.LOW, "")


def test_the_constants_of_a_query_that_is_known_are_no_doubt() -> None:
    of = payments_with("booking_id", common_frequencies=(0.4, 0.1))
    assert judge(READ, FOUND, of=of) == (Risk.LOW, "")


def test_of_several_doubts_the_greatest_is_told() -> None:
    of = payments_with("booking_id", n_distinct=None)
    assert judge(BOTH_READ, loops(20_000, total=50_000), of=of)[0] is Risk.HIGH
