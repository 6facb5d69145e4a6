"""Asking by named queries, as whichever role: all rows of one, and which database a session is connected to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg import sql

from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.finding import Aspect, StatementFailed
from pgtend.postgres.connection import Row, Session
from pgtend.postgres.failures import INSUFFICIENT_PRIVILEGE, translated
from pgtend.postgres.queries import load


async def identify(session: Session, aspect: Aspect) -> DatabaseIdentity:
    """Which database a session is connected to; the same for every role."""
    try:
        (row,) = await fetch(session, aspect, "identify")
    except StatementFailed as failure:
        if failure.sqlstate != INSUFFICIENT_PRIVILEGE:
            raise
        message = (
            "The role may not call pg_control_system(), which tells one server from another: "
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO it."
        )
        raise StatementFailed(INSUFFICIENT_PRIVILEGE, message) from None
    return DatabaseIdentity(**row)


async def fetch(
    session: Session,
    aspect: Aspect,
    name: str,
    values: Mapping[str, Any] | None = None,
    schema: str | None = None,
) -> list[Row]:
    """All rows of a named query; ``schema`` is where its extension lives."""
    text = load(name)
    query = text if schema is None else text.format(extension_schema=sql.Identifier(schema))
    with translated(aspect):
        cursor = await session.execute(query, values)
        return await cursor.fetchall()
