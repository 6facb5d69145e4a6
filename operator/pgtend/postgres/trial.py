"""Really running queries, and really building indexes for it: for `pgtend advise --execute`, on a copy.

A query runs as one statement of the extended protocol under EXPLAIN (ANALYZE), in a read-only transaction that is rolled back,
with a time limit: the server tells how long it took, and no row of it leaves the server. Only what the guard of
planning lets through is run, without parameters and without volatile functions.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, StatementFailed
from pgtend.domain.index import Index
from pgtend.domain.workload import Query, StatementKind
from pgtend.postgres.asking import fetch
from pgtend.postgres.connection import (
    LOCK_TIMEOUT,
    ConnectionLimits,
    Lane,
    Session,
    SessionKind,
    configure,
    open_session,
)
from pgtend.postgres.ddl import analyze_table, create_index, drop_index
from pgtend.postgres.failures import INSUFFICIENT_PRIVILEGE, translated
from pgtend.postgres.guard import read_user_code, reason_to_refuse
from pgtend.postgres.plan_shape import Plan
from pgtend.postgres.plan_summary import form_of, index_names
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.user_code import UserCode

_ASPECT = Aspect.CONNECTED
_CANCELLED = "57014"
_TOO_MUCH_SPILLED = "53400"
SPILLED_KILOBYTES = 10 * 1024 * 1024
"""Most that one process of a query may write to temporary files, unless the server allows less."""
_SPILLS = "It was ended because it wrote more to temporary files than it may (temp_file_limit; 10 GB unless the server allows less)."


def running(seconds: float) -> SessionKind:
    """Sessions in which a query may run for so many seconds."""
    return SessionKind(
        lane=Lane.PLAN,
        aspect=_ASPECT,
        settings={
            "search_path": "pg_catalog",
            "statement_timeout": f"{max(int(seconds * 1000), 1)}ms",
            "lock_timeout": LOCK_TIMEOUT,
            "default_transaction_read_only": "on",
        },
    )


BUILDING = SessionKind(
    lane=Lane.BUILD,
    aspect=_ASPECT,
    settings={
        "search_path": "pg_catalog",
        "statement_timeout": "0",
        "lock_timeout": "10s",
        "default_transaction_read_only": "off",
    },
)
DROPPING = replace(BUILDING, settings={**BUILDING.settings, "lock_timeout": "5s"})
"""It holds nobody up while it waits, and is tried again."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a query: its milliseconds, None where the time limit ended it, and what its plan was."""

    milliseconds: float | None
    used: frozenset[str] = frozenset()
    """Names of the indexes in it."""
    form: str = ""
    """Equal where two plans do the same in the same order; empty where there was none."""


class Runner:
    """One session that runs queries. Opened by ``open_runner``."""

    def __init__(
        self, session: Session, catalog: Catalog, user_code: UserCode, volatile: frozenset[str], *, limited: bool
    ) -> None:
        self.limited = limited
        """Whether the server keeps what a query writes to temporary files within a limit."""
        self._session = session
        self._catalog = catalog
        self._user_code = user_code
        self._volatile = volatile

    def problem_of(self, query: Query) -> str | None:
        """Why the query must not be run, as a sentence; None when it may be."""
        if query.kind is not StatementKind.SELECT:
            return "It changes rows: only queries are run."
        if query.parameters:
            return "Not all of its constants are known, nor has pg_stats values for them: name them with --sample-constants or --workload."
        volatile = sorted({name.rpartition(".")[2] for name in query.functions} & self._volatile)
        if volatile:
            return f"It calls {volatile[0]}, which may do something or answer otherwise each time."
        return reason_to_refuse(query, self._catalog, self._user_code)

    async def run(self, query: Query) -> Run:
        """Run it once. Raises StatementFailed where the server refuses it for another reason than its time limit."""
        try:
            with translated(_ASPECT):
                plan, milliseconds = await self._explain_analyze(query)
        except StatementFailed as failure:
            if failure.sqlstate == _CANCELLED:
                return Run(milliseconds=None)
            if failure.sqlstate == _TOO_MUCH_SPILLED:
                raise StatementFailed(failure.sqlstate, _SPILLS) from None
            raise
        return Run(milliseconds=milliseconds, used=index_names(plan), form=form_of(plan))

    async def _explain_analyze(self, query: Query) -> tuple[Plan, float]:
        names = sql.SQL(", ").join(map(sql.Identifier, query.search_path or ("pg_catalog",)))
        await self._session.execute(sql.SQL("SET search_path TO {}").format(names))
        try:
            async with self._session.pipeline():
                await self._session.execute("BEGIN READ ONLY")
                explain = b"EXPLAIN /* pgtend */ (ANALYZE, TIMING OFF, FORMAT JSON) " + query.plannable.encode()
                cursor = await self._session.execute(explain)
                await self._session.execute("ROLLBACK")
            (row,) = await cursor.fetchall()
        except psycopg.Error:
            if not self._session.closed:
                await self._session.execute("ROLLBACK")
            raise
        answer = row["QUERY PLAN"]
        top = (json.loads(answer) if isinstance(answer, str) else answer)[0]
        return top["Plan"], float(top["Execution Time"])


@asynccontextmanager
async def open_runner(
    target: ConnectionTarget, limits: ConnectionLimits, catalog: Catalog, functions: frozenset[str], seconds: float
) -> AsyncIterator[Runner]:
    """A session that runs queries calling these ``functions``, each for at most so many seconds."""
    async with open_session(target, limits, running(seconds)) as session:
        code = await read_user_code(session, _ASPECT)
        names = sorted({name.rpartition(".")[2] for name in functions})
        rows = await fetch(session, _ASPECT, "volatile_functions", {"names": names})
        volatile = frozenset(row["name"] for row in rows)
        yield Runner(session, catalog, code, volatile, limited=await _limit_temporary_files(session))


async def _limit_temporary_files(session: Session) -> bool:
    """Set temp_file_limit where the server allows more; whether there is one then. Only a superuser may, or who was granted SET on it."""
    (row,) = await fetch(session, _ASPECT, "temporary_file_limit")
    limited: bool = row["kilobytes"] >= 0
    if limited and row["kilobytes"] <= SPILLED_KILOBYTES:
        return True
    try:
        with translated(_ASPECT):
            await configure(session, {"temp_file_limit": f"{SPILLED_KILOBYTES}kB"})
    except StatementFailed as failure:
        if failure.sqlstate != INSUFFICIENT_PRIVILEGE:
            raise
        return limited
    return True


@dataclass(frozen=True, kw_only=True)
class BuiltIndex:
    """An index that this process built, known by its OID: whatever else bears its name is somebody else's."""

    oid: int
    schema: str
    name: str
    advised: str
    """The name that the advice has for it."""


async def build_index(
    target: ConnectionTarget,
    limits: ConnectionLimits,
    index: Index,
    name: str,
    made: Callable[[int], None],
) -> None:
    """CREATE INDEX, and ANALYZE where it is on an expression. Raises StatementFailed; holds writers up while it builds.

    It is one transaction, so that a build which fails or is cancelled leaves nothing; ``made`` is called with the OID just before
    the commit, so that no index can be there of which the caller does not know.
    """
    async with open_session(target, limits, BUILDING) as session:
        with translated(_ASPECT):
            async with session.transaction():
                await session.execute(create_index(index, name, concurrently=False))
                (row,) = await fetch(session, _ASPECT, "relation_named", {"schema": index.schema, "name": name})
                made(row["oid"])
            if any(key.expression is not None for key in index.columns):
                await session.execute(analyze_table(index.table_name))


async def drop_built(target: ConnectionTarget, limits: ConnectionLimits, built: BuiltIndex) -> BuiltIndex | None:
    """DROP INDEX CONCURRENTLY of what ``build_index`` made, where it is there. Raises StatementFailed.

    One that somebody has renamed or moved meanwhile is left alone, and returned as what it is now.
    """
    async with open_session(target, limits, DROPPING) as session:
        rows = await fetch(session, _ASPECT, "built_index", {"oid": built.oid})
        if not rows:
            return None
        now = replace(built, schema=rows[0]["schema_name"], name=rows[0]["name"])
        if now != built:
            return now
        with translated(_ASPECT):
            await session.execute(drop_index(built.schema, built.name, concurrently=True))
    return None
