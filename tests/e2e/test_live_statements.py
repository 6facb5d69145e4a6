"""Statements as a live server has them: what cannot be planned is said with its share, and constants of real calls are used."""

from __future__ import annotations

import pytest

from tests.e2e.complaints import until_said, until_tuned
from tests.e2e.database import APPLICATION, OBSERVER
from tests.e2e.load import SHOP, Shape, by_number
from tests.e2e.stage import Shop, Stage, condition_of

pytestmark = pytest.mark.side_by_side

UNPLANNABLE = by_number("select count(*) from orders where own_code(customer) = %s", 500)
UTILITY = Shape(sql="explain analyze select count(*) from orders", values=lambda draw: (), per_second=10.0)
"""Takes time, but no index is advised on the strength of it."""
PENDING = "select id, due from parcels where state = 'pending' and due > date '2026-03-01'"
"""Comes with its constants in it, as from a client that uses the simple protocol."""


def test_what_cannot_be_planned_is_said_with_its_share_of_the_load_and_utilities_are_no_part_of_it(
    stage: Stage,
) -> None:
    shop = stage.open_shop("partly-planned", shapes=())
    run(
        shop,
        "create function own_code(int) returns int language sql volatile as 'select $1'",
        f"grant execute on function own_code(int) to {APPLICATION}",
    )
    stop_load = stage.load.put_on(stage.databases.dsn(shop.database, APPLICATION), (*SHOP, UNPLANNABLE, UTILITY))
    shop.apply_policy()
    message = until_said(shop, "WhatIf", "True", "PartlyPlanned", "1 of 5 statements", "own_code", event=False)
    assert "could not be planned and get no advice" in message
    status = shop.policy()["status"]
    assert status["statements"] == 5
    assert 0.01 < status["unplannableShare"] < 1.0
    assert condition_of(shop.policy(), "Ready")["status"] == "True"
    until_tuned(shop, "orders")
    stop_load()


def test_constants_of_real_calls_make_a_partial_index_where_the_policy_lets_them_be_sampled(stage: Stage) -> None:
    asking = Shape(sql=PENDING, values=lambda draw: (), per_second=5.0)
    shops = {}
    for name, sample in (("sampled", True), ("not-sampled", False)):
        shop = shops[name] = stage.open_shop(name, shapes=())
        run(
            shop,
            "create table parcels (id int primary key, state text not null, due date not null, note text not null)",
            "insert into parcels select i, case when i % 100 = 0 then 'pending' else 'sent' end, date '2026-01-01' + i % 300, "
            "repeat('x', 60) from generate_series(1, 60000) as i",
            "vacuum analyze parcels",
            f"grant select on parcels to {APPLICATION}",
            f"grant select on parcels to {OBSERVER}",
        )
        stage.load.put_on(stage.databases.dsn(shop.database, APPLICATION), (asking,))
        # There is room for the rows of one state, and not for those of both.
        shop.apply_policy(whatIf={"source": "Primary", "sampleConstants": sample}, budgets={"indexStorage": "200Ki"})
    name = until_tuned(shops["sampled"], "parcels")
    proposal = shops["sampled"].recommendation(name)["status"]["proposal"]
    (condition,) = proposal["index"]["predicate"]
    assert (condition["column"], condition["constant"]["value"]) == ("state", "pending")
    without = shops["not-sampled"]
    without.until("advice", lambda: without.policy()["status"]["statements"] > 0)
    assert without.recommendations() == []


def run(shop: Shop, *statements: str) -> None:
    with shop.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())
