"""The parts of a trial of `pgtend advise --execute`: the runs of the queries, with the builds between them, and what came of each."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from pgtend.commands.ctrl_c import Interruption
from pgtend.commands.progress import Tell
from pgtend.commands.trial_indexes import build_advised
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import ConnectionRefusedByTarget, StatementFailed
from pgtend.domain.trial import SkippedQuery, TimedQuery
from pgtend.domain.workload import WeightedQuery
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.trial import BuiltIndex, Runner, open_runner

RUNS = 3
"""Runs of each query in each part that count."""
_UNLIMITED = (
    "What the queries wrote to temporary files was not limited: the role may not set temp_file_limit, and the server has none "
    "(GRANT SET ON PARAMETER temp_file_limit, from PostgreSQL 15)."
)


@dataclass(kw_only=True)
class _Side:
    """The runs of a query without the indexes, or with them."""

    times: list[float] = field(default_factory=list)
    forms: set[str] = field(default_factory=set)
    timed_out: bool = False


@dataclass(kw_only=True)
class _Times:
    before: _Side = field(default_factory=_Side)
    after: _Side = field(default_factory=_Side)
    used: set[str] = field(default_factory=set)
    problem: str = ""


@dataclass(kw_only=True)
class Course:
    """One trial under way: what it runs, and what has come of it so far."""

    target: ConnectionTarget
    limits: ConnectionLimits
    catalog: Catalog
    queries: Sequence[WeightedQuery]
    seconds: float
    """Time limit of one run."""
    tell: Tell
    times: dict[str, _Times] = field(default_factory=dict)
    """Of each query that may be run, by its id."""
    made: list[BuiltIndex] = field(default_factory=list)
    """What is there of what was built."""
    skipped: list[SkippedQuery] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def _open_runner(self) -> AbstractAsyncContextManager[Runner]:
        functions = frozenset().union(*(each.query.functions for each in self.queries))
        return open_runner(self.target, self.limits, self.catalog, functions, self.seconds)

    async def run_without_and_with(self, changes: Sequence[AdvisedChange] | None, *, keep: bool) -> None:
        """The first two parts; only the first where there are no ``changes`` to build."""
        async with self._open_runner() as runner:
            self._sort_out(runner)
            await self._run_all("without", runner, self._runnable())
            if changes is None:
                return
            built = await build_advised(self.target, self.limits, changes, self.made, keep=keep, tell=self.tell)
            self.problems.extend(built)
            if self.made:
                await self._run_all("with", runner, self._runnable())

    async def run_again_without(self) -> None:
        """The third part, after what was built is dropped."""
        async with self._open_runner() as runner:
            await self._run_all("again without", runner, self._runnable()[::-1])

    async def finish(self, work: Coroutine[Any, Any, None], interruption: Interruption) -> bool:
        """Do a part unless Ctrl-C ends it; returns whether it was done to the end."""
        try:
            await interruption.unless_asked(work)
        except (StatementFailed, ConnectionRefusedByTarget) as failure:
            self.problems.append(f"The trial ended early. {failure}")
            return False
        return not interruption.asked

    def timed(self, names: tuple[str, ...]) -> tuple[TimedQuery, ...]:
        """The queries that ran; the indexes of these names were built."""
        return tuple(
            _timed(each, self.times[each.id], names) for each in self._runnable() if not self.times[each.id].problem
        )

    def all_skipped(self) -> tuple[SkippedQuery, ...]:
        """Those that must not be run, and those that the server refused."""
        refused = (SkippedQuery(id=id_, reason=mine.problem) for id_, mine in self.times.items() if mine.problem)
        return (*self.skipped, *refused)

    def _sort_out(self, runner: Runner) -> None:
        if not runner.limited:
            self.notes.append(_UNLIMITED)
        for each in self.queries:
            problem = runner.problem_of(each.query)
            if problem is None:
                self.times[each.id] = _Times()
            else:
                self.skipped.append(SkippedQuery(id=each.id, reason=problem))

    def _runnable(self) -> list[WeightedQuery]:
        return [each for each in self.queries if each.id in self.times]

    async def _run_all(self, part: str, runner: Runner, queries: Sequence[WeightedQuery]) -> None:
        advised = {built.name: built.advised for built in self.made}
        for number, each in enumerate(queries, 1):
            mine = self.times[each.id]
            side = mine.after if self.made else mine.before
            if mine.problem or side.timed_out:
                continue  # whatever it did now could not be compared
            self.tell(f"Running {each.id} {part} the indexes, {number} of {len(queries)}")
            try:
                mine.used |= {advised[name] for name in await _run_one(runner, each, side) if name in advised}
            except StatementFailed as failure:
                mine.problem = str(failure)


async def _run_one(runner: Runner, each: WeightedQuery, side: _Side) -> set[str]:
    """Its runs of one part; returned are the names of the indexes that they used. Raises StatementFailed."""
    used: set[str] = set()
    for repeat in range(1 + RUNS):
        run = await runner.run(each.query)
        if run.milliseconds is None:
            side.times.clear()
            side.timed_out = True
            break
        side.forms.add(run.form)
        used |= run.used
        if repeat > 0:
            side.times.append(run.milliseconds)
    return used


def _timed(each: WeightedQuery, times: _Times, names: tuple[str, ...]) -> TimedQuery:
    before, after = times.before, times.after
    return TimedQuery(
        id=each.id,
        text=each.query.text,
        before_ms=tuple(before.times),
        after_ms=tuple(after.times),
        timed_out=before.timed_out or after.timed_out,
        same_plan=len(before.forms) == 1 and before.forms == after.forms,
        used=tuple(name for name in names if name in times.used),
    )
