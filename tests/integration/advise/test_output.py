"""What `pgtend advise` shows of what it found: names as SQL has them, counts, warnings, and what is not of the application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgtend.commands.json_output import AdviceDocument
from tests.integration.advise.conftest import Outcome, run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

STRANGE = 'Gäste\n\x1b[31m"x"'
QUOTED = STRANGE.replace('"', '""')


@pytest.fixture
def guests(postgres15: PostgresServer) -> Iterator[Database]:
    with fresh_database(postgres15) as database:
        database.run(
            f'CREATE TABLE "{QUOTED}" (n int PRIMARY KEY, "order" int, note text, paid boolean)',
            f"INSERT INTO \"{QUOTED}\" SELECT n, n % 20000, 'note ' || n, n % 200 = 0 FROM generate_series(1, 100000) AS n",
            f'VACUUM ANALYZE "{QUOTED}"',
        )
        yield database


def advise_on(database: Database, folder: Path, statements: list[str], *arguments: str) -> Outcome:
    path = folder / "w.json"
    path.write_text(json.dumps([{"id": f"q\n{n}\x1b", "sql": sql} for n, sql in enumerate(statements)]))
    return run(database.dsn, "--workload", str(path), *arguments)


def test_names_are_shown_as_sql_has_them_and_steer_no_terminal(guests: Database, tmp_path: Path) -> None:
    statements = [f'SELECT note FROM "{QUOTED}" WHERE "order" = 17', "SELECT nothing"]
    for arguments in ((), ("--explain", "1")):
        outcome = advise_on(guests, tmp_path, statements, *arguments)
        assert outcome.code == 0
        assert "\x1b" not in outcome.stdout + outcome.stderr
        joined = "".join(line.strip() for line in outcome.stdout.splitlines())
        assert r"Gäste\n\x1b[31m" in joined
    assert '"order"' in advise_on(guests, tmp_path, statements).stdout
    ((index,), _) = (
        advise_on(guests, tmp_path, statements, "--output", "json").json[key] for key in ("indexes", "drops")
    )
    assert index["table"] == STRANGE
    assert index["concurrently"] == index["definition"].replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1)


def test_the_sql_of_strange_names_can_be_run(guests: Database, tmp_path: Path) -> None:
    content = advise_on(guests, tmp_path, [f'SELECT note FROM "{QUOTED}" WHERE "order" = 17'], "--output", "json").json
    guests.run(content["indexes"][0]["concurrently"])


def test_queries_beyond_the_twenty_that_are_listed_are_counted(guests: Database, tmp_path: Path) -> None:
    statements = [f'SELECT note AS column_{n} FROM "{QUOTED}" WHERE "order" = {n}' for n in range(24)]
    (index,) = advise_on(guests, tmp_path, statements, "--output", "json").json["indexes"]
    assert (len(index["queries"]), index["queriesHelped"]) == (20, 24)
    assert "and 21 more" in advise_on(guests, tmp_path, statements).stdout
    assert "and 4 more" in advise_on(guests, tmp_path, statements, "--explain", "1").stdout


def test_what_saves_nothing_is_not_said_in_figures_of_nothing(guests: Database, tmp_path: Path) -> None:
    outcome = advise_on(guests, tmp_path, [f'SELECT n FROM "{QUOTED}" WHERE n = 3'])
    assert "no change" in outcome.stdout
    assert "0 B" not in outcome.stdout
    assert "-0.0" not in outcome.stdout


@pytest.fixture(params=[15, 18])
def busy(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database where the application has run one query, sessions have done this and that, and pgtend has looked around."""
    server: PostgresServer = request.getfixturevalue(f"postgres{request.param}")
    with fresh_database(server) as database:
        database.run(
            "CREATE TABLE a AS SELECT n, n % 7000 AS x, repeat('x', 50) AS note FROM generate_series(1, 100000) AS n",
            "ANALYZE a",
            "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()",
            "SELECT note FROM a WHERE x = 17",
            "VACUUM a",
            "BEGIN",
            "SELECT count(*) FROM pg_catalog.pg_class",
        )
        run(database.dsn)
        yield database


def test_neither_pgtend_s_own_nor_utility_statements_are_among_those_left_out(busy: Database) -> None:
    outcome = run(busy.dsn, "--output", "json")
    AdviceDocument.model_validate(outcome.json)
    assert outcome.json["statements"] == 1
    # What is left is the test's own: the reset of the statistics.
    assert [each["reason"] for each in outcome.json["leftOut"]] == [
        "It names no table; what the functions that it calls may read is not seen."
    ] * len(outcome.json["leftOut"])
    assert len(outcome.json["leftOut"]) <= 1
    others = outcome.json["others"]
    assert {"VACUUM", "BEGIN", "queries of the system catalogs"} <= {*others["kinds"]}
    assert "EXPLAIN" not in others["kinds"]
    assert 0 < others["share"] < 1
    with busy.connect() as session:
        rows = session.execute(
            "SELECT query FROM pg_stat_statements WHERE query NOT LIKE '%/* pgtend */%' AND query ~* '(pg_catalog|hypopg|pg_stat)' "
            "AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchall()
    texts = [" ".join(row[0].split()) for row in rows]
    assert [
        text for text in texts if not text.startswith(("SET", "SELECT count(*) FROM pg_catalog", "SELECT pg_stat_st"))
    ] == []


def test_statistics_of_minutes_are_warned_of_and_so_is_a_missing_planner(busy: Database) -> None:
    outcome = run(busy.dsn, "--output", "json")
    reasons = {each["reason"]: each["message"] for each in outcome.json["warnings"]}
    expected = {"StatisticsYoung"} if busy.server.version == 15 else {"StatisticsYoung", "HypoPGMissing"}
    assert expected <= reasons.keys()
    for message in reasons.values():
        assert message in outcome.stderr
    assert 0 < outcome.json["hours"] < 1
    table = " ".join(run(busy.dsn).stdout.split())
    assert "Note: pg_stat_statements has counted for" in table
    assert ("The extension hypopg is not in this database" in table) == (busy.server.version == 18)
