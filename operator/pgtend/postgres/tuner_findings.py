"""What the tuner lacks, as findings with the sentence that mends it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgtend.domain.finding import Aspect, Finding
from pgtend.postgres.connection import Row


def findings_from(facts: Row, owners: Sequence[Row]) -> Iterator[Finding]:
    """Findings from a row of tuner_facts.sql and the rows of table_owners.sql."""
    if facts["standby"]:
        yield _fatal("Standby", "The tuner is connected to a standby, where nothing can be built: name the primary.")
    elif facts["read_only"]:
        yield _fatal(
            "ReadOnly",
            f"default_transaction_read_only is on for the role {facts['role']} or the database: set it to off for the "
            "role.",
        )
    usable = [row for row in owners if _usable(row, facts)]
    for row in owners:
        if not row["member"]:
            yield _not_a_member(row, facts, fatal=not usable)
        elif not row["owner_creates"]:
            yield _mild(
                "SchemaNotWritable",
                f"The role {row['owner']} owns tables in the schema {row['schema_name']} but may not create anything "
                "there, so that no index can be built: GRANT CREATE ON SCHEMA (`pgtend grants` prints this).",
                fatal=not usable,
            )
    if facts["superuser"]:
        yield _mild(
            "Superuser", "The tuner is a superuser, which is far more than it needs: run what `pgtend grants` prints."
        )
    elif not facts["reads_all_stats"]:
        yield _mild(
            "SnapshotsHidden",
            f"The role {facts['role']} does not see whose old snapshots a build would wait for: GRANT pg_read_all_stats TO "
            "it (`pgtend grants` prints this).",
        )


def _usable(row: Row, facts: Row) -> bool:
    return bool(row["member"] and row["owner_creates"]) or bool(facts["superuser"])


def _not_a_member(row: Row, facts: Row, *, fatal: bool) -> Finding:
    tables = f"{row['tables']} tables" if row["tables"] > 1 else f"the table {row['example']}"
    if row["owner_superuser"]:
        mend = "pgtend takes no superuser's membership: ALTER TABLE … OWNER TO an ordinary role."
    else:
        mend = "Run what `pgtend grants` prints again."
    return _mild(
        "NotOwner",
        f"The role {facts['role']} cannot build indexes on {tables} of the schema {row['schema_name']}, because it is not "
        f"a member of their owner {row['owner']}. {mend}",
        fatal=fatal,
    )


def _fatal(reason: str, message: str) -> Finding:
    return Finding(aspect=Aspect.TUNER_READY, reason=reason, message=message)


def _mild(reason: str, message: str, *, fatal: bool = False) -> Finding:
    return Finding(aspect=Aspect.TUNER_READY, reason=reason, message=message, fatal=fatal)
