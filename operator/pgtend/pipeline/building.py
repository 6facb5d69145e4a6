"""DDL that takes its time, as tasks that one loop owns.

Each task does one thing to one index in a session of its own and wakes the loop when it ends. It decides nothing: the loop
looks at the catalog afterwards. Letting go of a task (at shutdown) does not end a build on the server; the restarted
operator finds it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum

from pgtend.domain.finding import ConnectionRefusedByTarget, DefinitionRefused, FencedOff, StatementFailed
from pgtend.domain.index import Index
from pgtend.domain.policy import Policy
from pgtend.pipeline.surroundings import Ports
from pgtend.ports import Executor, IndexState


class Verb(StrEnum):
    """What a task does to its index."""

    BUILD = "build"
    REMOVE = "remove"
    END_BUILD = "end build"


class Works:
    """The DDL tasks under way in one loop, by the name of the recommendation and what they do."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, Verb], asyncio.Task[str]] = {}

    def is_running(self, recommendation: str, verb: Verb) -> bool:
        """Whether such a task has not ended yet."""
        task = self._tasks.get((recommendation, verb))
        return task is not None and not task.done()

    def take_failure(self, recommendation: str, verb: Verb) -> str:
        """The sentence with which a task that has ended failed, once; empty when it did not fail.

        A lost connection is no failure, and another session that works on the index is none either: the catalog alone tells
        what became of the index. Raises LeadershipLost when the task found that this process must not act any more.
        """
        task = self._tasks.get((recommendation, verb))
        if task is None or not task.done():
            return ""
        del self._tasks[recommendation, verb]
        return "" if task.cancelled() else task.result()

    def start(self, recommendation: str, verb: Verb, work: Awaitable[None], wake: Callable[[], None]) -> None:
        """Run DDL in the background; the loop is woken at its end."""

        async def run() -> str:
            try:
                await work
            except (ConnectionRefusedByTarget, FencedOff):
                return ""
            except (StatementFailed, DefinitionRefused) as failure:
                return str(failure)
            return ""

        task = asyncio.get_running_loop().create_task(run(), name=f"{verb} for {recommendation}")
        task.add_done_callback(lambda _: wake())
        self._tasks[recommendation, verb] = task

    async def let_go(self) -> None:
        """Close the sessions of all tasks; what runs on the server goes on."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()


async def _with_executor(ports: Ports, policy: Policy, act: Callable[[Executor], Awaitable[None]]) -> None:
    async with ports.target.execute(policy) as executor:
        ports.fence()
        await act(executor)


async def build_index(ports: Ports, policy: Policy, index: Index, name: str, comment: str) -> None:
    """Build an index concurrently; ANALYZE where the planner needs new statistics to use it."""

    async def act(executor: Executor) -> None:
        await executor.build(index, name, comment)
        if any(column.expression for column in index.columns):
            await executor.analyze(index.table_name)

    await _with_executor(ports, policy, act)


async def remove_index(ports: Ports, policy: Policy, index: Index, name: str) -> None:
    """Drop an index concurrently, if it is there and is what its definition says."""

    async def act(executor: Executor) -> None:
        if await executor.index_state(index, name) in (IndexState.VALID, IndexState.INVALID):
            ports.fence()
            await executor.remove(index, name)

    await _with_executor(ports, policy, act)


async def end_build(ports: Ports, policy: Policy, index: Index, name: str) -> None:
    """End a build under way on the server, and take away what it left; an index that was finished first stays."""

    async def act(executor: Executor) -> None:
        if await executor.index_state(index, name) is IndexState.BUILDING:
            await executor.cancel(index, name)
        if await executor.index_state(index, name) is IndexState.INVALID:
            ports.fence()
            await executor.remove(index, name)

    await _with_executor(ports, policy, act)
