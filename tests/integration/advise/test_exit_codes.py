"""How `pgtend advise` ends: each row of the table of exit codes in docs/reference/advise.md, on a real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from tests.integration.advise.conftest import Advise, Outcome, run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "reference" / "advise.md"
PROGRAM = (sys.executable, "-m", "pgtend", "advise")


def words_of(outcome: Outcome) -> str:
    return " ".join(outcome.stderr.split())


def test_every_code_of_the_documents_table_is_tested_here_or_beside() -> None:
    table = DOCUMENT.read_text(encoding="utf-8").split("| exit code |", 1)[1].split("\n\n", 1)[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == {0, 1, 2, 3, 130, 141}


def test_to_advise_something_and_to_advise_nothing_both_end_with_0(advise: Advise, tmp_path: Path) -> None:
    assert advise().code == 0
    path = tmp_path / "w.sql"
    path.write_text("SELECT id FROM payments WHERE id = 17")
    outcome = advise("--workload", str(path), "--output", "json")
    assert outcome.code == 0
    assert outcome.json["indexes"] == []


def test_a_server_that_has_counted_no_query_ends_with_1_and_says_what_it_has_counted(
    postgres15: PostgresServer,
) -> None:
    with fresh_database(postgres15) as database:
        database.run("CREATE TABLE a (x int)", "SET search_path TO public", "SELECT count(*) FROM pg_class")
        outcome = run(database.dsn)
    assert outcome.code == 1
    assert outcome.stdout == ""
    assert "has counted no query on a table of the database" in words_of(outcome)
    assert "no index could help (" in words_of(outcome)
    assert "CREATE" in outcome.stderr
    assert "--workload" in outcome.stderr


def test_execute_on_a_writable_server_ends_with_1(advise: Advise, tmp_path: Path) -> None:
    path = tmp_path / "w.sql"
    path.write_text("SELECT id FROM payments WHERE booking_id = 17")
    outcome = advise("--workload", str(path), "--execute")
    assert outcome.code == 1
    assert "--yes-on-primary" in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"password": "hush-hush"}, "does not accept this user and password: correct the DSN"),
        ({"dbname": "nowhere"}, "There is no database of that name on the server: correct the DSN"),
        ({"user": "nobody"}, "does not accept this user and password"),  # it does not tell which of the two is wrong
        ({"port": "1"}, "Nothing listens on that host and port"),
        ({"port": "99999"}, "The port is no number from 1 to 65535"),
        ({"host": "no-such-host.invalid"}, "The host name cannot be resolved: correct the host in the DSN"),
        ({"sslmode": "verify-full", "sslrootcert": "/nowhere"}, "sslrootcert, cannot be read"),
        ({"sslmode": "never"}, "The sslmode is none of disable"),
        ({"service": "none_such"}, "is in no service file"),
    ],
)
def test_what_keeps_it_from_connecting_is_said_in_a_line_without_a_secret(
    marketplace: Database, parameters: dict[str, str], words: str
) -> None:
    outcome = run(make_conninfo(marketplace.dsn, **parameters))
    assert outcome.code == 1
    assert outcome.stdout == ""
    assert words in outcome.stderr
    assert outcome.stderr.startswith("Error: ")
    assert "secret" not in outcome.stderr
    assert "hush" not in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1


@pytest.mark.parametrize("output", ["json", "table", "sql"])
def test_files_of_which_no_statement_can_be_used_end_with_2_after_the_reasons(
    advise: Advise, tmp_path: Path, output: str
) -> None:
    path = tmp_path / "w.sql"
    path.write_text("BEGIN; SELECT * FROM gone_long_ago; SELECT id FROM payments WHERE id = no_such(3)")
    outcome = advise("--workload", str(path), "--output", output)
    assert outcome.code == 2
    assert f"None of the statements of {path} could be used" in words_of(outcome)
    if output == "json":
        assert len(outcome.json["leftOut"]) == 3
    if output == "table":
        assert "gone_long_ago" in outcome.stdout
        assert "no_such" in outcome.stdout


@pytest.mark.parametrize("output", ["json", "sql"])
def test_a_story_goes_with_no_other_form_and_ends_with_2(advise: Advise, output: str) -> None:
    outcome = advise("--explain", "1", "--output", output)
    assert outcome.code == 2
    assert f"does not go with --output {output}" in words_of(outcome)
    assert outcome.stdout == ""


@pytest.mark.parametrize("output", ["json", "table", "sql"])
def test_a_reader_that_went_away_ends_it_with_141_and_no_word(marketplace: Database, output: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        outcome = subprocess.run(
            [*PROGRAM, "--output", output],
            env={**os.environ, "PGTEND_DSN": marketplace.dsn},
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    finally:
        os.close(writing)
    assert outcome.returncode == 141
    assert b"Traceback" not in outcome.stderr
    assert b"BrokenPipe" not in outcome.stderr


def test_a_terminal_that_knows_ascii_alone_is_no_reason_to_fail(marketplace: Database) -> None:
    for output in ("table", "json"):
        outcome = subprocess.run(
            [*PROGRAM, "--output", output],
            env={**os.environ, "PGTEND_DSN": marketplace.dsn, "PYTHONIOENCODING": "ascii"},
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert outcome.returncode == 0
        text = outcome.stdout.decode("ascii")
    assert "→" in json.loads(text)["indexes"][0]["queries"][0]["planChange"]
