"""Sessions as the tuner, on the very database that the scene shows.

A Secret, a name or a Service may change between two sessions, so each session says again where it is before it is used.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding
from pgtend.domain.scene import Scene, database_key
from pgtend.pipeline.surroundings import Ports
from pgtend.ports import Executor


@asynccontextmanager
async def look(scene: Scene, ports: Ports) -> AsyncIterator[Executor]:
    """A session that looks, or cancels. Raises ConnectionRefusedByTarget, also where it leads to another database."""
    async with ports.target.execute(scene.policy) as executor:
        await _refuse_elsewhere(executor, scene)
        yield executor


@asynccontextmanager
async def alter(scene: Scene, ports: Ports) -> AsyncIterator[Executor]:
    """A session for DDL, which may take long. Raises ConnectionRefusedByTarget, also where it leads to another database."""
    async with ports.target.alter(scene.policy) as executor:
        await _refuse_elsewhere(executor, scene)
        yield executor


async def _refuse_elsewhere(executor: Executor, scene: Scene) -> None:
    here, there = await executor.identify(), scene.identity
    if database_key(here) != database_key(there):
        server = " of another server" if here.name == there.name else ""
        message = (
            f"The Secret {scene.policy.tuner_secret} (tuner) leads to the database {here.name}{server}, and the change belongs into "
            f"{there.name}: point it there."
        )
        raise ConnectionRefusedByTarget(Finding(aspect=Aspect.TUNER_READY, reason="OtherDatabase", message=message))
