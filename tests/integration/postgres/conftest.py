"""A shop with an owner of its own, and the shipped roles as `pgtend grants` makes them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.grants import read_grants
from pgtend.postgres.secret import ConnectionTarget, target_from_dsn, target_from_secret
from tests.servers.fixtures_postgres import Database

PASSWORD = "secret of a test"

SCHEMA = (
    "CREATE ROLE shop_owner LOGIN PASSWORD 'secret of a test'",
    "CREATE ROLE shop_app LOGIN PASSWORD 'secret of a test'",
    "CREATE SCHEMA shop AUTHORIZATION shop_owner",
    """
    CREATE TABLE shop.bookings (
        id int PRIMARY KEY, vendor int NOT NULL, couple text, day date, note text DEFAULT 'x', deleted_at timestamptz
    ) WITH (autovacuum_enabled = false)
    """,
    """
    CREATE TABLE shop.payments (id int PRIMARY KEY, booking int REFERENCES shop.bookings, amount numeric)
    WITH (autovacuum_enabled = false)
    """,
    "INSERT INTO shop.bookings SELECT i, i % 500, 'couple ' || i, date '2026-01-01' + i % 365 "
    "FROM generate_series(1, 20000) AS i",
    "INSERT INTO shop.payments SELECT i, i, i FROM generate_series(1, 20000) AS i",
    "ALTER TABLE shop.bookings OWNER TO shop_owner",
    "ALTER TABLE shop.payments OWNER TO shop_owner",
    "GRANT USAGE ON SCHEMA shop TO shop_app",
    "GRANT ALL ON ALL TABLES IN SCHEMA shop TO shop_app",
    "ANALYZE shop.bookings, shop.payments",
)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A database with the shipped roles."""

    database: Database
    limits: ConnectionLimits

    @property
    def observer(self) -> ConnectionTarget:
        return self.target("pgtend_observer")

    @property
    def tuner(self) -> ConnectionTarget:
        return self.target("pgtend_tuner")

    def target(self, user: str, **keys: str) -> ConnectionTarget:
        return target_from_secret({key: value.encode() for key, value in self.secret(user, **keys).items()}, user)

    def secret(self, user: str, **keys: str) -> dict[str, str]:
        """A secret's data as people write it; PostgreSQL 18 of the tests has no TLS."""
        server = self.database.server
        return {
            "host": server.host,
            "port": str(server.port),
            "dbname": self.database.name,
            "username": user,
            "password": PASSWORD,
            "sslmode": "require" if server.version == 15 else "disable",
        } | keys

    def connect(self, user: str) -> psycopg.Connection:
        return psycopg.connect(self.database.dsn_for(user, PASSWORD), autocommit=True)

    async def grant(self) -> str:
        """Do what the documents say: run what `pgtend grants` prints, then set passwords."""
        text = await read_grants(target_from_dsn(self.database.dsn), self.limits)
        self.database.run(text)
        for role in ("pgtend_observer", "pgtend_tuner"):
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
            self.database.run(statement.as_string(None))
        return text


async def _open(database: Database) -> Shop:
    database.run(*SCHEMA)
    shop = Shop(database=database, limits=ConnectionLimits(per_server=12, patience=2))
    await shop.grant()
    return shop


@pytest.fixture
async def shop(database: Database) -> Shop:
    """The shop on 15 and on 18."""
    return await _open(database)


@pytest.fixture
async def shop15(database15: Database) -> Shop:
    """The shop on 15, where HypoPG and TLS are."""
    return await _open(database15)


@pytest.fixture
async def shop18(database18: Database) -> Shop:
    """The shop on 18."""
    return await _open(database18)
