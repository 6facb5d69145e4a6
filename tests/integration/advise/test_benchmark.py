"""The benchmark's own tools on a small database: that its optimum is one, and that frozen statistics come back as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.advisor.baselines.db2advis import db2advis
from benchmarks.advisor.baselines.extend import extend
from benchmarks.advisor.built import built_sizes, spell_ddl
from benchmarks.advisor.frozen_statistics import digest, freeze, read_statistics, restore
from benchmarks.advisor.methods import run_pgtend
from benchmarks.advisor.optimum import Optimum, Search, load, save
from benchmarks.advisor.problems import open_costing, plain_index, read_problem, sizes_of_candidates
from benchmarks.advisor.schemas import Key
from benchmarks.advisor.what_if import WhatIf
from benchmarks.advisor.workloads import made_up
from benchmarks.many_statements.__main__ import costs_of, total, zipf_weights
from benchmarks.many_statements.measuring import Task, measure
from pgtend.core import compression
from pgtend.domain.index import TableName
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

SCHEMA = (
    "create table makers (maker integer primary key, country text not null, founded date not null)",
    "insert into makers select n, 'country ' || n % 30, date '1900-01-01' + n from generate_series(1, 4000) n",
    "create table parts (part integer primary key, maker integer not null, weight integer, colour text not null)",
    "insert into parts select n, 1 + n % 4000, nullif(n % 900, 0), 'colour ' || n % 12 from generate_series(1, 40000) n",
    "create table uses (use integer primary key, part integer not null, day date not null, price numeric not null)",
    "insert into uses select n, 1 + n * 7 % 40000, date '2026-01-01' + n % 365, n % 777 from generate_series(1, 90000) n",
    "vacuum analyze",
)
KEYS = (
    Key(child="parts", child_columns=("maker",), parent="makers", parent_columns=("maker",)),
    Key(child="uses", child_columns=("part",), parent="parts", parent_columns=("part",)),
)
BUDGET = 3_500_000


@pytest.fixture
def workshop(postgres15: PostgresServer) -> Iterator[Database]:
    with fresh_database(postgres15) as database:
        database.run(*SCHEMA)
        yield database


def test_statistics_come_back_exactly_after_another_analyze(workshop: Database, tmp_path: Path) -> None:
    frozen = tmp_path / "statistics.json"
    with workshop.connect() as connection:
        connection.execute("set default_statistics_target = 3")
        connection.execute("analyze")
        as_they_were = freeze(connection, frozen)
        connection.execute("set default_statistics_target = 50")
        connection.execute("analyze")
        assert digest(read_statistics(connection)) != as_they_were
        assert restore(connection, frozen) == as_they_were
        assert digest(read_statistics(connection)) == as_they_were


def test_made_up_workloads_are_the_same_for_the_same_seed(workshop: Database) -> None:
    with workshop.connect() as connection:
        first, again, other = (made_up(connection, KEYS, count=12, joins=5, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert any(text.count(" = t") >= 2 for text in first.values())


def test_what_is_built_to_be_measured_is_dropped_again_and_remembered(
    workshop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTEND_BENCH_FOLDER", str(tmp_path))
    uses = TableName(schema="public", table="uses")
    by_part, by_day = plain_index(uses, ["part"]), plain_index(uses, ["day"])
    count = "select count(*) from pg_index where indrelid = 'uses'::regclass"
    with workshop.connect() as connection:
        sizes = built_sizes(connection, frozenset({by_part, by_day}))
        assert connection.execute(count.encode()).fetchone() == (1,)
        connection.execute(b"create index lasting on uses (part)")
        (size,) = connection.execute(b"select pg_relation_size('lasting')").fetchone() or (None,)
        assert sizes.keys() == {spell_ddl(by_part), spell_ddl(by_day)}
        assert sizes[spell_ddl(by_part)] == size
        connection.execute(b"truncate uses")
        assert built_sizes(connection, frozenset({by_part})) == sizes


def test_the_parts_of_an_advice_are_told_and_planned_is_what_was_asked_for(workshop: Database, tmp_path: Path) -> None:
    usual = compression.MOST_PLANNED
    with workshop.connect() as connection:
        texts = made_up(connection, KEYS, count=12, joins=2, seed=3)
        what_if = WhatIf(connection)
        weights = zipf_weights(costs_of(what_if, texts), list(texts), 1.0)
        before = total(weights, costs_of(what_if, texts))
        path = tmp_path / "workload.json"
        path.write_text(json.dumps([{"id": id_, "sql": texts[id_], "weight": weights[id_]} for id_ in texts]))
        line, chosen = measure(Task(dsn=workshop.dsn, path=path, budget=BUDGET, seconds=None, planned=10))
        assert total(weights, costs_of(what_if, texts, frozenset(chosen))) < before
    for part in ("reading", "candidates", "integer programs", "compression", "search in all"):
        assert re.search(rf"\b{part} [0-9.]+", line)
    assert ", 10 planned, " in line
    assert usual == compression.MOST_PLANNED


@pytest.mark.parametrize(
    "rows_seen", [30_000, 300], ids=["usual statistics", "coarse statistics, where the planner contradicts itself"]
)
async def test_nothing_is_better_than_the_optimum_and_nothing_is_below_its_bound(
    workshop: Database, tmp_path: Path, rows_seen: int
) -> None:
    with workshop.connect() as connection:
        connection.execute(f"set default_statistics_target = {rows_seen // 300}".encode())
        connection.execute("analyze")
        texts = made_up(connection, KEYS, count=8, joins=3, seed=5)
        problem = await read_problem("workshop", workshop.dsn, texts, "of the test")
        sizes = await sizes_of_candidates(problem, 2)
        search = Search(problem, WhatIf(connection), 2, sizes, lambda _: None)
        search.grow_first()
        best = search.solve(BUDGET)
        (pgtend,) = await run_pgtend(problem, [BUDGET], 2, connection)
    assert best.lower_bound <= best.cost * (1 + 1e-9)
    assert best.cost < 0.9 * best.cost_before
    assert best.cost - best.lower_bound < 1e-4 * best.cost
    assert sum(sizes[index] for index in best.chosen) <= BUDGET
    async with open_costing(problem) as costing:
        assert await costing.total(frozenset()) == pytest.approx(best.cost_before)
        assert await costing.total(best.chosen) == pytest.approx(best.cost)
        for method in (extend, db2advis):
            chosen = await method(problem, costing, BUDGET, 2)
            own = await costing.sizes(chosen)
            assert sum(own[index] for index in chosen) <= BUDGET
            assert await costing.total(chosen) >= best.lower_bound * (1 - 1e-6)
        assert await costing.total(pgtend.chosen) >= best.lower_bound * (1 - 1e-6)
    kept = tmp_path / "optimum.json"
    save(kept, [best])
    assert load(kept) == {BUDGET: best}
    assert isinstance(load(kept)[BUDGET], Optimum)
