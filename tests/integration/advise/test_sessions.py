"""Planning in several sessions side by side: the same advice, said to be of more sessions, and none left behind."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.integration.advise.conftest import SCHEMA, nobody_is_left, run
from tests.integration.advise.test_stopping import end, indexes, start
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

TABLES = 7
STATEMENTS = 40
ENOUGH_TO_FIND = 10
"""Plans after which some index is known to help."""


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


def wait_for_plans(process: subprocess.Popen[str], count: int) -> None:
    """Read what it says until it says that it made so many plans."""
    assert process.stderr is not None
    for line in process.stderr:
        said = re.match(r"([\d,]+) plans", line)
        if said is not None and int(said[1].replace(",", "")) >= count:
            return
    pytest.fail(f"It ended before it said that it made {count} plans.")


def end_all(database: Database, over: Event) -> None:
    """End all sessions of pgtend that there are, again and again."""
    with database.connect() as session:
        while not over.wait(0.02):
            session.execute(
                b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                b"WHERE datname = current_database() AND application_name = 'pgtend'"
            )


def test_where_all_sessions_are_lost_the_best_so_far_is_printed_with_that(database: Database, workload: Path) -> None:
    process = start(database.dsn, "--workload", str(workload), "--sessions", "3", "--output", "json")
    wait_for_plans(process, ENOUGH_TO_FIND)
    over = Event()
    ending = Thread(target=end_all, args=(database, over))
    ending.start()
    code, stdout, stderr = end(process)
    over.set()
    ending.join()
    assert code == 1
    assert "The connection to the server was lost" in stdout + stderr
    assert indexes(stdout)
    assert not json.loads(stdout)["complete"]


def test_three_sessions_give_the_advice_of_one_for_as_many_plans(database: Database, workload: Path) -> None:
    alone, together = advice(database, workload, 1), advice(database, workload, 3)
    assert alone["indexes"]
    assert (alone["spent"].pop("sessions"), together["spent"].pop("sessions")) == (1, 3)
    for content in (alone, together):
        assert content["spent"].pop("seconds") > 0
    assert alone == together
