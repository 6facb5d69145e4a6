"""Indexes on what is inside of values and on expressions: sizes as estimated from counts in pg_stats, and as really built."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from psycopg import sql

from benchmarks.sizes.document_cases import expression_cases, inverted_cases
from benchmarks.sizes.document_figures import print_figures
from benchmarks.sizes.documents import fill
from pgtend.commands.advise import AdviseOptions, find_advice
from pgtend.core.looked_into import columns_looked_into, with_contents
from pgtend.core.size import estimate_size
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.contents import Inside, LookedInto
from pgtend.domain.index import AccessMethod, Index, TableName
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Query, WeightedQuery, Workload
from pgtend.postgres.ddl import create_index, describe
from pgtend.postgres.observer import open_observer
from tests.integration.postgres.conftest import Shop
from tests.servers.fixtures_postgres import Database

ROWS = 30_000
TABLE = TableName(schema="public", table="documents")
LOOKS = (
    "SELECT id FROM documents WHERE tags @> ARRAY['tag 1']",
    "SELECT id FROM documents WHERE labels && ARRAY['label 7']",
    "SELECT id FROM documents WHERE numbers @> ARRAY[3]",
    "SELECT id FROM documents WHERE words @@ plainto_tsquery('simple', 'bace')",
    "SELECT id FROM documents WHERE to_tsvector('simple', body) @@ plainto_tsquery('simple', 'bace')",
    'SELECT id FROM documents WHERE state @> \'{"kind": "kind 1"}\'',
    "SELECT id FROM documents WHERE event ? 'order'",
    "SELECT id FROM documents WHERE title LIKE '%kan%' AND name LIKE '%kan%' AND email LIKE '%kan%' AND body LIKE '%kan%'",
    "SELECT id FROM documents WHERE date_trunc('day', created_at) = '2024-01-01' AND date_trunc('day', paid_at) = '2024-01-01'",
)
CHOSEN = (
    'SELECT id FROM documents WHERE event @> \'{"token": "00ff"}\'',
    "SELECT id FROM documents WHERE tags @> ARRAY['tag 150']",
    "SELECT id FROM documents WHERE words @@ plainto_tsquery('simple', 'bace')",
    "SELECT id FROM documents WHERE title LIKE '%kanmer%'",
    "SELECT id FROM documents WHERE event ->> 'session' = '0badcafe'",
    "SELECT id FROM documents WHERE event -> 'address' ->> 'zip' = '10115'",
    "SELECT count(*) FROM documents WHERE date_trunc('hour', created_at) = '2024-02-29 10:00'",
    "SELECT id FROM documents WHERE lower(email) = 'anna.smith1@example.org'",
    "SELECT id FROM documents WHERE coalesce(score, 0) = 999",
)


@pytest.fixture
async def documented(shop15: Shop) -> Shop:
    shop15.database.run("CREATE EXTENSION pg_trgm")
    with shop15.database.connect() as connection:
        fill(connection, TABLE.table, ROWS)
    await shop15.grant()
    return shop15


def workload(texts: Sequence[str], catalog: Catalog) -> Workload:
    read = [read_statement(text, catalog) for text in texts]
    queries = [each for each in read if isinstance(each, Query)]
    return Workload(queries=tuple(WeightedQuery(id=each.fingerprint, query=each, weight=1.0) for each in queries))


async def looked_into(shop: Shop) -> Catalog:
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
        columns = columns_looked_into(workload(LOOKS, catalog), catalog)
        return with_contents(catalog, await observer.read_contents(columns))


def built(shop: Shop, indexes: Sequence[Index]) -> Mapping[Index, int]:
    sizes = {}
    with shop.database.connect() as session:
        for index in indexes:
            session.execute(create_index(index, "really", concurrently=False))
            row = session.execute("SELECT pg_relation_size('public.really')").fetchone()
            session.execute(sql.SQL("DROP INDEX public.really"))
            assert row is not None
            sizes[index] = int(row[0])
    return sizes


async def errors(shop: Shop, indexes: Sequence[Index]) -> Mapping[str, float]:
    catalog = await looked_into(shop)
    real = built(shop, indexes)
    return {describe(index): estimate_size(index, catalog) / bytes_ - 1 for index, bytes_ in real.items()}


async def test_gin_indexes_are_about_as_large_as_estimated_and_rather_smaller(documented: Shop) -> None:
    off = await errors(documented, list(inverted_cases(TABLE.table)))
    assert len(off) == 13
    assert not {name: error for name, error in off.items() if not -0.15 < error < 0.7}
    assert sum(error < 0.25 for error in off.values()) >= 10


async def test_indexes_on_expressions_are_as_large_as_estimated(documented: Shop) -> None:
    off = await errors(documented, list(expression_cases(TABLE.table)))
    assert not {name: error for name, error in off.items() if not -0.1 < error < 0.35}
    assert sum(abs(error) <= 0.1 for error in off.values()) >= 0.85 * len(off)


def test_the_command_of_the_benchmark_makes_the_tables_once_and_prints_all_figures_each_time(
    database15: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    print_figures(database15.dsn, (1_000, 2_000), None)
    first = capsys.readouterr().out
    assert first.count("\n| gin (") == 13
    assert "| 1,000 rows | 32 |" in first
    assert "| 2,000 rows | 32 |" in first
    print_figures(database15.dsn, (2_000,), None)
    again = capsys.readouterr().out
    for line in again.splitlines():
        if line.startswith("| gin ("):
            form, ratio, *_ = line.strip("| ").split(" | ")
            assert f"| {form} | " in first
            assert f" | {ratio} | " in first


async def test_every_column_is_looked_into_for_what_the_statements_look_for(documented: Shop) -> None:
    async with open_observer(documented.observer, documented.limits) as observer:
        catalog = await observer.read_catalog()
    found = columns_looked_into(workload(LOOKS, catalog), catalog)
    expected = [
        ("body", Inside.PIECES),
        ("body", Inside.WORDS),
        ("created_at", Inside.TIMES),
        ("paid_at", Inside.TIMES),
    ]
    expected += [(name, Inside.DOCUMENT) for name in ("event", "state")]
    expected += [(name, Inside.ELEMENTS) for name in ("labels", "numbers", "tags", "words")]
    expected += [(name, Inside.PIECES) for name in ("email", "name", "title")]
    assert {(each.column, each.inside) for each in found} == set(expected)
    assert all(each.table == TABLE for each in found)


async def test_only_counts_leave_the_server(documented: Shop) -> None:
    async with open_observer(documented.observer, documented.limits) as observer:
        wanted = [LookedInto(table=TABLE, column="event", inside=Inside.DOCUMENT)]
        wanted += [LookedInto(table=TABLE, column=name, inside=Inside.ELEMENTS) for name in ("tags", "words")]
        said = repr(await observer.read_contents(wanted))
    assert "product" not in said
    assert "tag 1" not in said
    assert "/address/city" in said


@pytest.mark.parametrize("megabytes", [3, 8, 14, 20])
async def test_a_budget_is_kept_once_everything_is_built(documented: Shop, megabytes: int, tmp_path: Path) -> None:
    path = tmp_path / "workload.json"
    path.write_text(json.dumps([{"id": str(number), "sql": text} for number, text in enumerate(CHOSEN)]))
    budget = megabytes * 10**6
    options = AdviseOptions(constraints=Constraints(storage_budget=budget), workload=path)
    advice = (await find_advice(documented.observer, options, lambda _: None)).advice
    chosen = [change.index for change in advice.changes if change.action is Action.CREATE]
    assert 0.5 * budget < sum(built(documented, chosen).values()) <= 1.05 * budget


async def test_the_advice_is_of_all_kinds_where_there_is_room(documented: Shop, tmp_path: Path) -> None:
    path = tmp_path / "workload.json"
    path.write_text(json.dumps([{"id": str(number), "sql": text} for number, text in enumerate(CHOSEN)]))
    options = AdviseOptions(constraints=Constraints(storage_budget=10**9), workload=path)
    advice = (await find_advice(documented.observer, options, lambda _: None)).advice
    chosen = [change.index for change in advice.changes if change.action is Action.CREATE]
    assert {AccessMethod.GIN, AccessMethod.BTREE} == {index.method for index in chosen}
    assert len(chosen) > 6
