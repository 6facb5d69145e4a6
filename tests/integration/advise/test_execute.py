"""`pgtend advise --execute` on a real server: what is built, run, measured, and put back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from pgtend.commands.execute import TrialOptions, run_trial
from pgtend.commands.json_output import AdviceDocument
from pgtend.commands.trial_course import RUNS
from pgtend.core.statement import read_statement
from pgtend.domain.workload import Query, WeightedQuery, Workload
from pgtend.pipeline.advising import Constants
from pgtend.postgres import trial
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import target_from_dsn
from tests.integration.advise.conftest import Outcome, run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

SEARCH = "SELECT n, note FROM visits WHERE guest = 17"
STATEMENTS = {
    "search": SEARCH,
    "all": "SELECT count(*), max(note) FROM visits",
    "parameter": "SELECT n FROM visits WHERE guest = $1",
    "change": "UPDATE visits SET note = 'x' WHERE guest = 3",
    "volatile": "SELECT n FROM visits WHERE guest = (random() * 9)::int",
}


@pytest.fixture
def visits(postgres15: PostgresServer) -> Iterator[Database]:
    with fresh_database(postgres15) as database:
        database.run(
            "CREATE TABLE visits (n int PRIMARY KEY, guest int, note text)",
            "INSERT INTO visits SELECT n, n % 20000, 'note ' || n FROM generate_series(1, 200000) AS n",
            "VACUUM ANALYZE visits",
        )
        yield database


@pytest.fixture
def workload(tmp_path: Path) -> str:
    path = tmp_path / "w.json"
    path.write_text(json.dumps([{"id": id_, "sql": text} for id_, text in STATEMENTS.items()]))
    return str(path)


def indexes_of(database: Database) -> list[str]:
    with database.connect() as session:
        rows = session.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'visits' ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def execute(database: Database, workload: str, *arguments: str) -> Outcome:
    return run(database.dsn, "--workload", workload, "--execute", *arguments)


def test_a_writable_server_is_refused_unless_somebody_says_yes(visits: Database, workload: str) -> None:
    outcome = execute(visits, workload)
    assert outcome.code == 1
    assert "--yes-on-primary" in outcome.stderr
    assert outcome.stdout == ""
    assert run(visits.dsn, "--workload", workload, "--yes-on-primary").code == 2


def test_queries_really_run_without_and_with_and_nothing_is_left_behind(visits: Database, workload: str) -> None:
    outcome = execute(visits, workload, "--yes-on-primary", "--output", "json")
    assert outcome.code == 0
    AdviceDocument.model_validate(outcome.json)
    measured = outcome.json["measured"]
    assert measured["built"] == [index["name"] for index in outcome.json["indexes"]]
    assert measured["built"]
    assert not measured["kept"]
    by_id = {query["id"]: query for query in measured["queries"]}
    assert by_id.keys() == {"search", "all"}
    assert by_id["search"]["used"]
    assert {*by_id["search"]["used"]} <= {*measured["built"]}
    assert by_id["search"]["change"] != "SamePlan"
    assert by_id["all"]["change"] == "SamePlan"
    assert all(query["beforeMs"] > 0 and query["afterMs"] > 0 for query in by_id.values())
    reasons = {each["id"]: each["reason"] for each in measured["skipped"]}
    assert "Not all of its constants are known" in reasons["parameter"]
    assert "changes rows" in reasons["change"]
    assert indexes_of(visits) == ["visits_pkey"]


def test_as_a_table_the_measurement_takes_the_place_of_the_estimated_risk(visits: Database, workload: str) -> None:
    outcome = execute(visits, workload, "--yes-on-primary")
    assert outcome.code == 0
    assert "measured ×" in outcome.stdout
    assert "They were dropped again." in " ".join(outcome.stdout.split())
    assert "Not run: parameter" in outcome.stdout
    assert "with the same plan: 1." in " ".join(outcome.stdout.split())
    (line,) = (line for line in outcome.stdout.splitlines() if "Same plan" in line)
    assert line.startswith("all: select count(*)")


def test_drops_are_said_not_to_be_tried(visits: Database, workload: str) -> None:
    def note(outcome: Outcome) -> bool:
        return any("Drops are not tried" in note for note in outcome.json["measured"]["notes"])

    assert not note(execute(visits, workload, "--yes-on-primary", "--output", "json"))
    visits.run("CREATE INDEX one ON visits (note)", "CREATE INDEX other ON visits (note)")
    outcome = execute(visits, workload, "--yes-on-primary", "--output", "json")
    assert outcome.json["drops"]
    assert note(outcome)
    assert indexes_of(visits) == ["one", "other", "visits_pkey"]


def test_what_was_built_stays_where_that_is_asked_for(visits: Database, workload: str) -> None:
    outcome = execute(visits, workload, "--yes-on-primary", "--keep-indexes", "--output", "json")
    assert outcome.json["measured"]["kept"]
    assert outcome.json["measured"]["built"][0] in indexes_of(visits)


def test_a_query_beyond_the_time_limit_is_said_to_be_so(visits: Database, tmp_path: Path) -> None:
    path = tmp_path / "slow.json"
    slow = "SELECT count(*) FROM visits a, visits b WHERE a.note < b.note"  # no index helps it
    path.write_text(
        json.dumps([{"id": "search", "sql": SEARCH, "weight": 1e6}, {"id": "slow", "sql": slow, "weight": 1e-9}])
    )
    outcome = execute(visits, str(path), "--yes-on-primary", "--execute-seconds", "0.3", "--output", "json")
    assert outcome.code == 0
    by_id = {query["id"]: query for query in outcome.json["measured"]["queries"]}
    assert by_id["slow"]["change"] == "TimedOut"
    assert by_id["slow"]["ratio"] is None
    assert indexes_of(visits) == ["visits_pkey"]


def test_what_a_side_has_no_times_for_because_of_the_limit_is_not_run_there_again(
    visits: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_run = trial.Runner.run
    runs: list[None] = []

    async def too_long_at_first(self: trial.Runner, query: Query) -> trial.Run:
        runs.append(None)
        return trial.Run(milliseconds=None) if len(runs) == 1 else await really_run(self, query)

    monkeypatch.setattr(trial.Runner, "run", too_long_at_first)
    path = tmp_path / "slow.json"
    path.write_text(json.dumps([{"id": "search", "sql": SEARCH}]))
    (query,) = execute(visits, str(path), "--yes-on-primary", "--output", "json").json["measured"]["queries"]
    assert (query["beforeMs"], query["ratio"], query["change"]) == (None, None, "TimedOut")
    assert query["afterMs"] > 0
    assert len(runs) == 1 + 1 + RUNS


async def test_on_a_standby_queries_run_as_they_are_and_nothing_is_built(visits: Database) -> None:
    target, limits = target_from_dsn(visits.dsn), ConnectionLimits()
    async with open_observer(target, limits, own_roles=()) as observer:
        catalog = await observer.read_catalog()
    query = read_statement(SEARCH, catalog)
    assert isinstance(query, Query)
    given = Workload(queries=(WeightedQuery(id="search", query=query, weight=1.0),))
    measured = await run_trial(
        target, catalog, given, (), TrialOptions(), constants=Constants(), standby=True, tell=lambda line: None
    )
    assert measured.built == ()
    assert "standby" in measured.notes[0]
    (timed,) = measured.queries
    assert len(timed.before_ms) == 3
    assert timed.after_ms == ()


LIVE = {
    "SELECT n, note FROM visits WHERE guest = 17": 30,
    "SELECT n FROM visits WHERE guest BETWEEN 100 AND 300 AND note > 'note 5' ORDER BY n LIMIT 7 OFFSET 3": 10,
    "SELECT note FROM visits WHERE state = 'xyzzy'": 10,
    "SELECT n + 5 FROM visits WHERE note LIKE 'x%'": 3,
}


def test_live_statements_run_with_values_of_pg_stats_and_the_rest_is_said_not_to_run(visits: Database) -> None:
    visits.run(
        "ALTER TABLE visits ADD state text",
        "UPDATE visits SET state = CASE WHEN n % 1000 = 0 THEN 'xyzzy' ELSE 'common' END",
        "VACUUM (FULL, ANALYZE) visits",
        "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()",
        *(text for text, times in LIVE.items() for _ in range(times)),
    )
    outcome = run(visits.dsn, "--execute", "--yes-on-primary", "--output", "json")
    assert outcome.code == 0
    measured = outcome.json["measured"]
    (skipped,) = measured["skipped"]
    assert "Not all of its constants are known" in skipped["reason"]
    # One value is like another where none is much commoner; of two states one finds few rows, the other many.
    kinds = sorted(query["id"].partition(" ")[2] for query in measured["queries"])
    assert kinds == ["", "(few rows)", "(few rows)", "(many rows)", "(many rows)"]
    assert any(query["used"] for query in measured["queries"])
    assert all(each["text"].startswith("select n") for each in (*measured["queries"], skipped))
    assert any("values of pg_stats" in note for note in measured["notes"])
    assert "xyzzy" not in outcome.stdout + outcome.stderr
    assert indexes_of(visits) == ["visits_pkey"]


def test_what_the_guard_refuses_to_plan_is_not_run_either(visits: Database, tmp_path: Path) -> None:
    visits.run(
        "CREATE TABLE secret AS SELECT 'xyzzy' AS word",
        "CREATE FUNCTION my_own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    )
    path = tmp_path / "bad.json"
    bad = {
        "search": SEARCH,
        "xml": "SELECT n FROM visits WHERE n = table_to_xml('secret', true, false, '')::text::int",
        "own": "SELECT n FROM visits WHERE n = my_own()",
        "sleep": "SELECT n, pg_sleep(100) FROM visits",
    }
    path.write_text(json.dumps([{"id": id_, "sql": text} for id_, text in bad.items()]))
    outcome = execute(visits, str(path), "--yes-on-primary", "--output", "json")
    assert [query["id"] for query in outcome.json["measured"]["queries"]] == ["search"]
    assert "xyzzy" not in outcome.stdout + outcome.stderr


def test_what_may_be_planned_is_run_also_where_it_needs_to_know_the_types_of_the_database(
    visits: Database, tmp_path: Path
) -> None:
    visits.run(
        "CREATE TYPE mood AS ENUM ('glad', 'sad')",
        "ALTER TABLE visits ADD state mood NOT NULL DEFAULT 'glad'",
        "UPDATE visits SET state = 'sad' WHERE n % 1000 = 0",
        "VACUUM (FULL, ANALYZE) visits",
    )
    path = tmp_path / "enum.json"
    path.write_text(json.dumps([{"id": "sad", "sql": "SELECT note FROM visits WHERE state = 'sad'::mood"}]))
    outcome = execute(visits, str(path), "--yes-on-primary", "--output", "json")
    assert outcome.json["leftOut"] == []
    assert outcome.json["measured"]["skipped"] == []
    assert [query["used"] for query in outcome.json["measured"]["queries"]] == [outcome.json["measured"]["built"]]


def test_a_table_that_somebody_holds_keeps_no_query_of_others_from_being_run(visits: Database, tmp_path: Path) -> None:
    visits.run("CREATE TABLE held (n int CHECK (n > 0))", "CREATE VIEW beside AS SELECT n FROM held")
    path = tmp_path / "held.json"
    path.write_text(json.dumps([{"id": "search", "sql": SEARCH}]))
    with visits.connect() as holder, holder.transaction():
        holder.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        outcome = execute(visits, str(path), "--yes-on-primary", "--output", "json")
    assert outcome.json["measured"]["problems"] == []
    assert [query["id"] for query in outcome.json["measured"]["queries"]] == ["search"]
    assert outcome.code == 0


def test_a_query_that_spills_too_much_is_ended(
    visits: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SPILLED_KILOBYTES", 1024)
    really_run = trial.Runner.run
    spilled: list[None] = []

    async def counted(self: trial.Runner, query: Query) -> trial.Run:
        if "sort" in query.plannable.lower():
            spilled.append(None)
        return await really_run(self, query)

    monkeypatch.setattr(trial.Runner, "run", counted)
    path = tmp_path / "spills.json"
    spills = "SELECT max(n) FROM (SELECT n, note FROM visits ORDER BY note || 'x', n OFFSET 0) AS sorted"
    path.write_text(json.dumps([{"id": "search", "sql": SEARCH}, {"id": "spills", "sql": spills}]))
    outcome = execute(visits, str(path), "--yes-on-primary", "--output", "json")
    (skipped,) = outcome.json["measured"]["skipped"]
    assert skipped["id"] == "spills"
    assert spilled == [None]  # and in no later part again
    assert "temp_file_limit" in skipped["reason"]
    assert not any("temp_file_limit" in note for note in outcome.json["measured"]["notes"])


@pytest.mark.parametrize(("set_on_server", "limited"), [("-1", False), ("5GB", True), ("50GB", True)])
async def test_a_role_that_may_not_limit_temporary_files_is_told_so_unless_the_server_does(
    visits: Database, set_on_server: str, *, limited: bool
) -> None:
    name = visits.name
    visits.run(f"ALTER DATABASE {name} SET temp_file_limit = '{set_on_server}'")
    # A predefined role without privileges to set anything.
    target = target_from_dsn(make_conninfo(visits.dsn, options="-c role=pg_monitor"))
    limits = ConnectionLimits()
    async with open_observer(target, limits, own_roles=()) as observer:
        catalog = await observer.read_catalog()
    async with trial.open_runner(target, limits, catalog, frozenset(), 1.0) as runner:
        assert runner.limited is limited
