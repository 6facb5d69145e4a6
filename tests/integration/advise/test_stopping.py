"""How the search ends before it is done: a deadline on a server that plans slowly, and Ctrl-C at any moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.advise.conftest import SCHEMA, nobody_is_left, run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

QUICK = "SELECT amount FROM payments WHERE booking_id = 7"
SLOW = "SELECT count(*) FROM {tables} WHERE {joins} AND b0.status = '{number}'"
"""Joins of one table with itself: with every order looked at, planning takes long."""
TABLES = 11
STATEMENTS = 400

# The process is run in a session of its own with Ctrl-C as a shell would have it: a job in the background has it ignored.
START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from pgtend.cli import main; {first}; main()"


@pytest.fixture(scope="module")
def slow_database(postgres15: PostgresServer) -> Iterator[Database]:
    """A database whose planner looks at every order of joins."""
    with fresh_database(postgres15) as database:
        database.run(*SCHEMA)
        with database.connect() as connection:
            name = connection.info.dbname
        for setting in ("geqo = off", "join_collapse_limit = 20", "from_collapse_limit = 20"):
            database.run(f"ALTER DATABASE {name} SET {setting}")
        yield database


@pytest.fixture(scope="module")
def slow_workload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one statement that an index helps most, behind many that take long to plan."""
    tables = ", ".join(f"bookings b{number}" for number in range(TABLES))
    joins = " AND ".join(
        f"b{one}.couple_id = b{other}.vendor_id" for one in range(TABLES) for other in range(one + 1, TABLES)
    )
    statements = [
        {"id": f"slow {number}", "sql": SLOW.format(tables=tables, joins=joins, number=number), "weight": 1e-6}
        for number in range(STATEMENTS)
    ]
    path = tmp_path_factory.mktemp("workload") / "w.json"
    path.write_text(json.dumps([*statements, {"id": "quick", "sql": QUICK, "weight": 1000.0}]))
    return path


def start(dsn: str, *arguments: str, first: str = "pass") -> subprocess.Popen[str]:
    """`pgtend advise` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", START.format(first=first), "advise", *arguments],
        env={**os.environ, "PGTEND_DSN": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read what it says until it says that."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    pytest.fail(f"It never said {words!r}, but {said!r}")


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """(exit code, standard output, the rest of standard error)."""
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def indexes(stdout: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(stdout)["indexes"]
    return found


def test_when_the_time_is_over_what_is_known_is_advised(slow_database: Database, slow_workload: Path) -> None:
    outcome = run(
        slow_database.dsn, "--workload", str(slow_workload), "--max-seconds", "30", "--minimum-gain", "0",
        "--output", "json",
    )  # fmt: skip
    assert outcome.code == 0
    content = outcome.json
    assert not content["complete"]
    assert ("payments", "booking_id") in [(index["table"], index["columns"][0]) for index in content["indexes"]]
    assert content["spent"]["explains"] < STATEMENTS  # not every statement was planned, let alone with indexes


def test_sql_of_incomplete_advice_says_that_it_is_incomplete(slow_database: Database, slow_workload: Path) -> None:
    arguments = ("--workload", str(slow_workload), "--minimum-gain", "0", "--output", "sql")
    outcome = run(slow_database.dsn, *arguments, "--max-seconds", "30")
    first, *rest = outcome.stdout.splitlines()
    assert first.startswith("-- Incomplete:")
    assert any(line.startswith("CREATE INDEX CONCURRENTLY ") for line in rest)


@pytest.mark.parametrize("sessions", ["1", "3"])
def test_ctrl_c_on_a_slow_server_prints_the_best_so_far(
    slow_database: Database, slow_workload: Path, sessions: str
) -> None:
    process = start(
        slow_database.dsn, "--workload", str(slow_workload), "--minimum-gain", "0", "--sessions", sessions,
        "--output", "json",
    )  # fmt: skip
    wait_for(process, " plans, ")
    os.kill(process.pid, signal.SIGINT)
    code, stdout, stderr = end(process)
    assert code == 130, stderr
    assert "press Ctrl-C again" in stderr
    assert not json.loads(stdout)["complete"]
    assert nobody_is_left(slow_database.dsn)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param("import os; os.kill(os.getpid(), signal.SIGINT)", id="before anything is loaded"),
        pytest.param(
            "import pgtend.commands.advise as advise, os; "
            "advise.open_observer = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)",
            id="before it is connected",
        ),
    ],
)
def test_ctrl_c_before_the_search_ends_it_without_a_word_of_python(slow_database: Database, first: str) -> None:
    # What presses Ctrl-C runs inside the command, so that it comes at the very moment that is meant.
    pressing = f"main.callback = lambda: exec({first!r})" if "observer" not in first else first
    code, stdout, stderr = end(start(slow_database.dsn, first=pressing))
    assert code == 130
    assert stdout == ""
    assert stderr.endswith("Stopped.\n")
    assert "Traceback" not in stderr
    assert "Aborted" not in stderr


def test_a_second_ctrl_c_ends_it_at_once_while_the_solver_is_busy(slow_database: Database) -> None:
    busy = (
        "import pgtend.core.integer_program as program, time; "
        "program.milp = lambda *_, **__: (print('busy', file=__import__('sys').stderr, flush=True), time.sleep(600))"
    )
    process = start(slow_database.dsn, first=busy)
    wait_for(process, "busy")
    os.kill(process.pid, signal.SIGINT)
    wait_for(process, "press Ctrl-C again")
    os.kill(process.pid, signal.SIGINT)
    code, stdout, _ = end(process)
    assert (code, stdout) == (130, "")
