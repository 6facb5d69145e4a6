"""Sizes as estimated before and as measured after really building, on a real server."""

from __future__ import annotations

import pytest
from psycopg import sql

from pgtend.domain.advice import SizeModel
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import AccessMethod, Comparison, ComparisonOperator, Constant, Index, IndexColumn
from pgtend.postgres.ddl import create_index
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from tests.integration.postgres.conftest import Shop

VISITS = """
    CREATE TABLE shop.visits AS
    SELECT
        i AS id, floor(3000 * random())::int AS vendor, (array['new', 'seen', 'seen', 'left'])[1 + i % 4] AS status,
        CASE WHEN random() < 0.2 THEN now() - i * interval '1 minute' END AS ended_at, (1000 * random())::numeric(8, 2) AS paid,
        md5(i::text)::uuid AS token, random() < 0.05 AS flagged, date '2026-01-01' + i / 1000 AS day,
        CASE WHEN i % 50 = 0 THEN 1::smallint END AS rated, CASE WHEN i % 3 = 0 THEN i END AS guide
    FROM generate_series(1, 150000) AS i
"""
NEW = Comparison(column="status", operator=ComparisonOperator.EQ, constant=Constant(type="text", value="new"))
FLAGGED = Comparison(column="flagged", operator=ComparisonOperator.IS_TRUE)

RATED = Comparison(column="rated", operator=ComparisonOperator.IS_NOT_NULL)


def index_on(*columns: str, **more: object) -> Index:
    keys = tuple(IndexColumn(column=column) for column in columns)
    return Index(schema="shop", table="visits", columns=keys, **more)  # type: ignore[arg-type]


INDEXES = (
    index_on("id"),
    index_on("vendor"),
    index_on("status"),
    index_on("ended_at"),
    index_on("paid"),
    index_on("token"),
    index_on("day"),
    index_on("vendor", "status"),
    index_on("vendor", "day"),
    index_on("status", "ended_at"),
    index_on("vendor", include=("paid",)),
    index_on("vendor", include=("rated",)),
    index_on("vendor", include=("guide", "flagged")),
    index_on("vendor", include=("rated",), predicate=(RATED,)),
    index_on("id", predicate=(NEW,)),
    index_on("vendor", predicate=(FLAGGED,)),
    index_on("ended_at", predicate=(Comparison(column="ended_at", operator=ComparisonOperator.IS_NOT_NULL),)),
    index_on("vendor", method=AccessMethod.HASH),
    index_on("day", method=AccessMethod.BRIN),
)


@pytest.fixture
async def visited(shop15: Shop) -> Shop:
    shop15.database.run("SELECT setseed(0.5)", VISITS, "VACUUM (ANALYZE) shop.visits")
    await shop15.grant()
    return shop15


async def sizes(shop: Shop, size_model: SizeModel) -> tuple[int, ...]:
    async with open_observer(shop.observer, shop.limits) as observer:
        there: Catalog = await observer.read_catalog()
    async with open_cost_model(shop.observer, shop.limits, there, size_model=size_model) as model:
        return await model.sizes(INDEXES)


def built(shop: Shop, index: Index) -> int:
    with shop.database.connect() as session:
        session.execute(create_index(index, "really", concurrently=False))
        row = session.execute("SELECT pg_relation_size('shop.really')").fetchone()
        session.execute(sql.SQL("DROP INDEX shop.really"))
    assert row is not None
    return int(row[0])


async def test_indexes_are_as_large_as_estimated(visited: Shop) -> None:
    estimated = await sizes(visited, SizeModel.PGTEND)
    off = {
        index: (size, real)
        for index, size in zip(INDEXES, estimated, strict=True)
        if abs(size - (real := built(visited, index))) > max(0.1 * real, 8192)
    }
    assert not off


async def test_hypopg_is_asked_only_where_it_is_named(visited: Shop) -> None:
    own, hypopg = await sizes(visited, SizeModel.PGTEND), await sizes(visited, SizeModel.HYPOPG)
    by_vendor = INDEXES.index(index_on("vendor"))
    assert hypopg[by_vendor] > 2 * own[by_vendor]
    assert 0.9 < hypopg[0] / own[0] < 1.2
