"""Hypothetical planning on a real server, as exactly the observer role."""

from __future__ import annotations

import pytest

from pgtend.domain.advice import CostRequest, PlanCost, Unplannable
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget
from pgtend.domain.index import AccessMethod, Comparison, ComparisonOperator, Index, IndexColumn, TableName
from pgtend.domain.workload import Query, StatementKind
from pgtend.postgres.connection import open_session
from pgtend.postgres.hypopg import HypoPG, open_cost_model, refusal_from
from pgtend.postgres.observer import open_observer
from pgtend.postgres.planner import PLANNING
from pgtend.postgres.user_code import UserCode
from pgtend.postgres.what_if_session import Common, Shown, WhatIfSession
from tests.integration.postgres.conftest import Shop


def index_on(*columns: str, table: str = "bookings", **more: object) -> Index:
    keys = tuple(IndexColumn(column=column) for column in columns)
    return Index(schema="shop", table=table, columns=keys, **more)  # type: ignore[arg-type]


def query(
    text: str, *, tables: tuple[str, ...] = ("bookings",), parameters: int = 0, functions: tuple[str, ...] = ()
) -> Query:
    return Query(
        fingerprint="0" * 16,
        text=text,
        plannable=text,
        kind=StatementKind.SELECT,
        relations=frozenset(TableName(schema="shop", table=table) for table in tables),
        functions=frozenset(functions),
        parameters=parameters,
        search_path=("shop",),
    )


VENDOR = index_on("vendor")
DAY = index_on("day")
BY_VENDOR = query("select id from bookings where vendor = 7")
BY_PARAMETER = query("select id from bookings where vendor = $1 and day > $2", parameters=2)


async def catalog_of(shop: Shop) -> Catalog:
    async with open_observer(shop.observer, shop.limits) as observer:
        return await observer.read_catalog()


async def costs(shop: Shop, *requests: CostRequest) -> tuple[PlanCost | Unplannable, ...]:
    async with open_cost_model(shop.observer, shop.limits, await catalog_of(shop)) as model:
        return await model.costs(requests)


def plan(answer: PlanCost | Unplannable) -> PlanCost:
    assert isinstance(answer, PlanCost), answer
    return answer


async def test_a_shown_index_is_used_where_it_helps(shop15: Shop) -> None:
    answers = await costs(
        shop15,
        CostRequest(query=BY_VENDOR),
        CostRequest(query=BY_VENDOR, shown=(VENDOR, DAY)),
        CostRequest(query=BY_VENDOR, shown=(DAY,)),
        CostRequest(query=BY_PARAMETER, shown=(VENDOR, DAY)),
        CostRequest(query=BY_PARAMETER),
    )
    nothing, both, useless, generic, generic_nothing = map(plan, answers)
    assert nothing.used == frozenset()
    assert nothing.summary == "Seq Scan on bookings"
    assert both.used == {VENDOR}
    assert both.cost < nothing.cost / 3
    assert "bookings (vendor)" in both.summary
    assert [node.filtered for node in nothing.shape if node.relation == "bookings"] == [True]
    assert VENDOR in {node.index for node in both.shape}
    assert both.shape[0].cost == both.cost
    assert useless.cost == nothing.cost
    assert generic.used == {VENDOR}
    assert generic.cost < generic_nothing.cost


async def test_an_index_without_a_name_is_recognized_whatever_its_columns_are_called(shop15: Shop) -> None:
    name = 'Sch"ön ' + "ä" * 20
    quoted = '"' + name.replace('"', '""') + '"'
    shop15.database.run(
        f"CREATE TABLE shop.{quoted} AS SELECT i AS {quoted} FROM generate_series(1, 20000) AS i",
        f"ANALYZE shop.{quoted}",
    )
    await shop15.grant()
    asked = query(f"select * from {quoted} where {quoted} = 5", tables=(name,))
    index = index_on(name, table=name)
    (answer,) = await costs(shop15, CostRequest(query=asked, shown=(index,)))
    assert plan(answer).used == {index}


async def test_sizes_come_in_order_and_are_about_right(shop15: Shop) -> None:
    indexes = (
        VENDOR,
        index_on("couple", "note"),
        index_on("couple", method=AccessMethod.GIN),
        VENDOR,
        index_on("gone"),
    )
    async with open_cost_model(shop15.observer, shop15.limits, await catalog_of(shop15)) as model:
        sizes = await model.sizes(indexes)
        assert await model.sizes(()) == ()
    shop15.database.run("CREATE INDEX really ON shop.bookings (couple, note)")
    with shop15.database.connect() as session:
        row = session.execute("select pg_relation_size('shop.really')").fetchone()
    assert row is not None
    assert sizes[0] == sizes[3]
    assert sizes[0] < sizes[1]
    assert row[0] / 2 < sizes[1] < row[0] * 2
    assert sizes[2] > 0
    assert sizes[4] > 0


async def test_the_same_question_has_the_same_answer(shop15: Shop) -> None:
    requests = [
        CostRequest(query=asked, shown=shown)
        for asked in (BY_VENDOR, BY_PARAMETER)
        for shown in ((), (VENDOR,), (VENDOR, DAY), (DAY, VENDOR), (index_on("vendor", "day"),))
    ]
    first = await costs(shop15, *requests)
    assert first == await costs(shop15, *requests)
    assert first[2] == first[3]
    assert tuple(reversed(first)) == await costs(shop15, *reversed(requests))


async def test_what_was_spent_is_counted(shop15: Shop) -> None:
    async with open_cost_model(shop15.observer, shop15.limits, await catalog_of(shop15)) as model:
        assert model.spent.explains == 0
        await model.costs([CostRequest(query=BY_VENDOR), CostRequest(query=BY_PARAMETER, shown=(DAY,))])
        assert model.spent.explains == 2
        assert model.spent.seconds > 0


async def test_more_indexes_than_there_are_free_oids_at_once(shop15: Shop) -> None:
    async with open_cost_model(shop15.observer, shop15.limits, await catalog_of(shop15)) as model:
        for _ in range(6):
            sizes = await model.sizes([index_on("vendor", "day", "couple")] * 3 + [VENDOR] * 600)
        assert len(sizes) == 603
        for _ in range(4):
            await model.costs([CostRequest(query=BY_VENDOR, shown=(VENDOR, DAY))] * 50)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (query("select id from nowhere"), "does not exist"),
        (query("select id from bookings where vendor = 'private word'"), "SQLSTATE 22P02"),
        (query("select $1 from bookings", parameters=1), ""),
        (query("select id from bookings; select 1"), "more than one statement"),
        (query("select id from bookings; drop table bookings"), "more than one statement"),
        (query("select id from secrets", tables=("secrets",)), "privilege"),
    ],
)
async def test_what_cannot_be_planned_is_said_without_the_servers_text(shop15: Shop, asked: Query, words: str) -> None:
    shop15.database.run("CREATE TABLE shop.secrets (id int)")
    first, second = await costs(shop15, CostRequest(query=asked), CostRequest(query=BY_VENDOR, shown=(VENDOR,)))
    if words:
        assert isinstance(first, Unplannable)
        assert words in first.reason
        assert "private" not in first.reason
    assert plan(second).used == {VENDOR}


async def test_nothing_of_a_secret_table_gets_out(shop15: Shop) -> None:
    shop15.database.run("CREATE TABLE shop.vault AS SELECT 'the planted secret' AS word")
    await shop15.grant()
    texts = [
        "select id from bookings where id = table_to_xml('shop.vault', true, true, '')::text::int",
        "select id from bookings where id = pg_catalog.query_to_xml('select * from shop.vault', true, true, '')::text::int",
        "select id from bookings where vendor = (select word from vault)::int",
        "select id from bookings where note = (select word from vault)",
    ]
    functions = ("table_to_xml", "pg_catalog.query_to_xml")
    requests = [
        CostRequest(query=query(text, functions=tuple(name for name in functions if name in text))) for text in texts
    ]
    answers = await costs(shop15, *requests)
    assert isinstance(answers[0], Unplannable)
    assert isinstance(answers[1], Unplannable)
    assert "planted" not in repr(answers)


async def test_a_statement_that_would_leak_is_never_sent(shop15: Shop) -> None:
    """Even without the guard the error's text stays here; with it the server does not see the statement at all."""
    text = "select id from bookings where id = table_to_xml('shop.vault', true, true, '')::text::int"
    async with open_cost_model(shop15.observer, shop15.limits, await catalog_of(shop15)) as model:
        (answer,) = await model.costs([CostRequest(query=query(text, functions=("table_to_xml",)))])
        assert isinstance(answer, Unplannable)
        assert model.spent.explains == 0


@pytest.mark.parametrize(
    ("made", "asked", "words"),
    [
        (
            "CREATE FUNCTION shop.lower(int) RETURNS text STABLE LANGUAGE sql AS $$ SELECT 'x' $$",
            query("select id from bookings where couple = lower(1)", functions=("lower",)),
            "function of its own called lower",
        ),
        (
            "CREATE VIEW shop.seen AS SELECT * FROM shop.bookings WHERE couple = shop.told()",
            query("select id from seen", tables=("seen",)),
            "shop.seen calls functions",
        ),
        (
            "CREATE VIEW shop.first AS SELECT * FROM shop.bookings WHERE couple = shop.told(); "
            "CREATE VIEW shop.second AS SELECT * FROM shop.first",
            query("select id from second", tables=("second",)),
            "shop.second calls functions",
        ),
        (
            "CREATE VIEW shop.dumped AS SELECT * FROM shop.bookings "
            "WHERE note = table_to_xml('shop.bookings', true, false, '')::text; "
            "CREATE VIEW shop.outside AS SELECT * FROM shop.dumped",
            query("select id from outside", tables=("outside",)),
            "shop.outside calls functions",
        ),
        (
            "CREATE POLICY q ON shop.bookings USING (note = current_setting('work_mem'))",
            query("select id from bookings"),
            "shop.bookings calls functions",
        ),
        (
            "CREATE POLICY p ON shop.bookings USING (couple = shop.told())",
            query("select id from bookings"),
            "shop.bookings calls functions",
        ),
        (
            "CREATE OPERATOR shop.= (FUNCTION = shop.same, LEFTARG = int, RIGHTARG = text)",
            query("select id from bookings where id = 'x'"),
            "operators of its own",
        ),
    ],
)
async def test_no_code_of_users_runs_by_planning(shop15: Shop, made: str, asked: Query, words: str) -> None:
    shop15.database.run(
        "CREATE FUNCTION shop.told() RETURNS text STABLE LANGUAGE sql AS "
        "$$ SELECT pg_notify('told', 'the planted secret'); SELECT 'x' $$",
        "CREATE FUNCTION shop.same(int, text) RETURNS bool STABLE LANGUAGE sql AS $$ SELECT true $$",
        made,
    )
    await shop15.grant()
    async with open_cost_model(shop15.observer, shop15.limits, await catalog_of(shop15)) as model:
        (answer,) = await model.costs([CostRequest(query=asked)])
        assert isinstance(answer, Unplannable)
        assert words in answer.reason
        assert model.spent.explains == 0


async def test_even_code_that_does_run_tells_nobody(shop15: Shop) -> None:
    shop15.database.run(
        "CREATE FUNCTION shop.told() RETURNS text STABLE LANGUAGE sql AS "
        "$$ SELECT pg_notify('told', 'the planted secret'); SELECT 'x' $$",
        "CREATE VIEW shop.seen AS SELECT * FROM shop.bookings WHERE couple = shop.told()",
    )
    await shop15.grant()
    catalog = await catalog_of(shop15)
    with shop15.database.connect() as listener:
        listener.execute("LISTEN told")
        async with open_session(shop15.observer, shop15.limits, PLANNING) as session:
            model = HypoPG(session, catalog, Common(user_code=UserCode(), schema="public", hides=False))
            answers = await model.costs([CostRequest(query=query("select id from seen", tables=("seen",)))])
        assert "planted" not in repr(answers)
        assert list(listener.notifies(timeout=0.3)) == []


PARTIAL = index_on(
    "vendor", predicate=(Comparison(column="deleted_at", operator=ComparisonOperator.IS_NULL),), include=("day",)
)


async def test_a_partial_index_is_shown_to_plain_tables_and_not_to_views(shop15: Shop) -> None:
    shop15.database.run(
        "CREATE VIEW shop.open_bookings AS SELECT id, vendor, day FROM shop.bookings WHERE deleted_at IS NULL",
        "UPDATE shop.bookings SET deleted_at = now() WHERE id % 10 <> 0",
        "ANALYZE shop.bookings",
    )
    await shop15.grant()
    plain = query("select vendor, day from bookings where deleted_at is null and vendor = 10")
    view = query("select vendor, day from open_bookings where vendor = 10", tables=("open_bookings",))
    shown, hidden, whole = await costs(
        shop15,
        CostRequest(query=plain, shown=(PARTIAL,)),
        CostRequest(query=view, shown=(PARTIAL,)),
        CostRequest(query=view, shown=(PARTIAL, VENDOR)),
    )
    assert plan(shown).used == {PARTIAL}
    assert plan(hidden).used == frozenset()
    assert plan(whole).used == {VENDOR}


async def test_indexes_that_cannot_be_simulated_are_left_out(shop15: Shop) -> None:
    shown = (index_on("couple", method=AccessMethod.GIN), index_on("gone"), VENDOR, index_on("x" * 64))
    (answer,) = await costs(shop15, CostRequest(query=BY_VENDOR, shown=shown))
    assert plan(answer).used == {VENDOR}


async def test_hiding_indexes_needs_a_newer_hypopg(shop15: Shop) -> None:
    (answer,) = await costs(shop15, CostRequest(query=BY_VENDOR, hidden=(12345,)))
    assert isinstance(answer, Unplannable)
    assert "1.4" in answer.reason


async def test_without_hypopg_there_is_no_what_if_and_that_is_not_fatal(shop: Shop) -> None:
    shop.database.run("DROP EXTENSION IF EXISTS hypopg")
    with pytest.raises(ConnectionRefusedByTarget) as refusal:
        async with open_cost_model(shop.observer, shop.limits, await catalog_of(shop)):
            pass
    finding = refusal.value.finding
    assert (finding.aspect, finding.reason, finding.fatal) == (Aspect.WHAT_IF, "HypoPGMissing", False)


def test_beside_pg_hint_plan_there_is_no_what_if() -> None:
    finding = refusal_from({"hint_plan": True, "schema_name": "public", "usable": True, "available": True})
    assert finding is not None
    assert (finding.reason, finding.fatal) == ("HintPlanLoaded", False)


async def test_generic_plans_of_newer_servers(shop18: Shop) -> None:
    """18 has no HypoPG in these tests; how it plans parameters is tried with the existing indexes."""
    shop18.database.run("CREATE INDEX really ON shop.bookings (vendor)")
    async with open_session(shop18.observer, shop18.limits, PLANNING) as session:
        model = WhatIfSession(session, Common(user_code=UserCode(), schema="none", hides=False))
        nothing = Shown(indexes={}, sizes={})
        answer = plan(await model.plan(BY_PARAMETER, nothing))
        assert "really" in answer.summary
        assert isinstance(await model.plan(query("select 1; select 2"), nothing), Unplannable)
        assert isinstance(await model.plan(query("select $1; select 2", parameters=1), nothing), Unplannable)
