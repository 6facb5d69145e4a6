"""What a concurrent build would wait for, in sentences. Pure.

A sentence stays the same from one look to the next: it is written to a status, where a changed one is a write.
So ages are said in coarse steps.
"""

from __future__ import annotations

from pgtend.domain.index import TableName
from pgtend.postgres.connection import Row

_STEPS = ((3600.0, "1 h"), (600.0, "10 min"), (60.0, "1 min"))


def describe_session(row: Row, table: TableName) -> str:
    """The sentence for a row of blocking_sessions.sql."""
    what = "holds a lock on " + str(table) if row["locks_table"] else "holds a snapshot of this database"
    return (
        f"Session {row['pid']} ({row['state'] or row['backend_type']}) {what}, in a transaction{_open_for(row['seconds'])}: "
        "a build would wait for its end."
    )


def describe_prepared(row: Row, table: TableName) -> str:
    """The sentence for a row of blocking_prepared.sql."""
    return (
        f"A prepared transaction{_open_for(row['seconds'])} holds a lock on {table}: "
        "COMMIT PREPARED or ROLLBACK PREPARED ends it."
    )


def _open_for(seconds: float) -> str:
    return next((f" open for more than {step}" for least, step in _STEPS if seconds > least), "")
