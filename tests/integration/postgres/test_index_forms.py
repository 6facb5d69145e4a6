"""Every form of index that pgtend thinks of: the planner would use it, the tuner builds it, the catalog tells it again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.candidates import candidates
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Constraints, CostRequest, PlanCost
from pgtend.domain.index import (
    AccessMethod,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    Expression,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    OperatorCall,
    SortOrder,
    TypeCast,
)
from pgtend.domain.workload import Query
from pgtend.ports import IndexState
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.tuner import open_tuner
from tests.integration.postgres.conftest import Shop

NAME = "made_by_pgtend"
SCHEMA = (
    "CREATE SCHEMA own",
    "GRANT USAGE ON SCHEMA own TO PUBLIC",
    """CREATE TYPE own."Way of sending" AS ENUM ('post', 'by "hand"', 'it''s dear')""",
    "CREATE TYPE shop.size AS ENUM ('large', 'small')",
    """
    CREATE TABLE shop.orders (
        id int PRIMARY KEY, customer int NOT NULL, email varchar(80), note text, state varchar(20), paid boolean,
        deleted_at timestamptz, made timestamp NOT NULL, seen timestamptz NOT NULL, data jsonb, tags text[], amount numeric,
        sent own."Way of sending" NOT NULL, size shop.size
    )
    """,
    """
    INSERT INTO shop.orders SELECT n, n % 5000, 'User' || n || '@Example.com', repeat('filler ', 20),
        CASE WHEN n % 100 = 0 THEN 'open' ELSE 'done' END, n % 50 <> 0, CASE WHEN n % 20 <> 0 THEN now() END,
        timestamp '2026-01-01' + n * interval '10 minutes', timestamptz '2026-01-01' + n * interval '10 minutes',
        jsonb_build_object('size', n % 3000, 'ref', jsonb_build_object('code', n)), ARRAY['t' || n % 1000], n % 977,
        (CASE n % 100 WHEN 1 THEN 'it''s dear' WHEN 2 THEN 'by "hand"' ELSE 'post' END)::own."Way of sending",
        (CASE WHEN n % 200 = 7 THEN 'small' ELSE 'large' END)::shop.size
    FROM generate_series(1, 40000) AS n
    """,
    "ALTER TABLE shop.orders OWNER TO shop_owner",
    "VACUUM ANALYZE shop.orders",
)


def on(*keys: str | Expression | IndexColumn, **more: object) -> Index:
    columns = tuple(
        key
        if isinstance(key, IndexColumn)
        else IndexColumn(column=key)
        if isinstance(key, str)
        else IndexColumn(expression=key)
        for key in keys
    )
    return Index(schema="shop", table="orders", columns=columns, **more)  # type: ignore[arg-type]


def text(value: str) -> Constant:
    return Constant(type="text", value=value)


def call(function: str, *arguments: ColumnArgument | Constant | Expression) -> FunctionCall:
    return FunctionCall(function=function, arguments=arguments)


def is_(column: str, operator: ComparisonOperator, constant: Constant | None = None) -> Comparison:
    return Comparison(column=column, operator=operator, constant=constant)


def customers_where(column: str, operator: ComparisonOperator, constant: Constant | None = None) -> Index:
    """On the customers of a part of the orders."""
    return on("customer", predicate=(is_(column, operator, constant),))


DATA, EMAIL, MADE, SEEN = (ColumnArgument(column=name) for name in ("data", "email", "made", "seen"))
SIZE = OperatorCall(operator="->>", arguments=(DATA, text("size")))
CODE = OperatorCall(
    operator="->>", arguments=(OperatorCall(operator="->", arguments=(DATA, text("ref"))), text("code"))
)
EQ, NE = ComparisonOperator.EQ, ComparisonOperator.NE

FALSE = Constant(type="boolean", value="false")
BY_HAND, DEAR = (Constant(type='own."Way of sending"', value=value) for value in ('by "hand"', "it's dear"))
SMALL, LARGE = (Constant(type="shop.size", value=value) for value in ("small", "large"))

FORMS_OF_PARTS = {
    "null": (customers_where("deleted_at", ComparisonOperator.IS_NULL), "customer = 7 and deleted_at is null"),
    "false": (customers_where("paid", EQ, FALSE), "customer < 70 and not paid"),
    "a constant": (customers_where("state", EQ, text("open")), "customer < 700 and state = 'open'"),
    "an enum, names quoted": (customers_where("sent", EQ, DEAR), "sent = 'it''s dear' order by customer limit 5"),
    "an enum, cast": (customers_where("size", EQ, SMALL), "'small'::size = size order by customer limit 5"),
    "another value of an enum": (customers_where("size", NE, LARGE), "size <> 'large' order by customer limit 5"),
}
"""Partial indexes on customer, with what behind WHERE they are for."""

FORMS = [
    pytest.param(on("customer"), "select * from orders where customer = 7", id="plain"),
    pytest.param(
        on("customer", include=("amount",)), "select amount from orders where customer = 7", id="included column"
    ),
    pytest.param(
        on(IndexColumn(column="amount", order=SortOrder.DESC, nulls=NullsOrder.LAST), "id"),
        "select id from orders order by amount desc nulls last, id limit 10",
        id="mixed order",
    ),
    pytest.param(
        on(IndexColumn(column="email", opclass="varchar_pattern_ops")),
        "select id from orders where email like 'User77@%'",
        id="pattern class",
    ),
    pytest.param(
        on("amount", predicate=(is_("customer", ComparisonOperator.LT, Constant(type="integer", value="100")),)),
        "select * from orders where customer < 100 and amount = 5",
        id="partial on a range",
    ),
    pytest.param(on(call("lower", EMAIL)), "select * from orders where lower(email) = 'x'", id="function"),
    pytest.param(
        on(call("date_trunc", text("day"), MADE)),
        "select * from orders where date_trunc('day', made) = timestamp '2026-03-01'",
        id="date_trunc",
    ),
    pytest.param(
        on(call("extract", text("doy"), MADE)), "select * from orders where extract(doy from made) = 7", id="extract"
    ),
    pytest.param(
        on(TypeCast(cast_to="date", arguments=(MADE,))),
        "select * from orders where made::date = date '2026-03-01'",
        id="cast",
    ),
    pytest.param(
        on(TypeCast(cast_to="date", arguments=(call("timezone", text("UTC"), SEEN),))),
        "select * from orders where (seen at time zone 'UTC')::date = date '2026-03-01'",
        id="cast at a time zone",
    ),
    pytest.param(
        on(call("coalesce", ColumnArgument(column="amount"), Constant(type="numeric", value="0"))),
        "select * from orders where coalesce(amount, 0) = 5",
        id="coalesce",
    ),
    pytest.param(on(SIZE), "select * from orders where data ->> 'size' = '7'", id="field of json"),
    pytest.param(
        on(TypeCast(cast_to="integer", arguments=(SIZE,))),
        "select * from orders where (data ->> 'size')::int = 7",
        id="field of json as integer",
    ),
    pytest.param(on(CODE), "select * from orders where data -> 'ref' ->> 'code' = '7'", id="field within a field"),
    pytest.param(
        on(call("lower", SIZE), "customer"),
        "select * from orders where lower(data ->> 'size') = '7' and customer = 7",
        id="function of a field, and a column",
    ),
    pytest.param(
        on("made", method=AccessMethod.BRIN),
        "select * from orders where made < timestamp '2026-01-02'",
        id="brin",
    ),
    *(
        pytest.param(index, f"select * from orders where {condition}", id=f"partial on {name}")
        for name, (index, condition) in FORMS_OF_PARTS.items()
    ),
]


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("sent = 'by \"hand\"'", customers_where("sent", EQ, BY_HAND)),
        ("size = CAST('small' AS shop.size)", customers_where("size", EQ, SMALL)),
        ("'small'::size = size", customers_where("size", EQ, SMALL)),
    ],
)
async def test_a_value_of_an_enum_becomes_a_predicate_that_is_known_again_however_it_was_written(
    shop: Shop, condition: str, index: Index
) -> None:
    shop.database.run(*SCHEMA)
    await shop.grant()
    query = f"select * from orders where {condition} order by customer"
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
        read = read_statement(query, catalog, ("shop",))
        assert isinstance(read, Query), read
        assert index in candidates(read, catalog, Constraints())
        shop.database.run(f"SET search_path = shop; CREATE INDEX there ON orders (customer) WHERE {condition}")
        catalog = await observer.read_catalog()
    assert index not in candidates(read, catalog, Constraints())


@pytest.mark.parametrize(("index", "asked"), FORMS)
async def test_the_planner_would_use_it(shop15: Shop, index: Index, asked: str) -> None:
    shop15.database.run(*SCHEMA)
    await shop15.grant()
    async with open_observer(shop15.observer, shop15.limits) as observer:
        catalog = await observer.read_catalog()
    query = read_statement(asked, catalog, ("shop",))
    assert isinstance(query, Query), query
    async with open_cost_model(shop15.observer, shop15.limits, catalog) as model:
        without, answer = await model.costs([CostRequest(query=query), CostRequest(query=query, shown=(index,))])
    assert isinstance(without, PlanCost), without
    assert isinstance(answer, PlanCost), answer
    assert answer.used == {index}
    assert answer.cost < without.cost


async def test_the_tuner_builds_each_and_the_catalog_tells_it_again(shop: Shop) -> None:
    shop.database.run(*SCHEMA)
    await shop.grant()
    built = [index for case in FORMS for index in case.values if isinstance(index, Index)]
    indexes = {f"{NAME}_{number}": index for number, index in enumerate(built)}
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        for (name, index), other in zip(indexes.items(), [*built[1:], built[0]], strict=True):
            await tuner.build(index, name, "of a test", lambda: None)
            assert await tuner.index_state(index, name) is IndexState.VALID, name
            assert await tuner.index_state(other, name) is IndexState.FOREIGN, name
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
    found = {each.name: each.index for each in catalog.indexes}
    for name, index in indexes.items():
        there = found[name]
        assert there is not None, name
        assert replace(there, name=None) == index


@pytest.mark.parametrize(
    ("change", "adorned"),
    [
        ("SELECT", False),
        ("COMMENT ON INDEX shop.marked IS 'pgtend: shop/bookings-1'", False),
        ("COMMENT ON INDEX shop.marked IS 'for the report of Mondays'", True),
        ("ALTER INDEX shop.marked SET (fillfactor = 70)", True),
        ("ALTER INDEX shop.marked ALTER COLUMN 2 SET STATISTICS 500", True),
        ("ALTER INDEX shop.marked DEPENDS ON EXTENSION pg_stat_statements", True),
    ],
)
async def test_what_a_rollback_would_not_bring_back_is_seen(shop: Shop, change: str, adorned: bool) -> None:
    shop.database.run("CREATE INDEX marked ON shop.bookings (vendor, lower(couple))")
    shop.database.run(change)
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
    (found,) = [index for index in catalog.indexes if index.name == "marked"]
    assert found.adorned is adorned
