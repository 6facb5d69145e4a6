"""The world of one loop, let go of at the end of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.pipeline.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An idle loop on an empty database; works that are still under way at the end are let go of."""
    world = World()
    yield world
    await world.memory.works.let_go()
