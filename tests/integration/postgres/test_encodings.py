"""Texts that are none in this database's encoding, on real servers: in other databases, and in this one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from pgtend.commands.advise import AdviseOptions, find_advice
from pgtend.core.workload import since_reset
from pgtend.domain.advice import Constraints
from pgtend.domain.finding import StatementFailed, TextsUnreadable
from pgtend.domain.index import TableName
from pgtend.pipeline.statements import Statements
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import target_from_dsn
from tests.integration.postgres.conftest import Shop
from tests.servers.postgres import PostgresServer


@contextmanager
def database_in(server: PostgresServer, encoding: str, *statements: bytes) -> Iterator[tuple[str, int]]:
    """A database of that encoding in which these bytes were run; its name and OID. Its statements are forgotten afterwards."""
    name = f"encoded_{secrets.token_hex(4)}"
    with server.connect("postgres") as session:
        session.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C'").format(
                sql.Identifier(name), sql.Literal(encoding)
            )
        )
        (oid,) = session.execute("SELECT oid::bigint FROM pg_database WHERE datname = %s", [name]).fetchone() or (0,)
    with psycopg.connect(server.dsn(name), autocommit=True) as session:
        session.execute("CREATE EXTENSION pg_stat_statements")
        session.execute(sql.SQL("SET client_encoding TO {}").format(sql.Literal(encoding)))
        for statement in statements:
            session.pgconn.exec_(statement)
    try:
        yield name, oid
    finally:
        with psycopg.connect(server.dsn(name), autocommit=True) as session:
            session.execute("SELECT pg_stat_statements_reset(0, %s, 0)", [oid])
        with server.connect("postgres") as session:
            session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def test_a_statement_of_another_database_that_is_no_text_here_takes_the_texts_and_nothing_else(
    shop: Shop,
) -> None:
    with shop.connect("shop_app") as application:
        application.execute("select note from shop.bookings where vendor = 7")
    with database_in(shop.database.server, "SQL_ASCII", b'select 1 as "pr\xe9nom"') as (_, oid):
        async with open_observer(shop.observer, shop.limits) as observer:
            assert not [finding for finding in await observer.inspect() if finding.fatal]
            catalog = await observer.read_catalog()
            snapshot = await observer.read_counters()
            assert snapshot.counters
            with pytest.raises(TextsUnreadable, match=rf"UTF8.+pg_stat_statements_reset\(0, {oid}, 0\)"):
                await observer.read_texts(list(snapshot.counters))
            shop.database.run(f"SELECT pg_stat_statements_reset(0, {oid}, 0)")
            texts = await observer.read_texts(list(snapshot.counters))
        assert "select note from shop.bookings where vendor = $1" in {text.text for text in texts}
        assert catalog.tables


def has_finding(statements: Statements) -> bool:
    return statements.finding is not None


async def test_an_operator_that_cannot_read_texts_learns_them_once_it_can(shop: Shop) -> None:
    statements = Statements()
    with shop.connect("shop_app") as application:
        application.execute("select note from shop.bookings where vendor = 7")
    async with open_observer(shop.observer, shop.limits) as observer:
        catalog = await observer.read_catalog()
        with database_in(shop.database.server, "SQL_ASCII", b'select 1 as "pr\xe9nom"'):
            loads = since_reset(await observer.read_counters()).loads
            await statements.learn(loads, observer, catalog)
            assert has_finding(statements)
            assert statements.queries == {}
        await statements.learn(loads, observer, catalog)
    assert not has_finding(statements)
    assert any("shop.bookings" in query.text for query in statements.queries.values())


async def test_characters_that_this_encoding_does_not_have_are_said_too(shop: Shop) -> None:
    server = shop.database.server
    with database_in(server, "LATIN1", b"create table t (a int)", b"select a from t") as (name, oid):
        with shop.connect("shop_app") as application:
            application.execute('select 1 as "\u7bb1"')
        async with open_observer(target_from_dsn(server.dsn(name)), ConnectionLimits(), own_roles=()) as observer:
            snapshot = await observer.read_counters()
            with pytest.raises(TextsUnreadable, match="LATIN1") as refused:
                await observer.read_texts(list(snapshot.counters))
        assert f"(0, {oid}, 0)" not in str(refused.value)


async def test_the_command_says_what_to_do(shop: Shop) -> None:
    options = AdviseOptions(constraints=Constraints())
    with database_in(shop.database.server, "SQL_ASCII", b'select 1 as "pr\xe9nom"') as (_, oid):
        mending = rf"pg_stat_statements_reset\(0, {oid}, 0\)"
        with pytest.raises(TextsUnreadable, match=mending):
            await find_advice(target_from_dsn(shop.database.dsn), options, lambda _: None)


async def test_a_name_that_is_no_text_is_said_to_be_what_it_is(shop: Shop) -> None:
    server = shop.database.server
    with database_in(server, "SQL_ASCII", b'create table "caf\xe9" (a int)') as (name, _):
        async with open_observer(target_from_dsn(server.dsn(name)), ConnectionLimits(), own_roles=()) as observer:
            with pytest.raises(StatementFailed, match="rename the object whose name"):
                await observer.read_catalog()


async def test_values_that_are_no_text_are_left_out_of_a_database_in_sql_ascii(shop: Shop) -> None:
    server = shop.database.server
    table = TableName(schema="public", table="people")
    making = (
        b"create table people (name text)",
        b"insert into people select 'Ren\xe9' from generate_series(1, 1000)",
        b"analyze people",
    )
    with database_in(server, "SQL_ASCII", *making) as (name, _):
        async with open_observer(target_from_dsn(server.dsn(name)), ConnectionLimits(), own_roles=()) as observer:
            assert table in (await observer.read_catalog()).tables
            assert await observer.read_column_values([(table, "name")]) == {}
            await observer.read_activity()
