"""Many small databases on a few servers, each with a little load of its own."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.e2e.database import OBSERVER, TUNER, print_grants
from tests.servers.postgres import PostgresServer

SETTINGS: dict[str, str | int | bool] = {
    "max_connections": 100,
    "shared_buffers": "128MB",
    "synchronous_commit": False,
    "pg_stat_statements.max": 50000,
    "autovacuum_naptime": "10min",
}
OWNER, APPLICATION, TEMPLATE = "scale_owner", "scale_app", "scale_template"
TABLES = ("accounts", "bookings", "customers", "events", "invoices", "payments", "products", "vendors")
SECONDS_A_ROUND = 60.0

_STATEMENTS = tuple(
    statement.format(table=table)
    for table in TABLES
    for statement in (
        "select id, title, amount from {table} where id = %(number)s",
        "select count(*) from {table} where owner = %(number)s and amount > 10",
        "update {table} set amount = amount + 1 where id = %(number)s",
    )
)


@dataclass(frozen=True, kw_only=True)
class Database:
    """One database and how to log in."""

    server: PostgresServer
    name: str
    passwords: dict[str, str]

    def dsn(self, role: str) -> str:
        """The URI of a role."""
        return self.server.dsn(self.name, role, self.passwords[role], sslmode="require")


@contextmanager
def databases(count: int, servers: int) -> Iterator[tuple[Database, ...]]:
    """This many databases, each with eight tables of a thousand rows, spread over this many servers."""
    with ExitStack() as stack:
        running = [stack.enter_context(PostgresServer(version=15, settings=SETTINGS)) for _ in range(servers)]
        passwords = [_prepare(server) for server in running]
        made = []
        for number in range(count):
            server, its_passwords = running[number % servers], passwords[number % servers]
            name = f"scale_{number:03}"
            with server.connect() as connection:
                connection.execute(
                    sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
                )
            made.append(Database(server=server, name=name, passwords=its_passwords))
        yield tuple(made)


def _prepare(server: PostgresServer) -> dict[str, str]:
    passwords = {role: secrets.token_hex(16) for role in (OWNER, APPLICATION, OBSERVER, TUNER)}
    server.create_database(TEMPLATE, extensions=("pg_stat_statements", "hypopg"))
    with server.connect(TEMPLATE) as connection:
        for role in (OWNER, APPLICATION):
            connection.execute(_with_password("create role {} login password {}", role, passwords[role]))
        connection.execute(sql.SQL("grant create on schema public to {}").format(sql.Identifier(OWNER)))
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
        for table in TABLES:
            name = sql.Identifier(table)
            connection.execute(
                sql.SQL(
                    "create table {} (id int primary key, owner int not null, title text not null, amount int not null, "
                    "note text, placed date, changed timestamptz default now())"
                ).format(name)
            )
            connection.execute(
                sql.SQL("insert into {} select i, i % 100, 'title ' || i, i from generate_series(1, 1000) i").format(
                    name
                )
            )
            connection.execute(sql.SQL("grant select, update on {} to {}").format(name, sql.Identifier(APPLICATION)))
        connection.execute("analyze")
        connection.execute("reset role")
        connection.execute(print_grants(server.dsn(TEMPLATE)).encode())
        for role in (OBSERVER, TUNER):
            connection.execute(_with_password("alter role {} password {}", role, passwords[role]))
    return passwords


def _with_password(template: str, role: str, password: str) -> sql.Composed:
    return sql.SQL(template).format(sql.Identifier(role), sql.Literal(password))


@contextmanager
def little_load(targets: Sequence[Database]) -> Iterator[None]:
    """Each database is asked its 24 statements once a minute, one database after the other, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="load", daemon=True)
    thread.start()
    ended = asyncio.Event()
    running = asyncio.run_coroutine_threadsafe(_go_round(targets, ended), loop)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        running.result(timeout=60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()


async def _go_round(targets: Sequence[Database], ended: asyncio.Event) -> None:
    clock = asyncio.get_running_loop()
    number = 0
    while not ended.is_set():
        for target in targets:
            due = clock.time() + SECONDS_A_ROUND / len(targets)
            number = number % 1000 + 1
            with suppress(psycopg.Error):
                await _ask(target, number)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await ended.wait()
            if ended.is_set():
                return


async def _ask(target: Database, number: int) -> None:
    async with await psycopg.AsyncConnection.connect(target.dsn(APPLICATION), autocommit=True) as connection:
        for statement in _STATEMENTS:
            await connection.execute(statement.encode(), {"number": number})
