"""Planning in several sessions at once, as exactly the observer role: the answers of one, and none left behind."""

from __future__ import annotations

import asyncio

import pytest

from pgtend.domain.advice import CostAnswer, CostRequest, PlanCost, Unplannable
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget
from pgtend.domain.workload import Query
from pgtend.postgres.hypopg import HypoPG, open_cost_model
from pgtend.postgres.planner import PLANNING
from tests.integration.postgres.conftest import Shop
from tests.integration.postgres.test_hypopg import BY_PARAMETER, BY_VENDOR, DAY, VENDOR, catalog_of, index_on, query

TABLES = 8
"""Of one join: enough for its planning to take some time."""
_OURS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgtend'"

_SETTINGS = b"""
    SELECT name, setting FROM pg_catalog.pg_settings
    WHERE source = 'session' AND name NOT IN ('search_path', 'client_encoding') OR name = 'application_name' ORDER BY name
"""
"""But for the search_path, which is that of the query planned last."""


def join(number: int) -> Query:
    tables = ", ".join(f"bookings b{one}" for one in range(TABLES))
    joins = " and ".join(f"b{one}.id = b{other}.vendor" for one in range(TABLES) for other in range(one + 1, TABLES))
    return query(f"select 1 from {tables} where {joins} and b0.couple = '{number}'")


MANY = tuple(
    CostRequest(query=join(number), shown=shown)
    for number in range(12)
    for shown in ((), (VENDOR,), (VENDOR, DAY), (index_on("couple", "vendor"),))
)


async def warm(model: HypoPG) -> None:
    """Let it know how long such plans take."""
    await model.costs(MANY[:2])


async def count_of_sessions(shop: Shop, *, wanted: int) -> int:
    """How many sessions of pgtend there are, once the server has had time to notice who is gone."""
    with shop.database.connect() as session:
        for _ in range(100):
            found = len(session.execute(f"SELECT pid {_OURS}".encode()).fetchall())
            if found == wanted:
                break
            await asyncio.sleep(0.1)
    return found


async def answers(shop: Shop, sessions: int, requests: tuple[CostRequest, ...]) -> tuple[tuple[CostAnswer, ...], int]:
    async with open_cost_model(shop.observer, shop.limits, await catalog_of(shop), sessions=sessions) as model:
        await warm(model)
        found = await model.costs(requests)
        assert model.spent.sessions == sessions
        assert await count_of_sessions(shop, wanted=sessions) == sessions
        return found, model.spent.explains


async def test_the_answers_and_plans_are_those_of_one_session(shop15: Shop) -> None:
    shop15.database.run("CREATE TABLE shop.secrets (id int)")
    others = (
        CostRequest(query=query("select id from secrets", tables=("secrets",))),
        CostRequest(query=query("select id from bookings where vendor = 'private word'")),
        CostRequest(query=BY_VENDOR, shown=(index_on("gone"), VENDOR)),
        CostRequest(query=BY_PARAMETER, shown=(VENDOR, DAY)),
        CostRequest(query=query("select id from bookings; select 1")),
    )
    requests = (*MANY, *others, *reversed(MANY))
    alone, explains = await answers(shop15, 1, requests)
    assert await answers(shop15, 2, requests) == (alone, explains)
    assert sum(isinstance(answer, Unplannable) for answer in alone) == 3
    assert any(isinstance(answer, PlanCost) and answer.used for answer in alone)
    assert await count_of_sessions(shop15, wanted=0) == 0


async def test_few_plans_and_quick_ones_stay_in_one_session(shop15: Shop) -> None:
    requests = [CostRequest(query=BY_VENDOR, shown=shown) for shown in ((), (VENDOR,))]
    async with open_cost_model(shop15.observer, shop15.limits, await catalog_of(shop15), sessions=2) as model:
        await model.costs(MANY[:1])
        for _ in range(3):
            await model.costs(requests[:1])
        assert model.spent.sessions == 1


async def test_every_session_has_the_settings_of_the_first(shop15: Shop) -> None:
    async with open_cost_model(shop15.observer, shop15.limits, await catalog_of(shop15), sessions=2) as model:
        await warm(model)
        await model.costs(MANY)
        first, second = [
            await (await session._session.execute(_SETTINGS)).fetchall() for session in (model._first, *model._more)
        ]
        assert first == second
        assert {row["name"] for row in first} == PLANNING.settings.keys() - {"search_path"} | {"application_name"}
        with shop15.database.connect() as other:
            users = other.execute(f"SELECT usename {_OURS}".encode()).fetchall()
    assert users == [("pgtend_observer",), ("pgtend_observer",)]


@pytest.mark.parametrize("reason", ["the role", "the limits"])
async def test_a_further_session_that_cannot_be_had_is_done_without(shop15: Shop, reason: str) -> None:
    if reason == "the role":
        shop15.database.run("ALTER ROLE pgtend_observer CONNECTION LIMIT 1")
    try:
        async with open_cost_model(
            shop15.observer, shop15.limits, await catalog_of(shop15), sessions=2 if reason == "the role" else 8
        ) as model:
            await warm(model)
            found = await model.costs(MANY)
            assert all(isinstance(answer, PlanCost) for answer in found)
            assert model.spent.sessions == (1 if reason == "the role" else 2)
    finally:
        shop15.database.run("ALTER ROLE pgtend_observer CONNECTION LIMIT -1")


@pytest.mark.parametrize("which", ["ASC", "DESC"], ids=["the first", "the newest"])
async def test_where_one_session_is_lost_the_others_make_its_plans(shop15: Shop, which: str) -> None:
    catalog = await catalog_of(shop15)
    alone, _ = await answers(shop15, 1, MANY)

    async def end_one() -> None:
        assert await count_of_sessions(shop15, wanted=2) == 2
        shop15.database.run(f"SELECT pg_terminate_backend(pid) {_OURS} ORDER BY backend_start {which} LIMIT 1")

    async with open_cost_model(shop15.observer, shop15.limits, catalog, sessions=2) as model:
        await warm(model)
        ending = asyncio.ensure_future(end_one())
        while not ending.done():
            assert await model.costs(MANY) == alone
        await ending
        assert await model.costs(MANY) == alone
        sizes = await model.sizes([VENDOR, DAY])
        assert all(sizes)
        assert await count_of_sessions(shop15, wanted=1) == 1
        assert model.spent.sessions == 2
    assert await count_of_sessions(shop15, wanted=0) == 0
    assert not shop15.limits.open_connections


async def test_where_all_sessions_are_lost_that_is_said(shop15: Shop) -> None:
    catalog = await catalog_of(shop15)

    async def end_all() -> None:
        assert await count_of_sessions(shop15, wanted=2) == 2
        shop15.database.run(f"SELECT pg_terminate_backend(pid) {_OURS}")

    with pytest.raises(ConnectionRefusedByTarget) as lost:
        async with open_cost_model(shop15.observer, shop15.limits, catalog, sessions=2) as model:
            await warm(model)
            ending = asyncio.ensure_future(end_all())
            while True:
                await model.costs(MANY)
                if ending.done():
                    await ending
    assert (lost.value.finding.aspect, lost.value.finding.reason) == (Aspect.WHAT_IF, "ConnectionLost")
    assert await count_of_sessions(shop15, wanted=0) == 0
    assert not shop15.limits.open_connections


async def test_none_is_left_where_planning_is_cancelled(shop15: Shop) -> None:
    catalog = await catalog_of(shop15)

    async def plan_on() -> None:
        async with open_cost_model(shop15.observer, shop15.limits, catalog, sessions=2) as model:
            await warm(model)
            while True:
                await model.costs(MANY)

    planning = asyncio.ensure_future(plan_on())
    assert await count_of_sessions(shop15, wanted=2) == 2
    planning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await planning
    assert await count_of_sessions(shop15, wanted=0) == 0
    assert not shop15.limits.open_connections
