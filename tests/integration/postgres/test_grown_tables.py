"""Tables that are not as large any more as when VACUUM or ANALYZE last counted them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psycopg
import pytest

from pgtend.commands.advise import AdviseOptions, find_advice
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName
from pgtend.domain.recommendation import Action
from pgtend.postgres.ddl import create_index
from pgtend.postgres.observer import open_observer
from tests.integration.postgres.conftest import Shop

CREATE = (
    "CREATE TABLE shop.visits (id int, vendor int, status text, day date, note text, token uuid, paid numeric) "
    "WITH (autovacuum_enabled = false)"
)
FILL = """
    INSERT INTO shop.visits
    SELECT i, floor(3000 * random()), (array['new', 'seen', 'seen', 'left'])[1 + i % 4], date '2026-01-01' + i / 1000,
        repeat('x', i % 30), md5(i::text)::uuid, (1000 * random())::numeric(8, 2)
    FROM generate_series({first}, {last}) AS i
"""
ANALYZE = "ANALYZE shop.visits"
LOCK = "LOCK TABLE shop.visits IN ACCESS EXCLUSIVE MODE"
NAME = TableName(schema="shop", table="visits")


def fill(first: int, last: int) -> str:
    return FILL.format(first=first, last=last)


HISTORIES = [
    pytest.param((fill(1, 100_000), ANALYZE), id="as it was analysed"),
    pytest.param((fill(1, 50_000), ANALYZE, fill(50_001, 100_000)), id="twice as large"),
    pytest.param((fill(1, 10_000), ANALYZE, fill(10_001, 100_000)), id="ten times as large"),
    pytest.param((fill(1, 20), ANALYZE, fill(21, 100_000)), id="loaded after a few rows"),
    pytest.param((ANALYZE, fill(1, 100_000)), id="empty when it was analysed"),
    pytest.param((fill(1, 100_000),), id="never analysed"),
    pytest.param((fill(1, 90_000), ANALYZE, "TRUNCATE shop.visits", fill(1, 100_000)), id="truncated and loaded again"),
    pytest.param(
        (fill(1, 50_000), "DELETE FROM shop.visits WHERE id % 3 > 0", ANALYZE, fill(50_001, 100_000)), id="after a deletion"
    ),
    pytest.param((fill(1, 100_000), ANALYZE, "DELETE FROM shop.visits WHERE id > 9000", "VACUUM shop.visits"), id="shrunk"),
]  # fmt: skip


async def read_catalog(shop: Shop) -> Catalog:
    async with open_observer(shop.observer, shop.limits) as observer:
        return await observer.read_catalog()


def value(shop: Shop, query: str) -> int:
    with shop.database.connect() as session:
        row = session.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("history", HISTORIES)
async def test_rows_and_bytes_are_those_that_the_planner_takes(shop: Shop, history: tuple[str, ...]) -> None:
    shop.database.run(CREATE, *history)
    await shop.grant()
    table = (await read_catalog(shop)).tables[NAME]
    with shop.database.connect() as session:
        row = session.execute("EXPLAIN (FORMAT JSON) SELECT FROM shop.visits").fetchone()
    assert row is not None
    assert table.rows == pytest.approx(row[0][0]["Plan"]["Plan Rows"], rel=0.03)
    assert table.bytes == value(shop, "SELECT pg_relation_size('shop.visits')")


@pytest.mark.parametrize("history", HISTORIES)
async def test_a_budget_is_kept_once_built(shop15: Shop, history: tuple[str, ...], tmp_path: Path) -> None:
    workload = tmp_path / "workload.sql"
    workload.write_text(
        "SELECT id FROM shop.visits WHERE vendor = 7; SELECT note FROM shop.visits WHERE token = gen_random_uuid(); "
        "SELECT note FROM shop.visits WHERE id = 9; SELECT sum(paid) FROM shop.visits WHERE vendor = 3 AND status = 'new'; "
        "SELECT note FROM shop.visits WHERE day = date '2026-01-09' AND status = 'left'"
    )
    shop15.database.run(CREATE, *history)
    await shop15.grant()
    table_bytes = value(shop15, "SELECT pg_relation_size('shop.visits')")
    for budget in (table_bytes // 5, table_bytes):
        options = AdviseOptions(constraints=Constraints(storage_budget=budget), workload=workload)
        advice = (await find_advice(shop15.observer, options, lambda _: None)).advice
        indexes = [change.index for change in advice.changes if change.action is Action.CREATE]
        built = 0
        with shop15.database.connect() as session:
            for index in indexes:
                session.execute(create_index(index, "really", concurrently=False))
                built += value(shop15, "SELECT pg_relation_size('shop.really')")
                session.execute("DROP INDEX shop.really")
        assert built <= 1.05 * budget
    assert indexes


async def test_a_partitioned_table_has_the_rows_of_its_partitions(shop: Shop) -> None:
    shop.database.run(
        "CREATE TABLE shop.hours (at int, n int) PARTITION BY RANGE (at)",
        "CREATE TABLE shop.early PARTITION OF shop.hours FOR VALUES FROM (0) TO (10000) WITH (autovacuum_enabled = false)",
        "CREATE TABLE shop.late PARTITION OF shop.hours FOR VALUES FROM (10000) TO (100000) PARTITION BY RANGE (at)",
        "CREATE TABLE shop.latest PARTITION OF shop.late FOR VALUES FROM (10000) TO (50000) WITH (autovacuum_enabled = false)",
        "INSERT INTO shop.hours SELECT n, n FROM generate_series(0, 30000) AS n",
        "ANALYZE shop.early, shop.latest",
        "INSERT INTO shop.hours SELECT n, n FROM generate_series(10000, 49999) AS n",
    )
    await shop.grant()
    tables = (await read_catalog(shop)).tables
    rows = tables[TableName(schema="shop", table="hours")].rows
    assert rows == pytest.approx(70_001, rel=0.01)
    assert rows == sum(tables[TableName(schema="shop", table=name)].rows for name in ("early", "latest"))


def wait_until_it_is_wanted(shop: Shop) -> None:
    while not value(shop, "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"):
        time.sleep(0.01)


@pytest.mark.parametrize("waits", [False, True], ids=["held", "waited for"])
async def test_who_locks_a_table_exclusively_does_not_hold_up_the_catalog(shop: Shop, waits: bool) -> None:
    shop.database.run(
        CREATE,
        "CREATE INDEX by_id ON shop.visits (id)",
        "CREATE INDEX by_lower ON shop.visits (lower(note)) WHERE status = 'new'",
        fill(1, 10_000),
        ANALYZE,
        fill(10_001, 20_000),
    )
    await shop.grant()
    free = await read_catalog(shop)
    before = free.tables[NAME]
    async with await psycopg.AsyncConnection.connect(shop.database.dsn) as locking:
        if waits:
            with shop.database.connect() as reading, reading.transaction():
                reading.execute("SELECT FROM shop.visits LIMIT 1")
                waiting = asyncio.create_task(locking.execute(LOCK))
                await asyncio.to_thread(wait_until_it_is_wanted, shop)
                catalog = await read_catalog(shop)
            await waiting
        else:
            await locking.execute(LOCK)
            catalog = await read_catalog(shop)
        await locking.rollback()
    during = catalog.tables[NAME]
    assert during.bytes == before.bytes - before.grown_bytes
    assert during.rows == pytest.approx(10_000)
    assert catalog.tables[TableName(schema="shop", table="bookings")].grown_bytes == 0
    there = {index.name: index for index in free.indexes_of(NAME)}
    then = {index.name: index for index in catalog.indexes_of(NAME)}
    assert then["by_id"].index == there["by_id"].index
    assert there["by_lower"].index is not None
    assert then["by_lower"].index is None
    assert not then["by_lower"].definition


async def test_who_locks_a_table_exclusively_holds_up_no_advice_on_the_others(shop15: Shop, tmp_path: Path) -> None:
    shop15.database.run(
        CREATE, "CREATE INDEX by_lower ON shop.visits (lower(note)) WHERE status = 'new'", fill(1, 10_000)
    )
    shop15.database.run("CREATE VIEW shop.seen AS SELECT id FROM shop.visits WHERE lower(note) = 'x'", ANALYZE)
    await shop15.grant()
    workload = tmp_path / "workload.sql"
    workload.write_text(
        "SELECT id FROM shop.bookings WHERE couple = 'a'; SELECT id FROM shop.visits WHERE vendor = 3; SELECT id FROM shop.seen WHERE id = 3"
    )
    async with await psycopg.AsyncConnection.connect(shop15.database.dsn) as locking:
        await locking.execute(LOCK)
        options = AdviseOptions(constraints=Constraints(), workload=workload)
        advice = (await find_advice(shop15.observer, options, lambda _: None)).advice
        await locking.rollback()
    assert [change.index.table for change in advice.changes] == ["bookings"]
    (visits, seen) = (each.reason for each in advice.left_out)
    assert "is held exclusively by another session" in visits
    assert "is held exclusively by another session" in seen
