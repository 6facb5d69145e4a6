"""What `pgtend advise --execute` leaves on the server: nothing of its own and all of others', whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgtend.commands import advise, trial_indexes
from pgtend.commands.trial_indexes import trial_name
from pgtend.domain.finding import StatementFailed
from pgtend.domain.index import Index
from pgtend.domain.workload import Query
from pgtend.pipeline.advising import advise_on
from pgtend.postgres import trial
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.trial import BuiltIndex, Run, Runner
from tests.integration.advise.conftest import Outcome, run
from tests.integration.advise.test_stopping import end, start, wait_for
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

STATEMENTS = ("SELECT n, note FROM visits WHERE guest = 17", "SELECT n, note FROM stays WHERE guest = 17")
OWN = ["stays_pkey", "visits_pkey"]


@pytest.fixture
def hotel(postgres15: PostgresServer) -> Iterator[Database]:
    with fresh_database(postgres15) as database:
        for table in ("visits", "stays"):
            database.run(
                f"CREATE TABLE {table} (n int PRIMARY KEY, guest int, note text)",
                f"INSERT INTO {table} SELECT n, n % 20000, 'note ' || n FROM generate_series(1, 50000) AS n",
                f"VACUUM ANALYZE {table}",
            )
        yield database


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    path = tmp_path / "w.json"
    path.write_text(json.dumps([{"sql": text} for text in STATEMENTS]))
    return ("--workload", str(path), "--execute", "--yes-on-primary", "--output", "json")


@pytest.fixture
def names(hotel: Database, arguments: tuple[str, ...]) -> list[str]:
    """The names that the advice has for the indexes."""
    outcome = run(hotel.dsn, *arguments[:2], "--output", "json")
    return [index["name"] for index in outcome.json["indexes"]]


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """What presses Ctrl-C. It is ignored where the tests run in the background, unless somebody says otherwise."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGINT, before)


def indexes_of(database: Database) -> list[str]:
    with database.connect() as session:
        rows = session.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def whenever_a_query_runs(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    really_run = Runner.run

    async def run_and_more(self: Runner, query: Query) -> Run:
        happens()
        return await really_run(self, query)

    monkeypatch.setattr(Runner, "run", run_and_more)


def whenever_one_is_dropped(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    really_drop = trial.drop_built

    async def drop_and_more(target: ConnectionTarget, limits: ConnectionLimits, built: BuiltIndex) -> BuiltIndex | None:
        happens()
        return await really_drop(target, limits, built)

    monkeypatch.setattr(trial_indexes, "drop_built", drop_and_more)


def measured(outcome: Outcome) -> Any:
    return outcome.json["measured"]


@pytest.mark.parametrize("keep", [False, True])
def test_an_index_that_somebody_else_makes_under_the_advised_name_stays(
    hotel: Database, arguments: tuple[str, ...], names: list[str], monkeypatch: pytest.MonkeyPatch, *, keep: bool
) -> None:
    theirs = names[0]

    def make() -> None:
        if theirs not in indexes_of(hotel):
            hotel.run(f'CREATE INDEX "{theirs}" ON visits (note)')

    whenever_a_query_runs(monkeypatch, make)
    outcome = run(hotel.dsn, *arguments, *(["--keep-indexes"] if keep else []))
    assert theirs in indexes_of(hotel)
    assert len(outcome.json["indexes"]) == 2
    if keep:
        assert outcome.code == 1
        assert measured(outcome)["built"] == names[1:]
        assert indexes_of(hotel) == sorted([*OWN, *names])
        assert f"{theirs} was not built. Something else of that name is there already" in outcome.stderr
    else:
        assert outcome.code == 0
        assert measured(outcome)["built"] == names
        assert indexes_of(hotel) == sorted([*OWN, theirs])


@pytest.mark.parametrize("keep", [False, True])
def test_the_invalid_remains_of_a_build_are_not_taken_for_the_index(
    hotel: Database, arguments: tuple[str, ...], names: list[str], *, keep: bool
) -> None:
    remains = next(name for name in names if name.startswith("visits"))
    hotel.run(
        f'CREATE INDEX "{remains}" ON visits (guest)',
        f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '\"{remains}\"'::regclass",
    )
    outcome = run(hotel.dsn, *arguments, *(["--keep-indexes"] if keep else []))
    assert remains in indexes_of(hotel)
    used = {name for query in measured(outcome)["queries"] for name in query["used"]}
    if keep:
        assert outcome.code == 1
        assert "the invalid remains of a build" in " ".join(measured(outcome)["problems"])
        assert remains not in measured(outcome)["built"]
        assert remains not in used
    else:
        assert outcome.code == 0
        assert remains in used
        assert indexes_of(hotel) == sorted([*OWN, remains])


def test_one_drop_that_fails_keeps_none_of_the_others_and_takes_away_nothing_of_the_answer(
    hotel: Database, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {**trial.DROPPING.settings, "lock_timeout": "200ms"}
    monkeypatch.setattr(trial, "DROPPING", replace(trial.DROPPING, settings=settings))
    monkeypatch.setattr(trial_indexes, "_PAUSE", 0.01)
    holders: list[psycopg.Connection[Any]] = []

    def hold() -> None:
        if len(indexes_of(hotel)) == len(OWN) + 2 and not holders:
            holders.append(psycopg.connect(hotel.dsn))
            holders[0].execute("SELECT n FROM visits LIMIT 1")

    whenever_a_query_runs(monkeypatch, hold)
    try:
        outcome = run(hotel.dsn, *arguments)
    finally:
        for holder in holders:
            holder.close()
    assert outcome.code == 3
    assert len(outcome.json["indexes"]) == 2
    assert all(query["beforeMs"] and query["afterMs"] for query in measured(outcome)["queries"])
    (left,) = measured(outcome)["left"]
    assert left["name"].startswith("public.visits_guest")
    assert "lock" in left["reason"]
    assert left["statement"] in outcome.stderr
    assert indexes_of(hotel) == sorted([*OWN, left["name"].removeprefix("public.")])
    hotel.run(left["statement"])
    assert indexes_of(hotel) == OWN


def test_a_drop_that_fails_once_is_tried_again(
    hotel: Database, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def fail_once() -> None:
        tried.append(1)
        if len(tried) == 1:
            raise StatementFailed("55P03", "It waited too long.")

    monkeypatch.setattr(trial_indexes, "_PAUSE", 0.01)
    whenever_one_is_dropped(monkeypatch, fail_once)
    outcome = run(hotel.dsn, *arguments)
    assert (outcome.code, measured(outcome)["left"], indexes_of(hotel)) == (0, [], OWN)


def test_one_that_somebody_renamed_is_left_alone_and_named_as_it_is_called_now(
    hotel: Database, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    old: list[str] = []

    def rename() -> None:
        built = [name for name in indexes_of(hotel) if name not in OWN]
        if len(built) == 2 and not old:
            old.append(built[0])
            hotel.run(
                f'ALTER INDEX "{built[0]}" RENAME TO worth_keeping', f'CREATE INDEX "{built[0]}" ON visits (note)'
            )

    whenever_a_query_runs(monkeypatch, rename)
    outcome = run(hotel.dsn, *arguments)
    assert outcome.code == 3
    assert indexes_of(hotel) == sorted([*OWN, *old, "worth_keeping"])
    (left,) = measured(outcome)["left"]
    assert left["name"] == "public.worth_keeping"
    assert old[0] in left["reason"]
    hotel.run(left["statement"])
    assert indexes_of(hotel) == sorted([*OWN, *old])


def test_ctrl_c_while_it_drops_lets_it_drop_all(
    hotel: Database, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, ctrl_c: Callable[[], None]
) -> None:
    presses = [ctrl_c]
    whenever_one_is_dropped(monkeypatch, lambda: presses and presses.pop()())
    outcome = run(hotel.dsn, *arguments)
    assert outcome.code == 130
    assert indexes_of(hotel) == OWN
    assert len(outcome.json["indexes"]) == 2
    assert not measured(outcome)["complete"]


def test_ctrl_c_while_the_queries_run_prints_the_advice_with_what_was_measured(
    hotel: Database, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, ctrl_c: Callable[[], None]
) -> None:
    runs_with: list[None] = []

    def press() -> None:
        if len(indexes_of(hotel)) > len(OWN):
            runs_with.append(None)
            if len(runs_with) == 6:  # in the second query
                ctrl_c()

    whenever_a_query_runs(monkeypatch, press)
    outcome = run(hotel.dsn, *arguments)
    assert outcome.code == 130
    assert indexes_of(hotel) == OWN
    assert len(outcome.json["indexes"]) == 2
    assert outcome.json["complete"]
    assert not measured(outcome)["complete"]
    first, second = measured(outcome)["queries"]
    assert first["ratio"] is not None
    assert second["beforeMs"] > 0
    assert second["change"] == "NotCompared"


def test_ctrl_c_while_a_query_runs_ends_it_and_says_nothing_of_it(
    hotel: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ctrl_c: Callable[[], None]
) -> None:
    path = tmp_path / "slow.json"
    slow = "SELECT count(*) FROM visits a, visits b WHERE a.note < b.note"
    path.write_text(json.dumps([{"sql": STATEMENTS[0]}, {"id": "slow", "sql": slow, "weight": 1e-9}]))
    pressing: list[asyncio.Task[None]] = []

    def watch() -> None:
        if not pressing:
            pressing.append(asyncio.create_task(press_once(hotel, "query LIKE '%ANALYZE%visits a%'", ctrl_c)))

    whenever_a_query_runs(monkeypatch, watch)
    outcome = run(hotel.dsn, "--workload", str(path), "--execute", "--yes-on-primary", "--output", "json")
    assert outcome.code == 130, outcome.stderr
    assert measured(outcome)["skipped"] == []
    assert measured(outcome)["problems"] == []
    assert [query["change"] for query in measured(outcome)["queries"]] == ["NotCompared", "NotCompared"]
    assert indexes_of(hotel) == OWN


async def press_once(database: Database, activity: str, ctrl_c: Callable[[], None]) -> None:
    """Press Ctrl-C as soon as a session of pgtend does this."""
    while True:
        await asyncio.sleep(0.01)
        with database.connect() as session:
            row = session.execute(
                "SELECT FROM pg_stat_activity WHERE application_name = 'pgtend' AND datname = current_database() AND "
                + activity
            ).fetchone()
        if row is not None:
            return ctrl_c()


@pytest.mark.parametrize("moment", ["before", "while it waits for a lock", "before the commit"])
def test_ctrl_c_while_an_index_is_built_leaves_nothing(
    hotel: Database,
    arguments: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    ctrl_c: Callable[[], None],
    moment: str,
) -> None:
    really_build = trial.build_index
    pressing: list[asyncio.Task[None]] = []
    oids: list[int] = []

    async def pressed(
        target: ConnectionTarget, limits: ConnectionLimits, index: Index, name: str, made: Callable[[int], None]
    ) -> None:
        def made_and_pressed(oid: int) -> None:
            made(oid)
            oids.append(oid)
            ctrl_c()

        if moment == "before":
            ctrl_c()
        if moment == "while it waits for a lock":
            pressing.append(
                asyncio.create_task(
                    press_once(hotel, "query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock'", ctrl_c)
                )
            )
            with hotel.connect() as holder, holder.transaction():
                holder.execute("LOCK TABLE visits, stays IN ROW EXCLUSIVE MODE")
                await really_build(target, limits, index, name, made)
        await really_build(target, limits, index, name, made_and_pressed)

    monkeypatch.setattr(trial_indexes, "build_index", pressed)
    outcome = run(hotel.dsn, *(argument if argument != "json" else "table" for argument in arguments))
    assert outcome.code == 130
    assert indexes_of(hotel) == OWN
    assert "The trial was ended by Ctrl-C" in outcome.stdout
    assert len(oids) == (1 if moment == "before the commit" else 0)
    assert all(task.done() for task in pressing)


def test_after_ctrl_c_in_the_search_nothing_is_tried(
    hotel: Database, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, ctrl_c: Callable[[], None]
) -> None:

    async def pressed(*arguments: Any) -> Any:
        found = await advise_on(*arguments)
        ctrl_c()
        return found

    monkeypatch.setattr(advise, "advise_on", pressed)
    begun: list[None] = []
    whenever_a_query_runs(monkeypatch, lambda: begun.append(None))
    outcome = run(hotel.dsn, *arguments)
    assert outcome.code == 130
    assert len(outcome.json["indexes"]) == 2
    assert measured(outcome) is None
    assert not begun
    assert "no query was run, since the search was ended" in outcome.stderr


def test_a_second_ctrl_c_while_it_drops_ends_it_and_names_what_is_left(
    hotel: Database, arguments: tuple[str, ...]
) -> None:
    waiting = (
        "import asyncio, sys, pgtend.commands.trial_indexes as them; "
        "them.drop_built = lambda *_: (print('now', file=sys.stderr, flush=True), asyncio.sleep(600))[1]"
    )
    process = start(hotel.dsn, *arguments, first=waiting)
    wait_for(process, "now")
    os.kill(process.pid, signal.SIGINT)
    wait_for(process, "press Ctrl-C again")
    os.kill(process.pid, signal.SIGINT)
    code, _, stderr = end(process)
    assert code == 130
    left = [name for name in indexes_of(hotel) if name not in OWN]
    assert len(left) == 2
    assert all(f"DROP INDEX CONCURRENTLY IF EXISTS public.{name};" in stderr for name in left)
    assert "Traceback" not in stderr


@pytest.mark.parametrize("advised", ["visits_guest_0d27d8e3_idx", "ü" * 29 + "_idx"])
def test_a_trial_has_names_of_its_own_that_fit(advised: str) -> None:
    name = trial_name(advised)
    assert len(name.encode()) <= 63
    assert "_trial_" in name
    assert name != trial_name(advised)


def test_what_is_left_is_told_by_the_code_even_where_no_index_has_the_name_to_explain(
    hotel: Database, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename() -> None:
        for number, name in enumerate(sorted({*indexes_of(hotel)} - {*OWN, "kept_0", "kept_1"})):
            hotel.run(f'ALTER INDEX "{name}" RENAME TO kept_{number}')

    whenever_a_query_runs(monkeypatch, rename)
    outcome = run(hotel.dsn, *arguments[:-2], "--explain", "no_such_index")
    assert outcome.code == 3
    assert "No index called no_such_index is advised" in " ".join(outcome.stderr.split())
    assert "DROP INDEX CONCURRENTLY IF EXISTS public.kept_0" in outcome.stderr
