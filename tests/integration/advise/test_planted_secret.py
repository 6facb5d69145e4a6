"""Nothing of a secret table gets out by any text, and nobody's code runs while a statement is merely planned."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from pgtend.cli import main
from pgtend.core.sql.lexer import Kind, NotLexable, Token, spell, tokenize
from tests.integration.advise.conftest import Outcome, run
from tests.integration.advise.planted import (
    AS_ATTACKER,
    AS_SUPERUSER,
    CANARY,
    FIRING,
    HARMLESS,
    HARMLESS_SCHEMA,
    HOSTILE,
    SILENT,
)
from tests.integration.advise.planted_rows import FIRING_ROWS
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

PASSWORD = "secret of a test"
TYPED_PARAMETER = re.compile(r"= (\$1 :: (regclass|xml|evil|public) |(evil \. checked|evil \. dumped|regclass) \$1)")
FORMS = ("json", "table", "sql")


@pytest.fixture(scope="module")
def planted(postgres15: PostgresServer) -> Iterator[Database]:
    """The secret and all the traps, and the roles as `pgtend grants` makes them."""
    with fresh_database(postgres15) as database:
        database.run(*AS_SUPERUSER)
        with psycopg.connect(database.dsn_for("attacker", PASSWORD), autocommit=True) as session:
            for statement in AS_ATTACKER:
                session.execute(statement.encode())
        database.run(*HARMLESS_SCHEMA)
        grants = CliRunner().invoke(main, ["grants", "--no-tuner"], env={"PGTEND_DSN": database.dsn})
        database.run(grants.stdout, f"ALTER ROLE pgtend_observer PASSWORD '{PASSWORD}'")
        yield database


def observer_of(database: Database) -> str:
    return database.dsn_for("pgtend_observer", PASSWORD)


def calls_of_attacker(database: Database) -> dict[str, int]:
    """How often each function of the attacker's was called so far, by whomever; counted even where all is rolled back."""
    with database.connect() as session:
        rows = session.execute(
            "SELECT function.oid::regprocedure::text, calls FROM pg_stat_user_functions "
            "JOIN pg_proc AS function ON function.oid = funcid WHERE proowner = 'attacker'::regrole"
        ).fetchall()
    return dict(rows)


def workload(tmp_path: Path, texts: Sequence[str]) -> str:
    path = tmp_path / "w.json"
    path.write_text(json.dumps([{"id": text, "sql": text} for text in texts]))
    return str(path)


def with_parameters(text: str) -> str:
    """As pg_stat_statements would hold it."""
    try:
        tokens = tokenize(text)
    except NotLexable:
        return text
    numbers = iter(range(1, 1000))
    return spell(Token(Kind.PARAMETER, f"${next(numbers)}") if token.is_constant else token for token in tokens)


def left_out(outcome: Outcome) -> dict[str, str]:
    return {each["id"]: each["reason"] for each in outcome.json["leftOut"]}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("spelling", ["as written", "with parameters"])
def test_nothing_of_the_secret_is_in_any_answer_and_no_code_of_users_ran(
    planted: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture, form: str, spelling: str
) -> None:
    texts = (*HOSTILE, *SILENT, *HARMLESS)
    given = [text if spelling == "as written" else with_parameters(text) for text in texts]
    before = calls_of_attacker(planted)
    with caplog.at_level(logging.DEBUG):
        outcome = run(observer_of(planted), "--workload", workload(tmp_path, given), "--output", form)
    assert outcome.code == 0, outcome.stderr
    assert CANARY not in outcome.stdout + outcome.stderr + caplog.text
    assert calls_of_attacker(planted) == before


@pytest.mark.parametrize("text", FIRING)
def test_without_the_guard_a_plain_explain_runs_the_attackers_code(planted: Database, text: str) -> None:
    """Else the other tests could not fail."""
    assert text in HOSTILE
    before = calls_of_attacker(planted)
    with psycopg.connect(observer_of(planted)) as session:
        session.read_only = True
        session.execute(b"EXPLAIN " + text.encode())
        session.rollback()
    assert calls_of_attacker(planted) != before


def test_hostile_texts_are_left_out_each_with_a_sentence(planted: Database, tmp_path: Path) -> None:
    outcome = run(observer_of(planted), "--workload", workload(tmp_path, HOSTILE), "--output", "json")
    reasons = left_out(outcome)
    assert reasons.keys() == set(HOSTILE)
    assert outcome.json["spent"]["explains"] == 0
    assert all(reason.endswith(".") and "'" not in reason.replace("'s ", "") for reason in reasons.values())


def test_texts_that_cast_rows_are_left_out_for_the_code_behind_the_cast(planted: Database, tmp_path: Path) -> None:
    """Not for another reason by chance."""
    outcome = run(observer_of(planted), "--workload", workload(tmp_path, FIRING_ROWS), "--output", "json")
    reasons = left_out(outcome)
    assert reasons.keys() == set(FIRING_ROWS)
    assert [
        (text, reason)
        for text, reason in reasons.items()
        if "that may run code of the database's own users" not in reason and "It casts to " not in reason
    ] == []


def test_with_parameters_they_are_left_out_too(planted: Database, tmp_path: Path) -> None:
    texts = list(dict.fromkeys(map(with_parameters, HOSTILE)))
    reasons = left_out(run(observer_of(planted), "--workload", workload(tmp_path, texts), "--output", "json"))
    # Where a parameter is merely compared with a column, its type is left out of what is planned.
    assert [text for text in texts if text not in reasons and not TYPED_PARAMETER.search(text)] == []
    # What is no SQL any more (a parameter has no type in front of it) may reach the server.
    assert {reason for reason in reasons.values() if "SQLSTATE" in reason} <= {
        "The server refused the statement (SyntaxError, SQLSTATE 42601); its log has the text."
    }


@pytest.mark.parametrize("spelling", [str, with_parameters])
def test_their_harmless_neighbours_are_planned(
    planted: Database, tmp_path: Path, spelling: Callable[[str], str]
) -> None:
    texts = list(dict.fromkeys(map(spelling, HARMLESS)))
    outcome = run(observer_of(planted), "--workload", workload(tmp_path, texts), "--output", "json")
    assert left_out(outcome) == {}
    assert outcome.json["spent"]["explains"] >= len(texts)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_gets_out_of_what_was_really_run(
    planted: Database, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    """Everything that the attacker can run without an error comes from pg_stat_statements."""
    with planted.connect() as session:
        session.execute(
            "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()"
        )
    with psycopg.connect(planted.dsn_for("attacker", PASSWORD)) as session:
        for text in (*HOSTILE, *SILENT, *HARMLESS):
            with contextlib.suppress(psycopg.Error):
                session.execute("SET LOCAL statement_timeout = '200ms'")
                session.execute(text.encode())
            session.rollback()
    before = calls_of_attacker(planted)
    with caplog.at_level(logging.DEBUG):
        outcome = run(observer_of(planted), "--output", form)
    assert outcome.code == 0, outcome.stderr
    assert CANARY not in outcome.stdout + outcome.stderr + caplog.text
    assert calls_of_attacker(planted) == before
