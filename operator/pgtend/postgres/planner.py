"""Planning one statement at a time in a session of its own, so that nothing comes of it but the plan.

EXPLAIN is not inert: the planner evaluates functions, and with the wrong ones a statement reads tables while it is merely
planned. Who calls this has had the query judged by ``guard.py``. It is planned as one statement of the extended
protocol, under parenthesised options, in a read-only transaction that is rolled back, with a timeout, as the observer role; and
nothing of an error's text leaves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import psycopg
from psycopg import sql
from psycopg.types.string import ByteaBinaryLoader

from pgtend.core.sql.lexer import tokenize
from pgtend.core.sql.parameter_types import TypedText
from pgtend.domain.finding import Aspect
from pgtend.domain.workload import Query
from pgtend.postgres.connection import Lane, Session, SessionKind
from pgtend.postgres.failures import translated
from pgtend.postgres.plan_shape import Plan

PLANNING = SessionKind(
    lane=Lane.PLAN,
    aspect=Aspect.WHAT_IF,
    settings={
        "search_path": "pg_catalog",
        "statement_timeout": "5s",
        "lock_timeout": "500ms",
        "idle_in_transaction_session_timeout": "60s",
        "default_transaction_read_only": "on",
        "plan_cache_mode": "force_generic_plan",
    },
)

_PREPARE = b"PREPARE pgtend_planned AS "
_PARAMETER = re.compile(r"\$([0-9]+)")


class Planner:
    """Plans statements in one session, and counts them."""

    def __init__(self, session: Session, typed: dict[str, TypedText] | None = None) -> None:
        """``typed`` is what several planners of one database learn together of the types of parameters."""
        self.explains = 0
        """Plans made so far."""
        self._session = session
        self._typed = {} if typed is None else typed
        self._search_path: tuple[str, ...] | None = None

    async def plan(self, query: Query) -> Plan:
        """The plan under the query's own search_path. Raises StatementFailed or ConnectionRefusedByTarget."""
        with translated(Aspect.WHAT_IF):
            await self._look_names_up_in(query.search_path)
        self.explains += 1
        with translated(Aspect.WHAT_IF):
            return await self._explain(query)

    async def plan_own(self, statement: sql.Composed) -> Plan:
        """Plan a statement that pgtend composed of typed fields. Raises StatementFailed or ConnectionRefusedByTarget."""
        self.explains += 1
        with translated(Aspect.WHAT_IF):
            return await self._roll_back_after((), b"EXPLAIN /* pgtend */ (FORMAT JSON) " + statement.as_bytes(None))

    async def _explain(self, query: Query) -> Plan:
        """Plan one statement; one with parameters as the generic plan that the server would make of it.

        EXPLAIN (GENERIC_PLAN) is not used where it exists: it works over the simple protocol only, which takes several
        statements at once; over the extended one Postgres asks for parameter values, and plans for those.
        """
        if query.parameters == 0:
            return await self._roll_back_after((), b"EXPLAIN /* pgtend */ (FORMAT JSON) " + query.plannable.encode())
        nulls = b", ".join([b"NULL"] * query.parameters)
        explain = b"EXPLAIN /* pgtend */ (FORMAT JSON) EXECUTE pgtend_planned (" + nulls + b")"
        typed = self._typed.get(query.plannable) or TypedText(tokens=tokenize(query.plannable))
        while True:
            try:
                return await self._roll_back_after((_PREPARE + typed.text.encode(),), explain)
            except psycopg.Error as error:
                following = _after(typed, error)
                if following is None:
                    raise
            typed = self._typed[query.plannable] = following

    async def _roll_back_after(self, before: Sequence[bytes], explain: bytes) -> Plan:
        """Run it in a transaction that ends in a rollback, so that not even a notification comes of planning.

        A pipeline makes it one round trip, and psycopg uses the extended protocol in it: one statement a message.
        """
        try:
            async with self._session.pipeline():
                await self._session.execute("BEGIN READ ONLY")
                for statement in before:
                    await self._session.execute(statement)
                cursor = self._session.cursor(binary=True)
                # HypoPG cuts the names of its indexes at any byte, so that what comes is not always UTF-8.
                cursor.adapters.register_loader("json", ByteaBinaryLoader)
                await cursor.execute(explain)
                await self._session.execute("ROLLBACK")
                await self._session.execute("DEALLOCATE ALL")
            (row,) = await cursor.fetchall()
        except psycopg.Error:
            if not self._session.closed:
                await self._session.execute("ROLLBACK")
                await self._session.execute("DEALLOCATE ALL")
            raise
        plan: Plan = json.loads(row["QUERY PLAN"].decode(errors="replace"))[0]["Plan"]
        return plan

    async def _look_names_up_in(self, path: tuple[str, ...]) -> None:
        if path == self._search_path:
            return
        names = sql.SQL(", ").join(map(sql.Identifier, path or ("pg_catalog",)))
        await self._session.execute(sql.SQL("SET search_path TO {}").format(names))
        self._search_path = path


def _after(typed: TypedText, error: psycopg.Error) -> TypedText | None:
    """What to try after this error. Of the server's text no more is looked at than the number of a parameter."""
    position, parameter = error.diag.statement_position, _PARAMETER.search(error.diag.message_primary or "")
    return typed.after(
        error.sqlstate or "",
        int(position) - 1 - len(_PREPARE) if position else None,
        int(parameter[1]) if parameter else None,
    )
