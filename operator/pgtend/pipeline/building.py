"""The DDL itself, as works: build an index, remove one, end a build.

Between the decision and the statement there may have been a wait for a place among the connections, so each asks once more
whether it may go ahead; what may not begin any more is left undone, and the loop decides anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pgtend.domain.index import Index
from pgtend.domain.scene import Scene
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tuning import alter, look
from pgtend.ports import Executor, IndexState

MayGoAhead = Callable[[], Awaitable[bool]]
"""Asked with the session at hand and right before the statement: whether it is still to be sent."""


async def build_index(
    scene: Scene, ports: Ports, index: Index, name: str, comment: str, may_go_ahead: MayGoAhead
) -> None:
    """Build an index concurrently; ANALYZE where the planner needs new statistics to use it."""
    async with alter(scene, ports) as executor:
        if await may_go_ahead():
            await executor.build(index, name, comment, ports.fence)
            await _analyze(executor, index, ports)


async def finish_build(scene: Scene, ports: Ports, index: Index, name: str, comment: str) -> None:
    """What follows a build that ended without its client: the comment, and statistics where the planner needs new ones."""
    async with alter(scene, ports) as executor:
        await executor.label(index, name, comment, ports.fence)
        await _analyze(executor, index, ports)


async def remove_index(scene: Scene, ports: Ports, index: Index, name: str, may_go_ahead: MayGoAhead) -> None:
    """Drop an index concurrently, if it is there and is what its definition says."""
    async with alter(scene, ports) as executor:
        state = await executor.index_state(index, name)
        # What is invalid serves nobody, and is taken away at any time.
        if state is IndexState.INVALID or (state is IndexState.VALID and await may_go_ahead()):
            await executor.remove(index, name, ports.fence)


async def clear_remains(scene: Scene, ports: Ports, index: Index, name: str) -> None:
    """Drop what a build left, if it is there, is what its definition says, and serves nobody."""
    async with alter(scene, ports) as executor:
        if await executor.index_state(index, name) is IndexState.INVALID:
            await executor.remove(index, name, ports.fence)


async def end_build(scene: Scene, ports: Ports, index: Index, name: str) -> None:
    """End a build under way on the server. What it leaves is taken away afterwards; an index that was finished first stays."""
    async with look(scene, ports) as executor:
        if await executor.index_state(index, name) is IndexState.BUILDING:
            ports.fence()
            await executor.cancel(index, name)


async def _analyze(executor: Executor, index: Index, ports: Ports) -> None:
    """The planner guesses at an expression until the table has been analyzed with the index in place."""
    if any(column.expression for column in index.columns):
        await executor.analyze(index.table_name, ports.fence)
