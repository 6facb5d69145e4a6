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

from pgtend.core.inert import problem_of
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, StatementFailed
from pgtend.domain.index import Index
from pgtend.domain.workload import Query, StatementKind
from pgtend.postgres.asking import fetch
from pgtend.postgres.connection import ConnectionLimits, Lane, Session, SessionKind, open_session
from pgtend.postgres.ddl import analyze_table, create_index, drop_index
from pgtend.postgres.failures import translated
from pgtend.postgres.plan_shape import Plan
from pgtend.postgres.plan_summary import index_names
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.user_code import PARAMETERS, UserCode, reason_not_to_plan, user_code_from

_ASPECT = Aspect.CONNECTED
_CANCELLED = "57014"


def running(seconds: float) -> SessionKind:
    """Sessions in which a query may run for so many seconds."""
    return SessionKind(
        lane=Lane.PLAN,
        aspect=_ASPECT,
        settings={
            "search_path": "pg_catalog",
            "statement_timeout": f"{max(int(seconds * 1000), 1)}ms",
            "lock_timeout": "5s",
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
    """One run of a query: its milliseconds, None where the time limit ended it, and the indexes that its plan used."""

    milliseconds: float | None
    used: frozenset[str] = frozenset()


class Runner:
    """One session that runs queries. Opened by ``open_runner``."""

    def __init__(self, session: Session, catalog: Catalog, user_code: UserCode, volatile: frozenset[str]) -> None:
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
        return problem_of(query, self._catalog) or reason_not_to_plan(query, self._user_code)

    async def run(self, query: Query) -> Run:
        """Run it once. Raises StatementFailed where the server refuses it for another reason than its time limit."""
        try:
            with translated(_ASPECT):
                plan, milliseconds = await self._explain_analyze(query)
        except StatementFailed as failure:
            if failure.sqlstate == _CANCELLED:
                return Run(milliseconds=None)
            raise
        return Run(milliseconds=milliseconds, used=index_names(plan))

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
        code = user_code_from(await fetch(session, _ASPECT, "user_code", PARAMETERS))
        names = sorted({name.rpartition(".")[2] for name in functions})
        rows = await fetch(session, _ASPECT, "volatile_functions", {"names": names})
        yield Runner(session, catalog, code, frozenset(row["name"] for row in rows))


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


async def drop_built(target: ConnectionTarget, limits: ConnectionLimits, built: BuiltIndex) -> None:
    """DROP INDEX CONCURRENTLY of what ``build_index`` made, where it is there and has its name still. Raises StatementFailed."""
    async with open_session(target, limits, DROPPING) as session:
        rows = await fetch(session, _ASPECT, "built_index", {"oid": built.oid})
        if not rows:
            return
        if (rows[0]["schema_name"], rows[0]["name"]) != (built.schema, built.name):
            raise StatementFailed("42809", "Somebody has renamed or moved it meanwhile, so that it was left alone.")
        with translated(_ASPECT):
            await session.execute(drop_index(built.schema, built.name, concurrently=rows[0]["kind"] == "i"))
