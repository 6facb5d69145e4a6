"""A small marketplace with a load on it, and the command as a person runs it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from pgtend.cli import main
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

# Without autovacuum: a new sample of the rows would change every cost in the middle of a test.
SCHEMA = (
    """
    CREATE TABLE bookings (
        id bigint PRIMARY KEY, couple_id bigint NOT NULL, vendor_id bigint NOT NULL, wedding_date date NOT NULL,
        status text NOT NULL, total numeric NOT NULL
    ) WITH (autovacuum_enabled = false)
    """,
    """
    INSERT INTO bookings SELECT n, n % 20000, n % 3000, date '2026-01-01' + n % 700,
        CASE WHEN n % 10 = 0 THEN 'pending' ELSE 'done' END, n FROM generate_series(1, 100000) AS n
    """,
    """
    CREATE TABLE payments (id bigint PRIMARY KEY, booking_id bigint NOT NULL, amount numeric, created_at timestamptz)
    WITH (autovacuum_enabled = false)
    """,
    """
    INSERT INTO payments SELECT n, 1 + n % 100000, n, timestamptz '2026-01-01' + n * interval '1 minute'
    FROM generate_series(1, 120000) AS n
    """,
    "CREATE INDEX payments_created_at_idx ON payments (created_at)",
    "CREATE INDEX payments_created_idx ON payments (created_at)",
    "VACUUM ANALYZE bookings, payments",
)

LIVE = (
    "SELECT id, amount FROM payments WHERE booking_id = {n} /* app:web */",
    "SELECT id, vendor_id FROM bookings WHERE couple_id = {n} ORDER BY wedding_date",
    "SELECT wedding_date, status FROM bookings WHERE vendor_id = {n} AND wedding_date BETWEEN date '2026-03-01' "
    "AND date '2026-03-01' + interval '1 month' AND status <> 'cancelled'",
    "SELECT sum(CASE WHEN extract(year FROM b.wedding_date) = 2026 THEN 1 ELSE 0 END) FROM payments p "
    "JOIN bookings b ON b.id = p.booking_id WHERE b.couple_id = {n} AND p.created_at > timestamptz '2026-01-02'",
    "UPDATE bookings SET status = 'done' WHERE id = {n}",
    "INSERT INTO payments VALUES (1000000 + {n}, {n}, 1, now())",
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run of the command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.stdout)
        return content


Advise = Callable[..., Outcome]


def run(dsn: str, *arguments: str) -> Outcome:
    """`pgtend advise` in this process, the DSN in the environment."""
    result = CliRunner().invoke(main, ["advise", *arguments], env={"PGTEND_DSN": dsn}, catch_exceptions=False)
    return Outcome(code=result.exit_code, stdout=result.stdout, stderr=result.stderr)


def nobody_is_left(dsn: str) -> bool:
    """Whether no session of pgtend is there, once the server has had time to notice that its client is gone."""
    with psycopg.connect(dsn, autocommit=True) as session:
        for _ in range(100):
            row = session.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pgtend'"
            ).fetchone()
            if row == (0,):
                return True
            time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def marketplace(postgres15: PostgresServer) -> Iterator[Database]:
    """The tables, and a load that pg_stat_statements has counted."""
    with fresh_database(postgres15) as database:
        database.run(*SCHEMA)
        with database.connect() as connection:
            # The rows that made the tables are no load: counted as one, they would make every index too dear.
            connection.execute(
                "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()"
            )
            for number in range(10):
                for text in LIVE:
                    connection.execute(text.format(n=number).encode())
        yield database


@pytest.fixture(scope="module")
def advise(marketplace: Database) -> Advise:
    """The command on the marketplace."""
    return lambda *arguments: run(marketplace.dsn, *arguments)
