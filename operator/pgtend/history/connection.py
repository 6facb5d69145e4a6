"""Opens the database of the history: from a URL to an engine with tables in it, or a sentence that says why not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, insert, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from pgtend.domain.finding import HistoryUnavailable
from pgtend.history.tables import VERSION, metadata, schema_version

CONNECT_SECONDS = 10
BUSY_SECONDS = 10
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
HOW = (
    "Give sqlite+aiosqlite:////path/to/file or postgresql+psycopg://user:password@host/database as PGTEND_HISTORY_URL."
)
# Any number that nothing else locks by chance: "pgtend" in ASCII.
SCHEMA_LOCK = 0x706774656E64


def parse_url(url: str) -> URL:
    """The URL with the async driver in it. Raises HistoryUnavailable, without the password in its sentence."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise HistoryUnavailable(f"The URL of the history cannot be read. {HOW}") from None
    backend = parsed.drivername.split("+")[0]
    driver = DRIVERS.get(backend)
    if driver is None or parsed.drivername not in {backend, driver}:
        raise HistoryUnavailable(f"The history cannot be kept by {parsed.drivername!r}. {HOW}")
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise HistoryUnavailable(f"The history needs a file: in memory it would not outlive a restart. {HOW}")
    return parsed.set(drivername=driver)


def make_engine(url: URL) -> AsyncEngine:
    """An engine for a parsed URL; nothing is opened yet."""
    if url.get_backend_name() != "sqlite":
        return create_async_engine(
            url,
            pool_size=3,
            max_overflow=0,
            pool_timeout=30,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "pgtend-history"},
        )
    # SQLite has one writer at a time anyway: one connection makes the queue ours instead of a series of "busy".
    engine = create_async_engine(
        url, pool_size=1, max_overflow=0, pool_timeout=60, connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("pragma journal_mode = wal")
        cursor.execute("pragma synchronous = normal")
        cursor.execute(f"pragma busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.close()

    return engine


def probe_file(url: URL) -> None:
    """Open an SQLite file and take its write lock for a moment; blocks. Raises HistoryUnavailable.

    Done before the engine opens it, because the thread that aiosqlite opens a file in outlives a failure to open it.
    """
    folder = Path(url.database or "").parent
    if not folder.is_dir():
        raise HistoryUnavailable(
            f"The history cannot be kept at {_place(url)}: the folder {folder} does not exist. "
            "Create it, or mount a volume there."
        )
    try:
        with closing(sqlite3.connect(url.database or "", timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("begin immediate")
            connection.execute("rollback")
    except sqlite3.Error as error:
        sentence = _explain_sqlite(error, url)
        if sentence is None:
            raise
        raise HistoryUnavailable(sentence) from None


@asynccontextmanager
async def translated(url: URL) -> AsyncIterator[None]:
    """Foreign errors of the inside as HistoryUnavailable; what is not about reaching the database escapes as it is."""
    try:
        yield
    except PoolTimeout:
        raise HistoryUnavailable(
            f"The history at {_place(url)} is too busy to answer; the next pass tries again."
        ) from None
    except DBAPIError as error:
        sentence = _explain(error, url)
        if sentence is None:
            raise
        raise HistoryUnavailable(sentence) from None


async def prepare_tables(connection: AsyncConnection) -> None:
    """Make the tables where they are missing. Raises HistoryUnavailable when a newer pgtend made them."""
    if connection.dialect.name == "postgresql":
        # Two processes that start at once: "if not exists" alone still collides in the catalog.
        await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": SCHEMA_LOCK})
    for table in metadata.sorted_tables:
        await connection.execute(CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            await connection.execute(CreateIndex(index, if_not_exists=True))
    version = (await connection.execute(select(schema_version.c.version))).scalar_one_or_none()
    if version is None:
        await connection.execute(insert(schema_version).values(id=1, version=VERSION))
    elif version != VERSION:
        raise HistoryUnavailable(
            f"The history has tables of version {version}, this pgtend knows version {VERSION}: "
            "run the pgtend that made them, or give this one a history of its own."
        )


def _explain(error: DBAPIError, url: URL) -> str | None:
    """The sentence for an error that is about reaching or using the database at all; None for any other."""
    place = _place(url)
    if url.get_backend_name() == "sqlite":
        return _explain_sqlite(error.orig, url)
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    if sqlstate == "42501":
        return f"The history at {place} may not be written: let its role create and write tables there."
    # A refused connection carries no SQLSTATE: libpq tells it in words only, and those may hold what nobody should read.
    if error.connection_invalidated or sqlstate[:2] in {"", "08", "53", "57"}:
        return (
            f"The history at {place} cannot be reached: see that the server runs, that the database exists, and that it "
            "lets the user and password of PGTEND_HISTORY_URL in."
        )
    return None


def _not_writable(url: URL) -> str:
    folder = Path(url.database or "").parent
    return (
        f"The history cannot be kept at {_place(url)}: the folder {folder} cannot be written by user id {os.geteuid()}."
    )


def _explain_sqlite(error: BaseException | None, url: URL) -> str | None:
    code = getattr(error, "sqlite_errorname", "")
    place = _place(url)
    if code.startswith("SQLITE_CANTOPEN"):
        return _not_writable(url)
    if code.startswith("SQLITE_READONLY"):
        return f"The history at {place} is read-only for user id {os.geteuid()}."
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"The history at {place} is locked by another process: a file serves one pgtend only."
    if code.startswith("SQLITE_NOTADB"):
        return f"The file {place} is not an SQLite database: give the history a file of its own."
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return f"The history at {place} cannot be written: the volume is full or failing."
    return None


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return f"{url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
