"""What the observer lacks, as findings with the sentence that mends it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgtend.domain.finding import Aspect, Finding
from pgtend.postgres.connection import Row

_OLDEST_SERVER = 140000
_NAMED = 3


def findings_from(facts: Row, tables: Sequence[Row]) -> Iterator[Finding]:
    """Findings from a row of observer_facts.sql and the rows of unreadable_tables.sql."""
    if facts["server_version"] < _OLDEST_SERVER:
        yield _fatal(
            "ServerTooOld", "The server is older than PostgreSQL 14, the oldest that pgtend reads: upgrade it."
        )
    yield from _statements(facts)
    if not facts["reads_all_stats"] and not facts["superuser"]:
        yield _fatal(
            "StatisticsHidden",
            f"The role {facts['role']} does not see other roles' statements: GRANT pg_read_all_stats TO it "
            "(`pgtend grants` prints this).",
        )
    if facts["compute_query_id"] == "off":
        yield _fatal("QueryIdsOff", "compute_query_id is off, so that statements are not counted: set it to auto.")
    unreadable = [_name(row) for row in tables if row["unreadable"]]
    if unreadable:
        yield _mild(
            Aspect.PERMITTED,
            "TablesUnreadable",
            f"The role {facts['role']} may not SELECT from {_list(unreadable)}: their statements cannot be planned and "
            "their statistics not be read. Run what `pgtend grants` prints again.",
        )
    hidden = [_name(row) for row in tables if row["row_security"]]
    if hidden:
        yield _mild(
            Aspect.PERMITTED,
            "RowSecurityHidesStatistics",
            f"Row-level security hides the statistics of {_list(hidden)} from the role {facts['role']}: advice on them is "
            "unvalidated. ALTER ROLE … BYPASSRLS shows them, if the role may see all rows.",
        )
    if facts["standby"]:
        yield _mild(
            Aspect.CONNECTED,
            "Standby",
            "This is a standby: what the primary does is not seen here, and nothing can be built. Name the primary.",
        )
    if facts["hypopg_schema"] is None:
        yield hypopg_missing(available=facts["hypopg_available"])


def _statements(facts: Row) -> Iterator[Finding]:
    if facts["statements_schema"] is None:
        advice = (
            f"a superuser runs CREATE EXTENSION pg_stat_statements in the database {facts['database']}"
            if facts["statements_available"]
            else "install the package with Postgres' contrib modules, then CREATE EXTENSION pg_stat_statements"
        )
        yield _fatal(
            "StatementsMissing",
            f"The extension pg_stat_statements is not in this database, so that its statements are not seen: {advice}.",
        )
    elif not facts["statements_usable"]:
        yield _fatal(
            "StatementsHidden",
            f"The role {facts['role']} may not use the schema {facts['statements_schema']}, where pg_stat_statements is: "
            "GRANT USAGE ON SCHEMA (`pgtend grants` prints this).",
        )


def hypopg_missing(*, available: bool) -> Finding:
    """Said by the observer and by who would plan: advice goes on without being validated."""
    advice = (
        "CREATE EXTENSION hypopg in this database"
        if available
        else "install the package hypopg on the server and CREATE EXTENSION hypopg"
    )
    return _mild(
        Aspect.WHAT_IF,
        "HypoPGMissing",
        "The extension hypopg is not in this database, so that advice is unvalidated and every index needs a person's "
        f"approval: {advice}.",
    )


def _fatal(reason: str, message: str) -> Finding:
    return Finding(aspect=Aspect.PERMITTED, reason=reason, message=message)


def _mild(aspect: Aspect, reason: str, message: str) -> Finding:
    return Finding(aspect=aspect, reason=reason, message=message, fatal=False)


def _name(row: Row) -> str:
    return f"{row['schema_name']}.{row['table_name']}"


def _list(names: Sequence[str]) -> str:
    named = ", ".join(names[:_NAMED])
    rest = len(names) - _NAMED
    return f"{named} and {rest} more" if rest > 0 else named
