"""One advice in a process of its own: CPU seconds of its parts, memory, and how long the event loop was held up."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pgtend.commands import advise as command
from pgtend.commands.answer import Answer
from pgtend.core import candidate_set, compression
from pgtend.core.integer_program import IntegerProgram
from pgtend.domain.advice import Constraints
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action
from pgtend.pipeline import advising
from pgtend.postgres.secret import target_from_dsn

TICK_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True)
class Task:
    """One workload file and how it is to be advised on."""

    dsn: str
    path: Path
    budget: int
    seconds: float | None
    planned: int
    """Statements that are planned one by one."""


class Parts:
    """CPU seconds of functions, by the name of the part that they are."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def counted(self, owner: Any, name: str, part: str) -> AbstractContextManager[Any]:
        """Within this all calls of a function are counted, each in the thread that makes it."""
        function: Callable[..., Any] = getattr(owner, name)

        def call(*values: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*values, **named)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + time.thread_time() - began

        return patch.object(owner, name, call)


def measure(task: Task) -> tuple[str, list[Index]]:
    """What one advice took in words, and the indexes that it advises."""
    parts = Parts()
    with (
        patch.object(compression, "MOST_PLANNED", task.planned),
        parts.counted(command, "given_workload", "reading"),
        parts.counted(candidate_set, "candidates_of", "candidates"),
        parts.counted(IntegerProgram, "solve", "integer programs"),
        parts.counted(advising, "compress", "compression"),
        parts.counted(advising, "_next_question", "search in all"),
    ):
        began = time.perf_counter()
        answer, pause = asyncio.run(advise(task))
        wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    advice = answer.advice
    inner = ", ".join(f"{part} {seconds:.1f}" for part, seconds in sorted(parts.seconds.items()))
    ratio = advice.cost_after / advice.cost_before if advice.cost_before > 0 else 1.0
    gap = "unknown" if advice.gap is None else f"{100 * advice.gap:.1f} %"
    line = (
        f"{wall:.0f} s, CPU {used.ru_utime:.1f} s ({inner}), {answer.spent.explains} EXPLAINs in "
        f"{answer.spent.seconds:.1f} s, {used.ru_maxrss / 1024:.0f} MiB, event loop held up for {1000 * pause:.0f} ms at most, "
        f"{len(advice.changes)} changes, cost after/before {ratio:.4f}, {len(advice.left_out)} left out, gap {gap}, "
        f"{'complete' if advice.complete else 'ended by time'}"
    )
    if advice.coverage is not None:
        each = advice.coverage
        line += (
            f", {each.planned} planned, {each.similar} ({100 * each.similar_share:.1f} % of the load) with similar ones, "
            f"{each.unlike} ({100 * each.unlike_share:.1f} %) like none"
        )
    return line, [change.index for change in advice.changes if change.action is Action.CREATE]


async def advise(task: Task) -> tuple[Answer, float]:
    """The answer, and the longest time for which the event loop did not turn."""
    constraints = Constraints(storage_budget=task.budget, seconds=task.seconds)
    options = command.AdviseOptions(constraints=constraints, workload=task.path)
    pauses = [0.0]

    async def tick() -> None:
        while True:
            slept = time.perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            pauses.append(time.perf_counter() - slept - TICK_SECONDS)

    ticking = asyncio.create_task(tick())
    try:
        return await command.find_advice(target_from_dsn(task.dsn), options, lambda _: None), max(pauses)
    finally:
        ticking.cancel()
