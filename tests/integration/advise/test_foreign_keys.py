"""A DELETE is slow where rows of other tables that might reference what it deletes have to be looked for: no plan of it says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.advise.conftest import run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

_SCHEMA = (
    "create table users (id bigint primary key, name text not null)",
    """
    create table tickets (
        id bigint primary key, assignee_id bigint references users, watcher_id bigint references users on delete set null, note text
    )
    """,
    "create table sessions (id bigint primary key, user_id bigint not null references users on delete cascade, note text)",
    "create index sessions_user_id_idx on sessions (user_id)",
    "insert into users select n, 'user ' || n from generate_series(1, 20000) as n",
    "insert into tickets select n, 1 + n % 10000, 1 + n % 9999, repeat('x', 100) from generate_series(1, 200000) as n",
    "insert into sessions select n, 1 + n % 10000, repeat('x', 100) from generate_series(1, 100000) as n",
    "vacuum analyze users, tickets, sessions",
)


@pytest.fixture
def tracker(postgres15: PostgresServer) -> Iterator[Database]:
    """Users that tickets and sessions reference; only the sessions have an index for it."""
    with fresh_database(postgres15) as database:
        database.run(*_SCHEMA)
        yield database


def _blocks_of_a_delete(database: Database, first: int) -> float:
    """Delete twelve users, and count nothing else."""
    with database.connect() as connection:
        connection.execute(
            "select pg_stat_statements_reset(0, oid, 0) from pg_database where datname = current_database()"
        )
        for number in range(first, first + 12):
            connection.execute("delete from users where id = %s", (number,))
        row = connection.execute(
            "select sum(shared_blks_hit + shared_blks_read)::float8 / sum(calls) from pg_stat_statements "
            "where query like 'delete from users%' and dbid = (select oid from pg_database where datname = current_database())"
        ).fetchone()
    assert row is not None
    return float(row[0])


def test_a_slow_delete_gets_the_indexes_that_its_foreign_keys_lack_and_then_needs_no_more(tracker: Database) -> None:
    slow = _blocks_of_a_delete(tracker, first=19_001)
    advised = run(tracker.dsn, "--output", "json")
    assert advised.code == 0, advised.stderr
    found = {(each["table"], *each["columns"]): each for each in advised.json["indexes"]}
    assert found.keys() == {("tickets", "assignee_id"), ("tickets", "watcher_id")}
    (helped,) = found["tickets", "assignee_id"]["queries"]
    assert helped["text"] == (
        "delete from public.users where id = $1: check of foreign key tickets_assignee_id_fkey "
        "on public.tickets (assignee_id) for each row deleted"
    )
    assert ": SET NULL of foreign key tickets_watcher_id_fkey" in found["tickets", "watcher_id"]["queries"][0]["text"]
    assert all(each["validated"] for each in found.values())

    tracker.run(*(each["definition"] for each in found.values()), "analyze tickets")
    quick = _blocks_of_a_delete(tracker, first=19_101)
    assert quick * 20 < slow
    again = run(tracker.dsn, "--output", "json")
    assert again.code == 0, again.stderr
    assert (again.json["indexes"], again.json["drops"]) == ([], [])


def test_deletes_in_a_file_get_the_indexes_too_and_updates_only_where_they_set_the_key(
    tracker: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def keys(text: str) -> list[list[str]]:
        workload = tmp_path_factory.mktemp("workload") / "writes.sql"
        workload.write_text(text)
        outcome = run(tracker.dsn, "--workload", str(workload), "--output", "json")
        assert outcome.code == 0, outcome.stderr
        return sorted(each["columns"] for each in outcome.json["indexes"])

    assert keys("delete from users where id = 7;") == [["assignee_id"], ["watcher_id"]]
    assert keys("update users set id = 7 where id = 8;") == [["assignee_id"], ["watcher_id"]]
    assert keys("update users set name = 'x' where id = 8;") == []


def test_execute_says_that_it_does_not_run_the_checks(tracker: Database, tmp_path: Path) -> None:
    def notes(text: str) -> str:
        workload = tmp_path / "w.sql"
        workload.write_text(text)
        outcome = run(tracker.dsn, "--workload", str(workload), "--execute", "--yes-on-primary", "--output", "json")
        assert outcome.code == 0, outcome.stderr
        return " ".join(outcome.json["measured"]["notes"])

    assert "for the sake of foreign keys, were not run" in notes("delete from users where id = 7;")
    assert "foreign keys" not in notes("select name from users where id = 7;")
