"""No advice makes a write fail: a B-tree refuses a row whose entry would be wider than a third of a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.advise.conftest import run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

LONG = "(select string_agg(md5(n::text), '') from generate_series(1, 400) n)"
"""12,800 characters that hardly shrink when they are compressed."""


@pytest.fixture(scope="module")
def queue(postgres15: PostgresServer) -> Iterator[Database]:
    with fresh_database(postgres15) as database:
        database.run(
            "create table jobs (id int primary key, queue int not null, state varchar(10) not null, run_at date not null, "
            "args jsonb not null, labels text[] not null, title text not null, body text not null, url text not null)",
            "insert into jobs select n, n % 500, 'state ' || n % 4, date '2026-01-01' + n % 400, '{}', '{}', 'title ' || n, "
            "repeat(md5(n::text) || md5((n + 1)::text), 40), 'https://example.org/a/long/way/to/page/' || n "
            "from generate_series(1, 60000) n",
            f"update jobs set url = {LONG} where id = 77",
            "vacuum analyze jobs",
        )
        yield database


def test_following_the_advice_no_write_fails_that_did_not_fail_before(queue: Database, tmp_path: Path) -> None:
    workload = tmp_path / "jobs.sql"
    workload.write_text(
        "select id, args from jobs where queue = 7;\n"
        "select id, title, state from jobs where queue = 8 and run_at > date '2026-05-05';\n"
        "select labels, id from jobs where queue = 9 order by run_at;\n"
        "select title from jobs where queue = 3;\n"
    )
    outcome = run(queue.dsn, "--workload", str(workload), "--output", "json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["indexes"]
    statements = [index["definition"] for index in outcome.json["indexes"]]
    with queue.connect() as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute(
            f"insert into jobs values (0, 7, 'state 1', date '2026-05-06', jsonb_build_object('a', {LONG}), array[{LONG}], "
            f"{LONG}, {LONG}, {LONG})"
        )


def test_the_remains_of_a_build_that_failed_are_named(queue: Database, tmp_path: Path) -> None:
    workload = tmp_path / "urls.sql"
    workload.write_text("select id from jobs where url = 'https://example.org';\n")
    first = run(queue.dsn, "--workload", str(workload), "--output", "json").json
    (index,) = first["indexes"]
    with queue.connect() as connection, pytest.raises(psycopg.errors.ProgramLimitExceeded):
        connection.execute(index["concurrently"])
    again = run(queue.dsn, "--workload", str(workload), "--output", "json").json
    text = run(queue.dsn, "--workload", str(workload), "--output", "sql").stdout
    queue.run(f"drop index {index['name']}")
    assert [each["name"] for each in again["indexes"]] == [index["name"]]
    (note,) = (each for each in again["notes"] if index["name"] in each)
    assert "invalid, as a build that failed leaves it" in note
    assert text.splitlines()[0] == f"-- Note: {note}"


def test_a_key_that_is_too_long_everywhere_is_never_advised_and_one_that_might_be_is_named(
    queue: Database, tmp_path: Path
) -> None:
    workload = tmp_path / "keys.sql"
    workload.write_text(
        "select id from jobs where body = 'x';\nselect id from jobs where url = 'https://example.org';\n"
    )
    outcome = run(queue.dsn, "--workload", str(workload), "--output", "json")
    assert outcome.code == 0, outcome.stderr
    by_first = {index["columns"][0]: index for index in outcome.json["indexes"]}
    assert set(by_first) == {"url"}
    assert by_first["url"]["risk"] == "Medium"
    assert "2,704 bytes" in by_first["url"]["riskReason"]
