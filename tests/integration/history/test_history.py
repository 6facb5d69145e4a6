"""The history on SQLite and on Postgres: one suite for both."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pgtend.domain.finding import HistoryUnavailable
from pgtend.domain.index import TableName
from pgtend.domain.record import ActionRecord, HourOfLoad
from pgtend.domain.workload import Load
from pgtend.history import SqlHistory, open_history
from tests.servers.fixtures_postgres import Database

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOP = "7300000000000000001/16384"
BOOKINGS = TableName(schema="public", table='Größe "x"')
LOAD = Load(calls=3, total_ms=12.5, rows=7, blocks_hit=2**40, blocks_read=1)
BUILT = ActionRecord(
    at=NOON,
    policy="shop/bookings",
    recommendation="bookings-payments-3fa9c1d2",
    action="Build",
    definition="CREATE INDEX …",
    outcome="Done",
    message="built in 3 s",
    approved_by="jane",
)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/history.db"
    database = request.getfixturevalue("database15")
    assert isinstance(database, Database)
    return "postgresql+psycopg" + database.dsn.removeprefix("postgresql")


@pytest.fixture
async def history(url: str) -> AsyncIterator[SqlHistory]:
    async with open_history(url) as opened:
        yield opened


def an_hour(hour: datetime = NOON, **changes: object) -> HourOfLoad:
    full = HourOfLoad(hour=hour, statements={"aa": LOAD}, rows_written={BOOKINGS: 5}, seconds=60.0)
    return replace(full, **changes)  # type: ignore[arg-type]


async def test_tells_since_when_an_index_is_watched(history: SqlHistory) -> None:
    assert await history.see_indexes(SHOP, ["public.a", "public.b"], NOON) == {"public.a": NOON, "public.b": NOON}
    later = await history.see_indexes(SHOP, ["public.a", "public.c"], NOON + HOUR)
    assert later == {"public.a": NOON, "public.c": NOON + HOUR}


async def test_an_index_that_was_away_is_watched_anew(history: SqlHistory) -> None:
    await history.see_indexes(SHOP, ["public.a"], NOON)
    assert await history.see_indexes(SHOP, [], NOON + HOUR) == {}
    assert await history.see_indexes(SHOP, ["public.a"], NOON + 2 * HOUR) == {"public.a": NOON + 2 * HOUR}


async def test_databases_do_not_see_each_other(history: SqlHistory) -> None:
    await history.see_indexes(SHOP, ["public.a"], NOON)
    await history.add_hour(SHOP, an_hour())
    await history.record(SHOP, BUILT)
    assert await history.see_indexes("other/1", ["public.a"], NOON + HOUR) == {"public.a": NOON + HOUR}
    assert await history.hours("other/1", NOON - HOUR) == ()
    assert await history.actions("other/1", NOON - HOUR) == ()


async def test_adds_to_an_hour_instead_of_replacing_it(history: SqlHistory) -> None:
    await history.add_hour(SHOP, an_hour(NOON + timedelta(minutes=1)))
    await history.add_hour(SHOP, an_hour(NOON + timedelta(minutes=59), statements={"aa": LOAD, "bb": LOAD}))
    expected = HourOfLoad(
        hour=NOON, statements={"aa": LOAD + LOAD, "bb": LOAD}, rows_written={BOOKINGS: 10}, seconds=120.0
    )
    assert await history.hours(SHOP, NOON) == (expected,)


async def test_gives_hours_oldest_first_from_the_asked_one_on(history: SqlHistory) -> None:
    for hours in (3, 1, 2):
        await history.add_hour(SHOP, an_hour(NOON + hours * HOUR))
    found = await history.hours(SHOP, NOON + 2 * HOUR + timedelta(minutes=30))
    assert [hour.hour for hour in found] == [NOON + 2 * HOUR, NOON + 3 * HOUR]


async def test_an_hour_without_load_is_still_an_observed_hour(history: SqlHistory) -> None:
    quiet = an_hour(statements={}, rows_written={})
    await history.add_hour(SHOP, quiet)
    assert await history.hours(SHOP, NOON) == (quiet,)


async def test_reads_moments_of_any_zone_and_gives_them_back_in_utc(history: SqlHistory) -> None:
    await history.record(SHOP, replace(BUILT, at=NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))))
    (found,) = await history.actions(SHOP, NOON)
    assert found == BUILT
    assert found.at.tzinfo is UTC


async def test_keeps_the_order_of_actions(history: SqlHistory) -> None:
    for outcome in ("first", "second", "third"):
        await history.record(SHOP, replace(BUILT, outcome=outcome))
    assert [action.outcome for action in await history.actions(SHOP, NOON)] == ["first", "second", "third"]


async def test_survives_a_restart(url: str) -> None:
    async with open_history(url) as first:
        await first.see_indexes(SHOP, ["public.a"], NOON)
        await first.add_hour(SHOP, an_hour())
        await first.record(SHOP, BUILT)
    async with open_history(url) as second:
        assert await second.see_indexes(SHOP, ["public.a"], NOON + HOUR) == {"public.a": NOON}
        assert await second.hours(SHOP, NOON) == (an_hour(),)
        assert await second.actions(SHOP, NOON) == (BUILT,)


async def test_forgets_old_hours_and_much_older_actions(history: SqlHistory) -> None:
    await history.see_indexes("gone/1", ["public.a"], NOON - timedelta(days=400))
    await history.see_indexes(SHOP, ["public.a"], NOON)
    for age in (400, 40, 1):
        await history.add_hour(SHOP, an_hour(NOON - timedelta(days=age)))
        await history.record(SHOP, replace(BUILT, at=NOON - timedelta(days=age)))
    removed = await history.prune(NOON - timedelta(days=30))
    assert (
        removed == 6 + 1 + 2
    )  # two hours in three tables, one action, an index of a database that is gone, that database
    assert len(await history.hours(SHOP, NOON - timedelta(days=500))) == 1
    assert len(await history.actions(SHOP, NOON - timedelta(days=500))) == 2
    assert await history.see_indexes(SHOP, ["public.a"], NOON + HOUR) == {"public.a": NOON}
    assert await history.prune(NOON - timedelta(days=30)) == 0


async def test_refuses_tables_of_a_newer_version(url: str, history: SqlHistory) -> None:
    async with history.transaction() as connection:
        await connection.exec_driver_sql("update pgtend_schema_version set version = 99")
    with pytest.raises(HistoryUnavailable, match="tables of version 99, this pgtend knows version 1"):
        async with open_history(url):
            pass


async def test_a_naive_moment_is_a_mistake_that_escapes(history: SqlHistory) -> None:
    with pytest.raises(Exception, match="aware moments only"):
        await history.record(SHOP, replace(BUILT, at=NOON.replace(tzinfo=None)))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        pytest.param("not a url", "URL of the history cannot be read", id="no URL"),
        pytest.param("mysql://root:hush@db/x", "cannot be kept by 'mysql'", id="another server"),
        pytest.param("sqlite+pysqlite:////tmp/x.db", "cannot be kept by 'sqlite", id="a driver that blocks"),
        pytest.param("sqlite://", "needs a file", id="in memory"),
        pytest.param("sqlite:////no/such/folder/h.db", "the folder /no/such/folder does not exist", id="no folder"),
        pytest.param("sqlite:////proc/h.db", "cannot be kept at /proc/h.db", id="a folder that takes no file"),
        pytest.param("postgresql://u:hush@127.0.0.1:1/x", "cannot be reached", id="no server"),
    ],
)
async def test_says_what_is_wrong_with_a_url(wrong: str, sentence: str) -> None:
    with pytest.raises(HistoryUnavailable, match=sentence) as raised:
        async with open_history(wrong):
            pass
    assert "hush" not in str(raised.value)


async def test_says_that_a_file_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all, " * 1000)
    with pytest.raises(HistoryUnavailable, match="is not an SQLite database"):
        async with open_history(f"sqlite:///{path}"):
            pass


async def test_says_that_another_process_holds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgtend.history.connection.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(tmp_path / "history.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(HistoryUnavailable, match="locked by another process"):
            async with open_history(f"sqlite:///{tmp_path}/history.db"):
                pass


async def test_says_what_postgres_refuses(database15: Database) -> None:
    stranger = database15.create_role("stranger")
    database15.run("revoke create on schema public from public")
    cases = {
        stranger: "may not be written: let its role create",
        database15.dsn_for("stranger", "wrong"): "lets the user and password",
        stranger.replace(f"/{database15.name}", "/nowhere"): "that the database exists",
    }
    for url, sentence in cases.items():
        with pytest.raises(HistoryUnavailable, match=sentence):
            async with open_history(url):
                pass


async def test_goes_on_after_its_server_was_restarted(database15: Database) -> None:
    async with open_history(database15.dsn) as history:
        await history.record(SHOP, BUILT)
        with database15.connect() as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'pgtend-history' and pid <> pg_backend_pid()"
            )
        assert await history.actions(SHOP, NOON) == (BUILT,)
