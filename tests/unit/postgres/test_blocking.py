"""Sentences on what a build waits for say enough, and do not change from one look to the next."""

from __future__ import annotations

import pytest

from pgtend.domain.index import TableName
from pgtend.postgres.blocking import describe_prepared, describe_session

BOOKINGS = TableName(schema="shop", table="bookings")


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (11.0, "a transaction: "),
        (60.0, "a transaction: "),
        (61.0, "a transaction open for more than 1 min: "),
        (600.0, "a transaction open for more than 1 min: "),
        (601.0, "a transaction open for more than 10 min: "),
        (3601.0, "a transaction open for more than 1 h: "),
        (1e7, "a transaction open for more than 1 h: "),
    ],
)
def test_ages_are_said_in_coarse_steps(seconds: float, age: str) -> None:
    row = {"pid": 7, "state": "idle in transaction", "backend_type": "client backend", "seconds": seconds}
    assert describe_session(row | {"locks_table": True}, BOOKINGS) == (
        f"Session 7 (idle in transaction) holds a lock on shop.bookings, in {age}a build would wait for its end."
    )
    assert "holds a snapshot of this database" in describe_session(row | {"locks_table": False}, BOOKINGS)


def test_who_holds_a_prepared_transaction_is_told_how_it_ends() -> None:
    assert describe_prepared({"seconds": 700.0}, BOOKINGS) == (
        "A prepared transaction open for more than 10 min holds a lock on shop.bookings: "
        "COMMIT PREPARED or ROLLBACK PREPARED ends it."
    )
