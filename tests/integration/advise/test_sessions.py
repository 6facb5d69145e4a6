"""Planning in several sessions side by side: the same advice, said to be of more sessions, and none left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.integration.advise.conftest import SCHEMA, nobody_is_left, run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

TABLES = 7
STATEMENTS = 40


@pytest.fixture(scope="module")
def database(postgres15: PostgresServer) -> Iterator[Database]:
    """The tables without a load."""
    with fresh_database(postgres15) as fresh:
        fresh.run(*SCHEMA)
        yield fresh


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Joins that take long enough to plan, each of its own kind."""
    tables = ", ".join(f"bookings b{number}, payments p{number}" for number in range(TABLES // 2))
    joins = " AND ".join(
        f"b{one}.couple_id = p{other}.booking_id" for one in range(TABLES // 2) for other in range(TABLES // 2)
    )
    columns = ("status = 'pending'", "vendor_id = {n}", "couple_id = {n}", "wedding_date > date '2026-01-01' + {n}")
    statements = [
        {
            "id": f"join {number}",
            "sql": f"SELECT count(*) FROM {tables} WHERE {joins} AND b0.{columns[number % 4].format(n=number)} "
            f"AND b{number % 3}.total > {number}",
        }
        for number in range(STATEMENTS)
    ]
    path = tmp_path_factory.mktemp("workload") / "w.json"
    path.write_text(json.dumps(statements))
    return path


def advice(database: Database, workload: Path, sessions: int) -> dict[str, Any]:
    outcome = run(database.dsn, "--workload", str(workload), "--sessions", str(sessions), "--output", "json")
    assert outcome.code == 0, outcome.stderr
    assert nobody_is_left(database.dsn)
    return outcome.json


def end_all_from_the_second_on(database: Database, over: Event) -> None:
    """Once there are two sessions of pgtend, end all that there are, again and again."""
    begun = False
    with database.connect() as session:
        while not over.wait(0.02):
            rows = session.execute(
                b"SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgtend'"
            ).fetchall()
            begun = begun or len(rows) > 1
            for (pid,) in rows if begun else ():
                session.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_where_all_sessions_are_lost_the_best_so_far_is_printed_with_that(database: Database, workload: Path) -> None:
    over = Event()
    ending = Thread(target=end_all_from_the_second_on, args=(database, over))
    ending.start()
    outcome = run(database.dsn, "--workload", str(workload), "--sessions", "3", "--output", "json")
    over.set()
    ending.join()
    assert outcome.code == 1
    assert "The connection to the server was lost" in outcome.stderr
    if outcome.stdout:  # something was found by then
        assert outcome.json["indexes"]
        assert not outcome.json["complete"]


def test_three_sessions_give_the_advice_of_one_for_as_many_plans(database: Database, workload: Path) -> None:
    alone, together = advice(database, workload, 1), advice(database, workload, 3)
    assert alone["indexes"]
    assert (alone["spent"].pop("sessions"), together["spent"].pop("sessions")) == (1, 3)
    for content in (alone, together):
        assert content["spent"].pop("seconds") > 0
    assert alone == together
