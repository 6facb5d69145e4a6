"""Give back what a session was lent for a while, a role or a lock, without hiding why the work in between ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, StatementFailed
from pgtend.postgres.connection import Session
from pgtend.postgres.failures import translated


@asynccontextmanager
async def restoring(session: Session, aspect: Aspect, restore: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run ``restore`` at the end, whatever happened, on a session that is still open.

    When the body raised and restoring fails as well, the body's error stays the one that is raised, with a note of the other:
    it says what happened first, and who calls decides by it. A session that could not be restored is closed, which gives
    everything back and lets nobody go on in it as somebody else. Raises StatementFailed or ConnectionRefusedByTarget
    where restoring alone fails.
    """
    try:
        yield
    except BaseException as first:
        try:
            await _restore(session, aspect, restore)
        except (StatementFailed, ConnectionRefusedByTarget) as second:
            first.add_note(f"The session could not be restored afterwards, and was closed: {second}")
        raise
    await _restore(session, aspect, restore)


async def _restore(session: Session, aspect: Aspect, restore: Callable[[], Awaitable[None]]) -> None:
    if session.closed:
        return
    try:
        with translated(aspect):
            await restore()
    except BaseException:
        await session.close()
        raise
