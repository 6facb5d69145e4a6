"""DDL as the tuner role: build, remove, analyze, and look at what is there.

Every statement comes from ``ddl``. While DDL runs, all timeouts of the session are 0: one that fires in the middle of a
concurrent build leaves an invalid index behind. DDL is fenced by an advisory lock on the target, one for each index, that
the building backend holds until it is done, even when its client is gone; looking needs no lock.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from psycopg import sql

from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.finding import (
    Aspect,
    BuildNotEnded,
    ConnectionRefusedByTarget,
    FencedOff,
    Finding,
    StatementFailed,
)
from pgtend.domain.index import Index, TableName
from pgtend.ports import IndexState
from pgtend.postgres import ddl
from pgtend.postgres.asking import fetch, identify
from pgtend.postgres.blocking import describe_prepared, describe_session
from pgtend.postgres.connection import (
    LOCK_TIMEOUT,
    READ_TIMEOUT,
    ConnectionLimits,
    Lane,
    Row,
    Session,
    SessionKind,
    configure,
    open_session,
)
from pgtend.postgres.failures import INSUFFICIENT_PRIVILEGE, translated
from pgtend.postgres.index_comparison import is_same_index
from pgtend.postgres.restoring import restoring
from pgtend.postgres.secret import ConnectionTarget, find_weakness
from pgtend.postgres.tuner_findings import findings_from

_LOOKING = {"statement_timeout": READ_TIMEOUT, "lock_timeout": LOCK_TIMEOUT}
_BUILDING = {"statement_timeout": "0", "lock_timeout": "0"}

TUNING = SessionKind(
    lane=Lane.EXECUTE,
    aspect=Aspect.TUNER_READY,
    settings={
        "search_path": "pg_catalog",
        # Compiling a query of the catalog takes a second where running it takes a few milliseconds.
        "jit": "off",
        **_LOOKING,
        "idle_in_transaction_session_timeout": "0",
        "idle_session_timeout": "0",
        "transaction_timeout": "0",
        # A build goes on when its client is gone; a server that looks after its clients would cancel it.
        "client_connection_check_interval": "0",
    },
)

_LOCK_SPACE = zlib.crc32(b"pgtend")
_BLOCKER_SECONDS = 10
_CANCEL_PAUSE = 0.1
_CANCEL_SECONDS = 30.0
"""A backend looks for cancel requests all the time it sorts, scans or waits; one that has not heeded them by then does not soon."""


class Tuner:
    """One session as the tuner; implements ports.Executor. Opened by ``open_tuner``."""

    def __init__(self, session: Session, target: ConnectionTarget) -> None:
        self._session = session
        self._target = target

    async def identify(self) -> DatabaseIdentity:
        """Which database the tuner is connected to; equal to what the observer says of the same one."""
        return await identify(self._session, Aspect.TUNER_READY)

    async def inspect(self) -> tuple[Finding, ...]:
        """What is missing for the tuner."""
        weakness = find_weakness(self._target, Aspect.TUNER_READY)
        found = [] if weakness is None else [weakness]
        facts = await self._one("tuner_facts")
        return (*found, *findings_from(facts, await self._all("table_owners")))

    async def blockers(self, table: TableName) -> tuple[str, ...]:
        """What a concurrent build on this table would wait for, in sentences, the oldest first."""
        owner = await self._table(table)
        async with self._reading_statistics():
            sessions = await self._all("blocking_sessions", {"table_oid": owner["oid"], "seconds": _BLOCKER_SECONDS})
            prepared = await self._all("blocking_prepared", {"table_oid": owner["oid"]})
        return (
            *(describe_session(row, table) for row in sessions),
            *(describe_prepared(row, table) for row in prepared),
        )

    async def index_state(self, index: Index, name: str) -> IndexState:
        """What is there under that name, compared with that definition."""
        at_work = bool(await self._builders(index, name))
        rows = await self._all("indexes", {"schema": index.schema, "name": name, "past_locked": False})
        if not rows:
            if await self._all("relation_named", {"schema": index.schema, "name": name}):
                return IndexState.FOREIGN
            return IndexState.BUILDING if at_work else IndexState.ABSENT
        if not is_same_index(rows[0], index):
            return IndexState.FOREIGN
        if at_work:
            return IndexState.BUILDING
        return IndexState.VALID if rows[0]["valid"] else IndexState.INVALID

    async def build(self, index: Index, name: str, comment: str, fence: Callable[[], None]) -> None:
        """CREATE INDEX CONCURRENTLY, then the comment. Cancelling the task lets go of the session and not of the build.

        Raises FencedOff where another session builds or removes it, DefinitionRefused, StatementFailed, and what ``fence``
        raises, which is called before each of both.
        """
        create = ddl.create_index(index, name)
        owner = await self._table(index.table_name)
        async with self._fenced(index.schema, name), self._as_owner(owner):
            await self._run(create, fence)
            await self._run(ddl.comment_on_index(index.schema, name, comment), fence)

    async def label(self, index: Index, name: str, comment: str, fence: Callable[[], None]) -> None:
        """COMMENT ON INDEX, if it is this index and has no comment. Needs no lock of ours: it changes nothing that others decide on.

        Raises StatementFailed, and what ``fence`` raises.
        """
        rows = await self._all("indexes", {"schema": index.schema, "name": name, "past_locked": False})
        if not rows or rows[0]["comment"] is not None or not is_same_index(rows[0], index):
            return
        async with self._as_owner(await self._table(index.table_name)):
            await self._run(ddl.comment_on_index(index.schema, name, comment), fence)

    async def cancel(self, index: Index, name: str) -> None:
        """End a build of this index that is under way on the server, and wait for its end. Does nothing when there is none.

        Raises BuildNotEnded when it has been asked for ``_CANCEL_SECONDS`` and goes on.
        """
        give_up = time.monotonic() + _CANCEL_SECONDS
        while pids := await self._builders(index, name):
            if time.monotonic() >= give_up:
                raise BuildNotEnded(_not_ended(index, name, pids))
            await self._all("cancel_backends", {"pids": pids})
            await asyncio.sleep(_CANCEL_PAUSE)

    async def remove(self, index: Index, name: str, fence: Callable[[], None]) -> None:
        """DROP INDEX CONCURRENTLY of the named index, if it is there and is this one.

        Raises StatementFailed, FencedOff, and what ``fence`` raises.
        """
        rows = await self._all("indexes", {"schema": index.schema, "name": name, "past_locked": False})
        if not rows and not await self._all("relation_named", {"schema": index.schema, "name": name}):
            return
        if not rows or not is_same_index(rows[0], index):
            message = f"{index.schema}.{name} is not the index that was to be removed: it was left alone."
            raise StatementFailed("42809", message)
        owner = await self._table(index.table_name)
        async with self._fenced(index.schema, name), self._as_owner(owner):
            await self._run(ddl.drop_index(index.schema, name), fence)

    async def analyze(self, table: TableName, fence: Callable[[], None]) -> None:
        """ANALYZE the table. Raises StatementFailed, FencedOff, and what ``fence`` raises."""
        owner = await self._table(table)
        async with self._fenced(table.schema, table.table), self._as_owner(owner):
            await self._run(ddl.analyze_table(table), fence)

    async def size(self, schema: str, name: str) -> int:
        """Bytes of a built index. Raises StatementFailed (42P01) where there is none of that name."""
        rows = await self._all("relation_named", {"schema": schema, "name": name})
        if not rows:
            raise StatementFailed("42P01", f"There is no index {schema}.{name}.")
        return int(rows[0]["size_bytes"])

    async def _table(self, table: TableName) -> Row:
        rows = await self._all("table_owner", {"schema": table.schema, "table": table.table})
        if not rows:
            raise StatementFailed("42P01", f"There is no table {table} (any more).")
        return rows[0]

    async def _builders(self, index: Index, name: str) -> list[int]:
        key = _lock_key(index.schema, name)
        values = {"space": _LOCK_SPACE, "key": key, "schema": index.schema, "name": name}
        async with self._reading_statistics():
            return [row["pid"] for row in await self._all("builders", values)]

    @asynccontextmanager
    async def _fenced(self, schema: str, name: str) -> AsyncIterator[None]:
        """Hold the advisory lock of one index, with timeouts off."""
        space, key = _signed(_LOCK_SPACE), _signed(_lock_key(schema, name))
        with translated(Aspect.TUNER_READY):
            cursor = await self._session.execute(
                "SELECT /* pgtend */ pg_try_advisory_lock(%s, %s) AS got", (space, key)
            )
            (row,) = await cursor.fetchall()
        if not row["got"]:
            raise FencedOff(f"Another session of pgtend works on {schema}.{name} in this database now.")

        async def let_go() -> None:
            await self._session.execute("SELECT /* pgtend */ pg_advisory_unlock(%s, %s)", (space, key))
            await configure(self._session, _LOOKING)

        async with restoring(self._session, Aspect.TUNER_READY, let_go):
            with translated(Aspect.TUNER_READY):
                await configure(self._session, _BUILDING)
            yield

    @asynccontextmanager
    async def _as_owner(self, table: Row) -> AsyncIterator[None]:
        if table["own"]:
            yield
            return
        if not table["member"]:
            message = (
                f"The tuner is not a member of the role {table['owner']}, which owns the table: "
                "run what `pgtend grants` prints again."
            )
            raise StatementFailed(INSUFFICIENT_PRIVILEGE, message)
        async with self._as_role(table["owner"]):
            yield

    @asynccontextmanager
    async def _reading_statistics(self) -> AsyncIterator[None]:
        """As pg_read_all_stats where the tuner is a member that does not inherit (a NOINHERIT role, before PostgreSQL 16)."""
        facts = await self._one("statistics_role")
        if not facts["set_role"]:
            yield
            return
        async with self._as_role("pg_read_all_stats"):
            yield

    @asynccontextmanager
    async def _as_role(self, role: str) -> AsyncIterator[None]:
        with translated(Aspect.TUNER_READY):
            await self._session.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))

        async def be_oneself() -> None:
            await self._session.execute("RESET ROLE")

        async with restoring(self._session, Aspect.TUNER_READY, be_oneself):
            yield

    async def _run(self, statement: sql.Composed, fence: Callable[[], None]) -> None:
        """Run DDL to its end on the server, even when this task is cancelled meanwhile; not when the fence objects.

        Waiting for a place, a connection or an owner's role takes time in which this process may have lost the right to act,
        so the fence is asked here, with nothing awaited between its answer and the statement's task.

        psycopg answers a cancelled task with a cancel request to the server. So the statement runs in a task of its own;
        when ours is cancelled, the connection is cut under it, which a backend that is building does not notice.
        """
        fence()
        running = asyncio.ensure_future(self._execute(statement))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            try:
                if not running.done():
                    _cut(self._session)
                    running.add_done_callback(_see)
                    # Shielded once more: a second cancellation must not reach it either.
                    with suppress(StatementFailed, ConnectionRefusedByTarget):
                        await asyncio.shield(running)
            finally:
                await self._session.close()
            raise

    async def _execute(self, statement: sql.Composed) -> None:
        with translated(Aspect.TUNER_READY):
            await self._session.execute(statement)

    async def _all(self, name: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        return await fetch(self._session, Aspect.TUNER_READY, name, values)

    async def _one(self, name: str) -> Row:
        return (await self._all(name))[0]


@asynccontextmanager
async def open_tuner(
    target: ConnectionTarget, limits: ConnectionLimits, *, lane: Lane = Lane.EXECUTE
) -> AsyncIterator[Tuner]:
    """A session as the tuner; long DDL belongs into Lane.BUILD. Raises ConnectionRefusedByTarget."""
    async with open_session(target, limits, replace(TUNING, lane=lane)) as session:
        yield Tuner(session, target)


def _see(task: asyncio.Future[None]) -> None:
    """Take note of how it ended, so that nobody complains that nobody did."""
    if not task.cancelled():
        task.exception()


def _cut(session: Session) -> None:
    """End the connection below libpq, so that neither a cancel request nor a goodbye reaches the server."""
    with socket.socket(fileno=os.dup(session.fileno())) as same, suppress(OSError):
        same.shutdown(socket.SHUT_RDWR)


def _not_ended(index: Index, name: str, pids: Sequence[int]) -> str:
    backends = ", ".join(map(str, sorted(pids)))
    return (
        f"The build of {index.schema}.{name} was asked to end for {_CANCEL_SECONDS:g} seconds and goes on in the backend {backends}, which "
        "does not heed pg_cancel_backend now; it is asked again. Look at pg_stat_activity for what it waits for; "
        f"SELECT pg_terminate_backend({backends.partition(',')[0]}) asks for the end of its whole session."
    )


def _lock_key(schema: str, name: str) -> int:
    return zlib.crc32(f"{schema}\0{name}".encode())


def _signed(number: int) -> int:
    """The same 32 bits as a Postgres integer."""
    return number - (1 << 32) if number >= 1 << 31 else number
