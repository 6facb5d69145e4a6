"""What a session was lent is given back, and the first error is the one that is raised, on sessions that are really lost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, StatementFailed
from pgtend.postgres.connection import Session, open_session
from pgtend.postgres.restoring import restoring
from pgtend.postgres.tuner import TUNING
from tests.integration.postgres.conftest import Shop


class FirstError(Exception):
    """What went wrong in the body."""


@pytest.fixture
async def session(shop: Shop) -> AsyncIterator[Session]:
    async with open_session(shop.tuner, shop.limits, TUNING) as opened:
        yield opened


async def lose(session: Session, shop: Shop) -> None:
    shop.database.run(f"select pg_terminate_backend({session.info.backend_pid}, 5000)")
    assert not session.closed, "psycopg learns of it at the next statement"


async def test_the_first_error_stays_when_the_backend_is_lost(shop: Shop, session: Session) -> None:
    async def restore() -> None:
        await session.execute("RESET ROLE")

    with pytest.raises(FirstError) as failure:
        async with restoring(session, Aspect.TUNER_READY, restore):
            await lose(session, shop)
            raise FirstError
    (note,) = failure.value.__notes__
    assert "could not be restored" in note
    assert "The connection to the server was lost" in note
    assert session.closed


async def test_a_backend_lost_where_nothing_else_was_wrong_is_said(shop: Shop, session: Session) -> None:
    async def restore() -> None:
        await session.execute("RESET ROLE")

    with pytest.raises(ConnectionRefusedByTarget) as failure:
        async with restoring(session, Aspect.TUNER_READY, restore):
            await lose(session, shop)
    assert failure.value.finding.reason == "ConnectionLost"


async def test_the_first_error_stays_when_the_server_refuses_to_restore_and_nobody_goes_on_in_the_session(
    session: Session,
) -> None:
    async def restore() -> None:
        await session.execute("SET ROLE nobody_at_all")

    with pytest.raises(FirstError) as failure:
        async with restoring(session, Aspect.TUNER_READY, restore):
            raise FirstError
    assert "SQLSTATE 22023" in failure.value.__notes__[0]
    assert session.closed


async def test_a_session_that_cannot_be_restored_is_not_used_on(session: Session) -> None:
    async def restore() -> None:
        await session.execute("SET ROLE nobody_at_all")

    with pytest.raises(StatementFailed):
        async with restoring(session, Aspect.TUNER_READY, restore):
            pass
    assert session.closed


async def test_a_restored_session_is_used_on(session: Session) -> None:
    async def restore() -> None:
        await session.execute("SET lock_timeout TO '7s'")

    with pytest.raises(FirstError) as failure:
        async with restoring(session, Aspect.TUNER_READY, restore):
            raise FirstError
    assert not hasattr(failure.value, "__notes__")
    (row,) = await (await session.execute("SHOW lock_timeout")).fetchall()
    assert row["lock_timeout"] == "7s"
