"""DDL that takes its time, as tasks that one loop owns.

Each task does one thing to one index and wakes the loop when it ends well. It decides nothing: the loop looks at the catalog
afterwards. Letting go of a task (at shutdown) does not end a build on the server; the restarted operator finds it there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from pgtend.domain.finding import (
    BuildNotEnded,
    ConnectionRefusedByTarget,
    DefinitionRefused,
    FencedOff,
    StatementFailed,
)
from pgtend.pipeline.surroundings import Ports

_LOG = logging.getLogger(__name__)
FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 600.0


class Verb(StrEnum):
    """What a task does to its index."""

    BUILD = "build"
    FINISH = "finish"
    """What follows a build."""
    REMOVE = "remove"
    END_BUILD = "end build"


@dataclass(frozen=True, kw_only=True)
class _Trouble:
    """Attempts in a row that came to nothing, and the monotonic time before which there is no other."""

    attempts: int
    not_before: float


class Works:
    """The DDL tasks under way in one loop, by the name of the recommendation and what they do."""

    def __init__(self) -> None:
        self._tasks: dict[tuple[str, Verb], asyncio.Task[str]] = {}
        self._troubles: dict[tuple[str, Verb], _Trouble] = {}
        self._ended: set[str] = set()
        self._outcomes: dict[tuple[str, Verb], bool] = {}

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

    def ended_well(self, recommendation: str, verb: Verb) -> bool | None:
        """How the last such task for this change came out; None when this process has not come to the end of one."""
        return self._outcomes.get((recommendation, verb))

    def was_ended(self, recommendation: str) -> bool:
        """Whether pgtend itself set out to end the build that is under way, or was; or did not begin it after all."""
        return recommendation in self._ended

    def note_unbegun(self, recommendation: str) -> None:
        """Its statement was not sent after all: that nothing came of it is no failure, as with a build that pgtend ended."""
        self._ended.add(recommendation)

    def forget(self, recommendation: str) -> None:
        """Its change is made, given up or begun anew: what happened before counts no more."""
        self._ended.discard(recommendation)
        self._troubles = {key: each for key, each in self._troubles.items() if key[0] != recommendation}
        self._outcomes = {key: each for key, each in self._outcomes.items() if key[0] != recommendation}

    def start(self, recommendation: str, verb: Verb, work: Callable[[], Awaitable[None]], ports: Ports) -> None:
        """Run DDL in the background, unless the last attempts came to nothing and their pause is not over yet."""
        key = (recommendation, verb)
        trouble = self._troubles.get(key)
        if trouble is not None and ports.clock.monotonic() < trouble.not_before:
            return
        if verb is Verb.END_BUILD:
            self._ended.add(recommendation)

        async def run() -> str:
            try:
                await work()
            except (ConnectionRefusedByTarget, FencedOff):
                self._note_trouble(key, ports)
                return ""
            except (StatementFailed, DefinitionRefused, BuildNotEnded) as failure:
                self._note_trouble(key, ports)
                return str(failure)
            self._troubles.pop(key, None)
            self._outcomes[key] = True
            # Only what ended well wakes the loop: what failed is looked at in the next pass, at its usual pace.
            ports.wake()
            return ""

        self._tasks[key] = asyncio.get_running_loop().create_task(run(), name=f"{verb} for {recommendation}")

    async def let_go(self) -> None:
        """Close the sessions of all tasks; what runs on the server goes on."""
        for task in self._tasks.values():
            task.cancel()
        # Not gather(): that would cancel them once more when this is cancelled itself.
        if self._tasks:
            await asyncio.wait(self._tasks.values())
        for task in self._tasks.values():
            error = None if task.cancelled() else task.exception()
            if error is not None:  # nobody asks for it any more; its text may hold what is no log's business
                _LOG.error("A statement's task ended with %s while its loop let go of it.", type(error).__name__)
        self._tasks.clear()

    def _note_trouble(self, key: tuple[str, Verb], ports: Ports) -> None:
        self._outcomes[key] = False
        attempts = self._troubles[key].attempts + 1 if key in self._troubles else 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), LONGEST_PAUSE_SECONDS)
        self._troubles[key] = _Trouble(attempts=attempts, not_before=ports.clock.monotonic() + pause)
