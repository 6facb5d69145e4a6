"""The SQL that gives observer and tuner what they need in one database, and nothing else.

The observer reads statistics (pg_read_all_stats) and plans statements. The planner checks SELECT on every table of a
statement and shows column statistics to nobody who may not read the column, so the observer gets SELECT, in this database
alone; pg_read_all_data would give it all databases of the server.

The tuner becomes the tables' owners by SET ROLE, for DDL alone, and inherits nothing of theirs; it sees in the statistics
whose old snapshots a build would wait for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg import sql

from pgtend.domain.finding import Aspect
from pgtend.postgres.asking import fetch
from pgtend.postgres.connection import ConnectionLimits, Row, open_session
from pgtend.postgres.ddl import identifier
from pgtend.postgres.observer import OBSERVING
from pgtend.postgres.secret import ConnectionTarget

OBSERVER = "pgtend_observer"
TUNER = "pgtend_tuner"

_INHERIT_OPTION_SINCE = 160000


async def read_grants(
    target: ConnectionTarget, limits: ConnectionLimits, *, observer: str = OBSERVER, tuner: str | None = TUNER
) -> str:
    """Look at the database and render the SQL for it. Raises ConnectionRefusedByTarget, StatementFailed, DefinitionRefused."""
    async with open_session(target, limits, OBSERVING) as session:
        (facts,) = await fetch(session, Aspect.CONNECTED, "observer_facts")
        owners = await fetch(session, Aspect.CONNECTED, "table_owners")
    return render_grants(facts, owners, observer=observer, tuner=tuner)


def render_grants(facts: Row, owners: Sequence[Row], *, observer: str, tuner: str | None) -> str:
    """SQL that can be run again at any time; ``tuner`` None leaves the tuner out.

    ``facts`` is a row of observer_facts.sql, ``owners`` are the rows of table_owners.sql. Raises DefinitionRefused where a
    name is too long.
    """
    version = facts["server_version"]
    lines = [
        f"-- What pgtend needs in the database {_comment(facts['database'])} (PostgreSQL {version // 10000}). "
        "It can be run again at any time;",
        "-- run it again when there are new schemas, or tables of new owners. Run it as a superuser, or as a role that may",
        "-- create roles and grant the tables and the owners named here.",
        "-- There are no passwords in it: afterwards set them, in psql, by",
        *(f"--   \\password {_comment(sql.Identifier(name).as_string(None))}" for name in (observer, tuner) if name),
        "BEGIN;",
        "",
        *dict.fromkeys(_observer(facts, owners, observer)),
    ]
    if tuner is not None:
        lines += ["", *dict.fromkeys(_tuner(facts, owners, tuner))]
    return "\n".join([*lines, "", "COMMIT;", ""])


def _observer(facts: Row, owners: Sequence[Row], observer: str) -> Iterator[str]:
    role = identifier(observer)
    yield "-- The observer: reads statistics, plans statements, changes nothing."
    yield _create_role(observer, "LOGIN")
    yield _text("GRANT CONNECT ON DATABASE {} TO {};", identifier(facts["database"]), role)
    yield _text("GRANT pg_read_all_stats TO {};", role)
    for schema in dict.fromkeys(row["schema_name"] for row in owners):
        yield _text("GRANT USAGE ON SCHEMA {} TO {};", identifier(schema), role)
        yield _text("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {};", identifier(schema), role)
    for row in owners:
        yield _text(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} GRANT SELECT ON TABLES TO {};",
            identifier(row["owner"]),
            identifier(row["schema_name"]),
            role,
        )
    for extension, schema in (
        ("pg_stat_statements", facts["statements_schema"]),
        ("hypopg", facts["hypopg_schema"]),
    ):
        if schema is None:
            yield f"-- The extension {extension} is missing here: CREATE EXTENSION {extension}; then run this again."
        else:
            yield _text("GRANT USAGE ON SCHEMA {} TO {};", identifier(schema), role)


def _tuner(facts: Row, owners: Sequence[Row], tuner: str) -> Iterator[str]:
    role = identifier(tuner)
    options = facts["server_version"] >= _INHERIT_OPTION_SINCE
    yield "-- The tuner: becomes the tables' owner to build an index and at no other time."
    yield _create_role(tuner, "LOGIN" if options else "LOGIN NOINHERIT")
    if not options:
        yield _text("ALTER ROLE {} NOINHERIT;", role)
    yield _text("GRANT CONNECT ON DATABASE {} TO {};", identifier(facts["database"]), role)
    yield _text("GRANT pg_read_all_stats TO {};", role)
    for owner, superuser in dict.fromkeys((row["owner"], row["owner_superuser"]) for row in owners):
        if superuser:
            yield (
                f"-- The superuser {_comment(owner)} owns tables here. pgtend takes no superuser's membership and leaves "
                "them alone; ALTER TABLE … OWNER TO an ordinary role lets it build on them."
            )
        elif owner != tuner:
            how = " WITH INHERIT FALSE, SET TRUE" if options else ""
            yield _text("GRANT {} TO {}" + how + ";", identifier(owner), role)
    for row in owners:
        if not row["owner_creates"]:
            yield "-- An index is made in its table's schema, where the table's owner may not create anything so far."
            yield _text("GRANT CREATE ON SCHEMA {} TO {};", identifier(row["schema_name"]), identifier(row["owner"]))


def _create_role(name: str, attributes: str) -> str:
    body = _text(
        "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {}) THEN CREATE ROLE {} "
        + attributes
        + "; END IF; END",
        sql.Literal(name),
        identifier(name),
    )
    return _text("DO {};", sql.Literal(body))


def _text(template: str, *parts: sql.Composable) -> str:
    return sql.SQL(template).format(*parts).as_string(None)


def _comment(text: str) -> str:
    """A name inside a comment, where a line break would end it."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
