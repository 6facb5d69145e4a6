"""`pgtend advise --execute`: build what was advised, really run the queries without and with it, and put everything back.

All queries run without the indexes, then with them, then without them once more in reverse order, so that what drifts meanwhile
shows on both sides. The first run of each query in each part only warms up. What was built is dropped at the end, also after
Ctrl-C; with ``keep`` it stays, and the third part is left out.

On a standby nothing can be built: the queries run as they are, and there is nothing to compare. A writable server may be the one that an
application works on; nothing tells a copy from it, so that it takes a word of the person to use one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pgtend.commands.answer import name_of
from pgtend.commands.progress import Tell
from pgtend.core.run_constants import runnable
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import PgtendError, StatementFailed
from pgtend.domain.recommendation import Action
from pgtend.domain.trial import SkippedQuery, TimedQuery, Trial
from pgtend.domain.workload import WeightedQuery, Workload
from pgtend.pipeline.advising import Constants
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.trial import Runner, build_index, drop_built, open_runner

RUNS = 3
"""Runs of each query in each part that count."""


_ASSUMED = (
    "Where pg_stat_statements has no constants the queries ran with values of pg_stats, once with such as find few rows and once with "
    "such as find many: what the application asks for may lie between, or elsewhere. --sample-constants takes those of real calls."
)


class PrimaryRefused(PgtendError):
    """A writable server, and nobody said that it may be used."""


@dataclass(frozen=True, kw_only=True)
class TrialOptions:
    """What the command line asks for."""

    seconds: float = 60.0
    """Time limit of one run."""
    keep: bool = False
    on_primary: bool = False
    """Whether the person said that a writable server may be built on and loaded."""


@dataclass(kw_only=True)
class _Times:
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    problem: str = ""


def refuse_primary(*, standby: bool, options: TrialOptions) -> None:
    """Raise PrimaryRefused where the server is writable and nobody said that it may be used."""
    if standby or options.on_primary:
        return
    raise PrimaryRefused(
        "This server is writable, so it may be the primary: --execute builds indexes, which holds writers up, and loads it with "
        "queries. Use a copy of it (a restored backup, a clone) and say so with --yes-on-primary."
    )


async def run_trial(
    target: ConnectionTarget,
    catalog: Catalog,
    workload: Workload,
    changes: Sequence[AdvisedChange],
    options: TrialOptions,
    *,
    constants: Constants,
    standby: bool,
    tell: Tell,
) -> Trial:
    """Run it, with ``constants`` in the place of parameters. Raises ConnectionRefusedByTarget, and StatementFailed where an index cannot be built."""
    limits = ConnectionLimits()
    given = runnable(workload.queries, catalog, constants.values, constants.sampled)
    functions = frozenset().union(*(each.query.functions for each in given))
    notes: list[str] = []
    if any(each.query.assumed for each in given):
        notes.append(_ASSUMED)
    async with open_runner(target, limits, catalog, functions, options.seconds) as runner:
        problems = {each.id: runner.problem_of(each.query) for each in given}
        queries = [each for each in given if problems[each.id] is None]
        skipped = [SkippedQuery(id=id_, reason=problem) for id_, problem in problems.items() if problem is not None]
        times = {each.id: _Times() for each in queries}
        await _run_all(runner, queries, times, tell, "without", with_indexes=False)
        names: tuple[str, ...] = ()
        if standby:
            notes.append(
                "On a standby nothing can be built: the queries ran as they are, and there is nothing to compare."
            )
        else:
            async with _built(target, limits, catalog, changes, options, tell) as names:
                await _run_all(runner, queries, times, tell, "with", with_indexes=True)
            if not options.keep:
                await _run_all(runner, queries[::-1], times, tell, "again without", with_indexes=False)
    skipped += [SkippedQuery(id=each.id, reason=times[each.id].problem) for each in queries if times[each.id].problem]
    return Trial(
        queries=tuple(_timed(each, times[each.id], names) for each in queries if not times[each.id].problem),
        skipped=tuple(skipped),
        built=names,
        kept=options.keep and bool(names),
        notes=tuple(notes),
    )


@asynccontextmanager
async def _built(
    target: ConnectionTarget,
    limits: ConnectionLimits,
    catalog: Catalog,
    changes: Sequence[AdvisedChange],
    options: TrialOptions,
    tell: Tell,
) -> AsyncIterator[tuple[str, ...]]:
    """Build what is advised; drop it at the end, whatever happens, but where it is to be kept and all went well."""
    there = {(index.table.schema, index.name) for index in catalog.indexes}
    made: list[tuple[str, str]] = []
    keep = False
    try:
        for change in changes:
            name = name_of(change)
            if change.action is not Action.CREATE or (change.index.schema, name) in there:
                continue
            tell(f"Building {name}")
            made.append((change.index.schema, name))
            await build_index(target, limits, change.index, name)
        yield tuple(name for _, name in made)
        keep = options.keep
    finally:
        if not keep:
            for schema, name in reversed(made):
                tell(f"Dropping {name}")
                await drop_built(target, limits, schema, name)


async def _run_all(
    runner: Runner,
    queries: Sequence[WeightedQuery],
    times: dict[str, _Times],
    tell: Tell,
    part: str,
    *,
    with_indexes: bool,
) -> None:
    for number, each in enumerate(queries, 1):
        tell(f"Running {each.id} {part} the indexes, {number} of {len(queries)}")
        mine = times[each.id]
        try:
            for repeat in range(1 + RUNS):
                run = await runner.run(each.query)
                if run.milliseconds is None:
                    # One run beyond the limit is enough: there is nothing to compare.
                    (mine.after if with_indexes else mine.before).clear()
                    break
                if repeat > 0:
                    (mine.after if with_indexes else mine.before).append(run.milliseconds)
                if with_indexes:
                    mine.used |= run.used
        except StatementFailed as failure:
            mine.problem = str(failure)


def _timed(each: WeightedQuery, times: _Times, names: tuple[str, ...]) -> TimedQuery:
    return TimedQuery(
        id=each.id,
        text=each.query.text,
        before_ms=tuple(times.before),
        after_ms=tuple(times.after),
        used=tuple(name for name in names if name in times.used),
    )
