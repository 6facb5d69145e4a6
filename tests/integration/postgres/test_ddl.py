"""What is rendered from typed fields is on a real server exactly what the fields say."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from pgtend.core.sql.fields import SYSTEM_COLUMNS
from pgtend.domain.index import Index, IndexColumn, NullsOrder, SortOrder
from pgtend.postgres.ddl import create_index, describe, describe_drop, drop_index
from tests.servers.fixtures_postgres import Database

NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=63).filter(
    lambda name: len(name.encode()) <= 63 and not name.startswith("pg_") and name not in SYSTEM_COLUMNS
)


@pytest.fixture
def session(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as connection:
        yield connection


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, NAMES, NAMES, NAMES)
def test_any_name_is_the_same_name_on_the_server(
    session: psycopg.Connection, schema: str, table: str, column: str, name: str
) -> None:
    index = Index(schema=schema, table=table, columns=(IndexColumn(column=column),))
    session.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
    session.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    place = sql.Identifier(schema, table)
    session.execute(sql.SQL("CREATE TABLE {} ({} int)").format(place, sql.Identifier(column)))
    if name == table:
        name = f"{name[:15]}2"
    for create, drop in (
        (create_index(index, name), drop_index(schema, name)),
        (describe(index, name).encode(), describe_drop(schema, name).encode()),
    ):
        session.execute(create)
        row = session.execute(
            """
            SELECT n.nspname, t.relname, a.attname, c.relname
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
            WHERE n.nspname = %s
            """,
            [schema],
        ).fetchall()
        assert row == [(schema, table, column, name)]
        session.execute(drop)
        found = session.execute("SELECT count(*) FROM pg_class WHERE relname = %s", [name]).fetchone()
        assert found == (0,)
    session.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))


def test_every_keyword_that_needs_quotes_gets_them(session: psycopg.Connection) -> None:
    words = [row[0] for row in session.execute("SELECT word FROM pg_get_keywords()")]
    columns = sql.SQL(", ").join(sql.SQL("{} int").format(sql.Identifier(word)) for word in words)
    session.execute(sql.SQL("CREATE TABLE words ({})").format(columns))
    for word in words:
        index = Index(
            schema="public",
            table="words",
            columns=(IndexColumn(column=word, order=SortOrder.DESC, nulls=NullsOrder.LAST),),
        )
        session.execute(describe(index, word).encode())
        session.execute(describe_drop("public", word).encode())
