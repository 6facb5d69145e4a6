"""Open sessions: one way for all of them, capped per server.

A session is opened for a pass and closed after it. That costs a few milliseconds a minute, and needs neither a pool nor
a decision about which of many databases of a server may keep its connection.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding
from pgtend.postgres.failures import explain_refusal, translated
from pgtend.postgres.secret import ConnectionTarget

APPLICATION_NAME = "pgtend"
CONNECT_SECONDS = 10
READ_TIMEOUT = "10s"
LOCK_TIMEOUT = "2s"
OBSERVERS_PATIENCE = 4
"""How many times longer an observer waits for a place than whoever plans or builds."""

_PARAMETERS = {
    "application_name": APPLICATION_NAME,
    "client_encoding": "UTF8",
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives": "1",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}

Row = dict[str, Any]
Session = psycopg.AsyncConnection[Row]


class Lane(StrEnum):
    """What a session is for; each has its own share of a server's connections, so that none waits for another kind."""

    OBSERVE = "observe"
    PLAN = "plan"
    EXECUTE = "execute"
    """Looking as the tuner, and ending a build: short."""
    BUILD = "build"
    """DDL, which may hold its place for hours: without a lane of its own it would keep out who is to end it."""


@dataclass(frozen=True, kw_only=True)
class SessionKind:
    """How sessions for one purpose behave: which condition they report to, and the settings they make."""

    lane: Lane
    aspect: Aspect
    settings: Mapping[str, str]


class ConnectionLimits:
    """At most ``per_server`` connections to one host and port, over all policies of the process.

    A fifth of them (at least one) each is for planning, executing and building, the rest observe. A session that finds no
    place within ``patience`` seconds is refused with a finding, and the next pass tries again. Observers wait longer: places
    are given in order, so where there are many policies for few places passes come later than they should, but each comes.
    """

    def __init__(self, per_server: int = 10, patience: float = 30.0) -> None:
        if per_server < len(Lane):
            lanes = ", ".join(f"to {lane}" for lane in Lane)
            raise ValueError(f"at least {len(Lane)} connections a server are needed: {lanes}")
        self._shares = dict.fromkeys((Lane.PLAN, Lane.EXECUTE, Lane.BUILD), max(per_server // 5, 1))
        self._shares[Lane.OBSERVE] = per_server - sum(self._shares.values())
        self._patience = patience
        self._free: dict[tuple[tuple[str, int], Lane], asyncio.Semaphore] = {}
        self._open: dict[tuple[str, int], int] = {}

    @property
    def open_connections(self) -> Mapping[tuple[str, int], int]:
        """How many connections are open now, by host and port."""
        return {server: count for server, count in self._open.items() if count}

    def has_place(self, server: tuple[str, int], kind: SessionKind) -> bool:
        """Whether a connection of this kind could be opened now without waiting for another's end."""
        free = self._free.get((server, kind.lane))
        return free is None or not free.locked()

    @asynccontextmanager
    async def place(self, server: tuple[str, int], kind: SessionKind) -> AsyncIterator[None]:
        """Hold one connection's place; raises ConnectionRefusedByTarget where none becomes free."""
        share = self._shares[kind.lane]
        free = self._free.setdefault((server, kind.lane), asyncio.Semaphore(share))
        try:
            async with asyncio.timeout(self._patience * (OBSERVERS_PATIENCE if kind.lane is Lane.OBSERVE else 1)):
                await free.acquire()
        except TimeoutError:
            message = (
                f"All {share} connections that pgtend may open to {server[0] or 'the local socket'}:{server[1]} to {kind.lane} are in use; "
                "it tries again. "
                "Raise PGTEND_MAX_CONNECTIONS_PER_SERVER if this lasts."
            )
            finding = Finding(aspect=kind.aspect, reason="ConnectionLimit", message=message)
            raise ConnectionRefusedByTarget(finding) from None
        self._open[server] = self._open.get(server, 0) + 1
        try:
            yield
        finally:
            self._open[server] -= 1
            free.release()


@asynccontextmanager
async def open_session(target: ConnectionTarget, limits: ConnectionLimits, kind: SessionKind) -> AsyncIterator[Session]:
    """A connection in autocommit mode with the settings of its kind; closed at the end, whatever happens.

    The settings are made by SET in the session, so that what ALTER ROLE or ALTER DATABASE … SET says loses against them.
    Raises ConnectionRefusedByTarget, also where a pooler answers instead of Postgres.
    """
    async with limits.place(target.server, kind):
        session = await _connect(target, kind.aspect)
        try:
            with translated(kind.aspect):
                await _refuse_pooler(session, target, kind.aspect)
                await configure(session, kind.settings)
            yield session
        except ConnectionRefusedByTarget as refusal:
            raise _located(refusal, session, target) from None
        finally:
            await session.close()


def _located(
    refusal: ConnectionRefusedByTarget, session: Session, target: ConnectionTarget
) -> ConnectionRefusedByTarget:
    """What lost this session does not know where it led; the sentence is to say so."""
    if (
        not session.closed
        or refusal.finding.reason != "ConnectionLost"
        or refusal.finding.message.startswith(target.place)
    ):
        return refusal
    return ConnectionRefusedByTarget(replace(refusal.finding, message=f"{target.place}: {refusal.finding.message}"))


async def configure(session: Session, settings: Mapping[str, str]) -> None:
    """SET these, passing over what the server's version does not know."""
    for name, value in settings.items():
        if name == "transaction_timeout" and session.info.server_version < 170000:
            continue
        if name == "idle_session_timeout" and session.info.server_version < 140000:
            continue
        await session.execute(sql.SQL("SET {} TO {}").format(sql.Identifier(name), sql.Literal(value)))


async def _refuse_pooler(session: Session, target: ConnectionTarget, aspect: Aspect) -> None:
    """Refuse a pooler before any setting is made: in transaction mode it would hand our settings to the next client.

    A pooler makes up the process id that it sends when the connection starts; Postgres sends the backend's own.
    https://www.postgresql.org/docs/current/protocol-flow.html, BackendKeyData
    """
    cursor = await session.execute("SELECT /* pgtend */ pg_catalog.pg_backend_pid() AS pid")
    (row,) = await cursor.fetchall()
    if row["pid"] != session.info.backend_pid:
        message = (
            f"{target.place}: A connection pooler answers there and not Postgres itself: it may hand each transaction to another session, "
            "through which nothing can be built and settings would reach other clients. Name the database's own host and "
            "port."
        )
        raise ConnectionRefusedByTarget(Finding(aspect=aspect, reason="PoolerInTheWay", message=message))


async def _connect(target: ConnectionTarget, aspect: Aspect) -> Session:
    with _certificate_file(target) as certificate:
        try:
            return await psycopg.AsyncConnection.connect(
                make_conninfo(**{**target.parameters, **certificate, **_PARAMETERS}),
                autocommit=True,
                prepare_threshold=None,
                row_factory=dict_row,
            )
        except psycopg.Error as error:
            raise explain_refusal(error, target, aspect) from None


@contextmanager
def _certificate_file(target: ConnectionTarget) -> Iterator[Mapping[str, str]]:
    """The certificate authority as a file for libpq, which takes nothing else: in memory, gone after connecting."""
    if target.ca_certificate is None:
        yield {}
        return
    descriptor = os.memfd_create("ca.crt")
    try:
        os.write(descriptor, target.ca_certificate.encode())
        yield {"sslrootcert": f"/proc/self/fd/{descriptor}"}
    finally:
        os.close(descriptor)
