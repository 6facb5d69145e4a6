"""Fixtures: real Postgres servers for the session, and a fresh empty database of one for a test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from tests.servers.postgres import SUPERUSER, PostgresServer

_EXTENSIONS = {15: ("pg_stat_statements", "hypopg"), 18: ("pg_stat_statements",)}


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database of a test's own; it and the roles made during the test are dropped after it."""

    server: PostgresServer
    name: str

    @property
    def dsn(self) -> str:
        """The superuser's URI."""
        return self.server.dsn(self.name)

    def dsn_for(self, user: str, password: str, **parameters: str) -> str:
        """Another role's URI; `parameters` are libpq's, like sslmode."""
        return self.server.dsn(self.name, user, password, **parameters)

    def connect(self) -> psycopg.Connection:
        """A superuser's connection in autocommit mode."""
        return self.server.connect(self.name)

    def run(self, *statements: str) -> None:
        """Run these statements as the superuser, each in a transaction of its own."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def create_role(self, name: str, password: str = "secret of a test") -> str:
        """Make a role that may log in; returns its URI for this database."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("create role {} login password {}").format(sql.Identifier(name), sql.Literal(password))
            )
        return self.dsn_for(name, password)


@pytest.fixture(scope="session")
def postgres15() -> Iterator[PostgresServer]:
    """PostgreSQL 15 with pg_stat_statements, HypoPG and TLS."""
    with PostgresServer(version=15) as server:
        yield server


@pytest.fixture(scope="session")
def postgres18() -> Iterator[PostgresServer]:
    """PostgreSQL 18 with pg_stat_statements, without HypoPG and TLS."""
    with PostgresServer(version=18) as server:
        yield server


@pytest.fixture(scope="session", params=[15, 18], ids=["postgres15", "postgres18"])
def postgres(request: pytest.FixtureRequest) -> PostgresServer:
    """Each of the two in turn."""
    server = request.getfixturevalue(f"postgres{request.param}")
    assert isinstance(server, PostgresServer)
    return server


@pytest.fixture
def database15(postgres15: PostgresServer) -> Iterator[Database]:
    """A fresh database on 15 with HypoPG and pg_stat_statements created in it."""
    with fresh_database(postgres15) as fresh:
        yield fresh


@pytest.fixture
def database18(postgres18: PostgresServer) -> Iterator[Database]:
    """A fresh database on 18 with pg_stat_statements created in it."""
    with fresh_database(postgres18) as fresh:
        yield fresh


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    """A fresh database on each of the two in turn."""
    with fresh_database(postgres) as fresh:
        yield fresh


@contextmanager
def fresh_database(server: PostgresServer) -> Iterator[Database]:
    """A database with the extensions this server has; it and the roles made meanwhile are dropped at the end."""
    name = f"test_{secrets.token_hex(4)}"
    before = _roles(server)
    server.create_database(name, extensions=_EXTENSIONS[server.version])
    try:
        yield Database(server=server, name=name)
    finally:
        server.drop_database(name)
        with server.connect() as connection:
            for role in _roles(server) - before:
                connection.execute(sql.SQL("drop owned by {}").format(sql.Identifier(role)))
                connection.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


def _roles(server: PostgresServer) -> set[str]:
    with server.connect() as connection:
        return {row[0] for row in connection.execute("select rolname from pg_catalog.pg_roles")} - {SUPERUSER}
