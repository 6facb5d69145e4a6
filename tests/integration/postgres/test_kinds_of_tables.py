"""From a statement to an index that is used and built, on every kind of relation and name, on PostgreSQL 15 with HypoPG."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import sql

from pgtend.core.candidates import candidates
from pgtend.core.inverted import add_inverted
from pgtend.core.statement import Unusable, read_statement
from pgtend.domain.advice import Advice, Constraints, CostRequest, PlanCost
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import AccessMethod, Index
from pgtend.domain.workload import Query, WeightedQuery, Workload
from pgtend.ports import IndexState
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.ddl import describe
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import target_from_dsn
from pgtend.postgres.tuner import open_tuner
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

LONG = "ä" * 31 + "x"
"""63 bytes."""
ROWS = "SELECT n AS id, n % 5000 AS customer, repeat('filler ', 12) AS note FROM generate_series(1, 40000) AS n"
SCHEMA = (
    "CREATE SCHEMA one",
    "CREATE SCHEMA two",
    f"CREATE TABLE one.orders AS {ROWS}",
    f"CREATE TABLE two.orders AS {ROWS}",
    f'CREATE TABLE "Mixed Case" AS SELECT id AS "Id", customer AS "select", note AS "a.b" FROM ({ROWS}) AS rows',
    f'CREATE TABLE "{LONG}" AS SELECT id, customer AS "{LONG}", note FROM ({ROWS}) AS rows',
    f"CREATE MATERIALIZED VIEW refreshed AS {ROWS}",
    "CREATE TABLE computed (id int, customer int, note text, double int GENERATED ALWAYS AS (customer * 2) STORED)",
    f"INSERT INTO computed {ROWS}",
    "CREATE TABLE shrunk (gone text, id int, also_gone int, customer int, note text)",
    f"INSERT INTO shrunk SELECT 'x', id, 1, customer, note FROM ({ROWS}) AS rows",
    "ALTER TABLE shrunk DROP COLUMN gone, DROP COLUMN also_gone",
    "CREATE TABLE parent (id int, customer int, note text)",
    "CREATE TABLE child () INHERITS (parent)",
    f"INSERT INTO child {ROWS}",
    "CREATE TABLE events (id int, customer int, note text, day date) PARTITION BY RANGE (day)",
    "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
    "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY HASH (id)",
    "CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "CREATE TABLE events_2b PARTITION OF events_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    f"INSERT INTO events SELECT rows.*, date '2026-01-01' + id % 59 FROM ({ROWS}) AS rows",
    "CREATE TABLE expressive (id int, email text, note text)",
    f"INSERT INTO expressive SELECT id, 'User' || id, note FROM ({ROWS}) AS rows",
    "CREATE INDEX ON expressive (lower(email))",
    "CREATE VIEW seen AS SELECT o.id AS number, o.customer AS who, m.note FROM one.orders AS o JOIN refreshed AS m USING (id)",
    "CREATE VIEW seen_again AS SELECT who FROM seen WHERE number > 10",
    "CREATE TEMPORARY TABLE passing AS SELECT 1 AS id",
    "CREATE EXTENSION postgres_fdw",
    "CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw",
    "CREATE FOREIGN TABLE far (id int, customer int) SERVER elsewhere",
    "CREATE EXTENSION pg_trgm SCHEMA two",
    """
    CREATE TABLE articles AS SELECT n AS id, 'Title ' || md5(n::text) AS title, 'word' || n || ' ' || repeat('filler ', 60) AS body,
        ARRAY['tag' || n % 9000, 'all'] AS tags, jsonb_build_object('key', n, 'many', repeat('x', 200)) AS data
    FROM generate_series(1, 40000) AS n
    """,
    "VACUUM ANALYZE",
)


@pytest.fixture(scope="module")
def tables(postgres15: PostgresServer) -> Iterator[Database]:
    with fresh_database(postgres15) as database:
        database.run(*SCHEMA)
        yield database


async def read_catalog(database: Database) -> Catalog:
    async with open_observer(target_from_dsn(database.dsn), ConnectionLimits()) as observer:
        return await observer.read_catalog()


async def build_and_drop(database: Database, indexes: list[Index]) -> None:
    """As the operator does it, each once."""
    async with open_tuner(target_from_dsn(database.dsn), ConnectionLimits()) as tuner:
        for index in indexes:
            await tuner.build(index, "made_by_a_test", "of a test", lambda: None)
            assert await tuner.index_state(index, "made_by_a_test") is IndexState.VALID
            await tuner.remove(index, "made_by_a_test", lambda: None)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("SELECT * FROM one.orders WHERE customer = 7", {"one.orders (customer)"}),
        ("SELECT * FROM one.orders a JOIN two.orders b USING (id) WHERE a.customer = 7 AND b.customer = 8",
         {"one.orders (customer, id)", "two.orders (customer, id)"}),
        ('SELECT * FROM "Mixed Case" WHERE "select" = 7', {'public."Mixed Case" ("select")'}),
        ('SELECT "Id" FROM "Mixed Case" ORDER BY "a.b" DESC LIMIT 3', {'public."Mixed Case" ("a.b", "Id")'}),
        (f'SELECT * FROM "{LONG}" WHERE "{LONG}" = 7', {f'public."{LONG}" ("{LONG}")'}),
        ("SELECT * FROM refreshed WHERE customer = 7", {"public.refreshed (customer)"}),
        ("SELECT * FROM computed WHERE double = 14", {"public.computed (double)"}),
        ("SELECT * FROM shrunk WHERE customer = 7", {"public.shrunk (customer)"}),
        ("SELECT * FROM parent WHERE customer = 7", {"public.child (customer)"}),
        ("SELECT * FROM events WHERE customer = 7",
         {"public.events_1 (customer)", "public.events_2a (customer)", "public.events_2b (customer)"}),
        ("SELECT * FROM events WHERE customer = 7 AND day < '2026-01-15'", {"public.events_1 (customer, day)"}),
        ("SELECT * FROM seen WHERE who = 7", {"one.orders (customer, id)", "public.refreshed (id)"}),
        ("SELECT count(*) FROM seen_again WHERE who = 7",
         {"one.orders (customer, id)", "public.refreshed (id)"}),
        ("SELECT * FROM (SELECT customer, count(*) FROM one.orders GROUP BY customer) x (who, how_many) WHERE who = 7",
         {"one.orders (customer)"}),
        ("SELECT * FROM one.orders WHERE (customer, id) > (4990, 7) ORDER BY customer, id LIMIT 10",
         {"one.orders (customer, id)"}),
    ],
)  # fmt: skip
async def test_the_planner_would_use_what_is_thought_of_and_it_can_be_built(
    tables: Database, text: str, used: set[str]
) -> None:
    catalog = await read_catalog(tables)
    query = read_statement(text, catalog)
    assert isinstance(query, Query), query
    shown = candidates(query, catalog, Constraints())
    async with open_cost_model(target_from_dsn(tables.dsn), ConnectionLimits(), catalog) as model:
        (nothing, answer) = await model.costs([CostRequest(query=query), CostRequest(query=query, shown=shown)])
    assert isinstance(nothing, PlanCost), nothing
    assert isinstance(answer, PlanCost), answer
    assert answer.cost < nothing.cost
    described = {describe(index).partition(" ON ")[2].replace("USING btree ", "") for index in answer.used}
    assert described == used
    await build_and_drop(tables, sorted(answer.used, key=repr))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * FROM far WHERE customer = 7", "foreign table"),
        ("SELECT * FROM passing WHERE id = 7", "no table passing"),
        ("SELECT gone FROM shrunk", None),
        ("SELECT shrunk.gone FROM shrunk", "no column gone"),
    ],
)
async def test_what_cannot_be_advised_on_is_said_or_yields_nothing(
    tables: Database, text: str, words: str | None
) -> None:
    catalog = await read_catalog(tables)
    read = read_statement(text, catalog)
    if words is None:
        assert isinstance(read, Query)
        assert candidates(read, catalog, Constraints()) == ()
    else:
        assert isinstance(read, Unusable)
        assert words in read.reason


async def test_an_index_on_an_expression_that_is_there_is_not_proposed_again(tables: Database) -> None:
    catalog = await read_catalog(tables)
    query = read_statement("SELECT * FROM expressive WHERE lower(email) = 'user7'", catalog)
    assert isinstance(query, Query)
    assert candidates(query, catalog, Constraints()) == ()


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ("to_tsvector('english', body) @@ to_tsquery('english', 'word77')", "to_tsvector"),
        ("tags @> ARRAY['tag77']", "tags"),
        ("tags && ARRAY['tag77']", "tags"),
        ("""data @> '{"key": 77}'""", "data"),
        ("title LIKE '%ab12%'", "title"),
        ("title ILIKE '%AB12%'", "title"),
    ],
)
async def test_gin_is_advised_unvalidated_built_and_then_really_used(
    tables: Database, condition: str, key: str
) -> None:
    text = f"SELECT id FROM articles WHERE {condition}"
    catalog = await read_catalog(tables)
    query = read_statement(text, catalog)
    assert isinstance(query, Query), query
    workload = Workload(queries=(WeightedQuery(id="q", query=query, weight=1.0),))
    nothing = Advice(changes=(), cost_before=0, cost_after=0)
    (change,) = add_inverted(nothing, workload, catalog, Constraints()).changes
    assert not change.evidence.validated
    assert change.index.method is AccessMethod.GIN
    assert key in describe(change.index)
    async with open_cost_model(target_from_dsn(tables.dsn), ConnectionLimits(), catalog) as model:
        (answer,) = await model.costs([CostRequest(query=query, shown=(change.index,))])
    assert isinstance(answer, PlanCost)
    assert answer.used == frozenset()
    async with open_tuner(target_from_dsn(tables.dsn), ConnectionLimits()) as tuner:
        await tuner.build(change.index, "made_by_a_test", "of a test", lambda: None)
        assert await tuner.index_state(change.index, "made_by_a_test") is IndexState.VALID
        catalog = await read_catalog(tables)
        assert not add_inverted(nothing, workload, catalog, Constraints()).changes
        with tables.connect() as connection:
            connection.execute("SELECT gin_clean_pending_list('made_by_a_test'::regclass)")
            plan = connection.execute(sql.SQL("EXPLAIN {}").format(sql.SQL(text))).fetchall()
        assert any("made_by_a_test" in line for (line,) in plan), plan
        await tuner.remove(change.index, "made_by_a_test", lambda: None)
