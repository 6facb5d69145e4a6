"""`pgtend advise --execute`: build what was advised, really run the queries without and with it, and put everything back.

All queries run without the indexes, then with them, then without them once more in reverse order, so that what drifts meanwhile
shows on both sides. The first run of each query in each part only warms up. What was built is dropped before the third part, also
after Ctrl-C; with ``keep`` it stays where all went well, and the third part is left out.

On a standby nothing can be built: the queries run as they are, and there is nothing to compare. A writable server may be the one that an
application works on; nothing tells a copy from it, so that it takes a word of the person to use one.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgtend.commands.ctrl_c import Interruption
from pgtend.commands.progress import Tell
from pgtend.commands.trial_indexes import build_advised, drop_again, last_words
from pgtend.core.referential_checks import with_referential_checks
from pgtend.core.run_constants import runnable
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import ConnectionRefusedByTarget, PgtendError, StatementFailed
from pgtend.domain.recommendation import Action
from pgtend.domain.trial import LeftIndex, SkippedQuery, TimedQuery, Trial
from pgtend.domain.workload import WeightedQuery, Workload
from pgtend.pipeline.advising import Constants
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.secret import ConnectionTarget
from pgtend.postgres.trial import BuiltIndex, Runner, open_runner

RUNS = 3
"""Runs of each query in each part that count."""
_ASSUMED = (
    "Where pg_stat_statements has no constants the queries ran with values of pg_stats, once with such as find few rows and once with "
    "such as find many: what the application asks for may lie between, or elsewhere. --sample-constants takes those of real calls."
)
_STANDBY = "On a standby nothing can be built: the queries ran as they are, and there is nothing to compare."
_UNCHECKED = (
    "The looks for referencing rows that deletes and changes of keys bring about, for the sake of foreign keys, were not run: indexes "
    "that help these alone show no gain here."
)
_UNLIMITED = (
    "What the queries wrote to temporary files was not limited: the role may not set temp_file_limit, and the server has none "
    "(GRANT SET ON PARAMETER temp_file_limit, from PostgreSQL 15)."
)
_ENDING = (
    "Ending the trial and dropping what was built for it; press Ctrl-C again to end everything, and leave that there"
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
    """Run it, with ``constants`` in the place of parameters. What goes wrong is part of the answer: the advice is good without it.

    Ctrl-C ends the runs and the builds, and never the drops; a second one ends the process, saying what is left there.
    """
    limits, interruption = ConnectionLimits(), Interruption()
    given = runnable(workload.queries, catalog, constants.values, constants.sampled)
    functions = frozenset().union(*(each.query.functions for each in given))
    skipped: list[SkippedQuery] = []
    times: dict[str, _Times] = {}
    made: list[BuiltIndex] = []
    problems: list[str] = []
    notes: list[str] = []

    async def run(part: str, runner: Runner, queries: Sequence[WeightedQuery]) -> None:
        advised = {built.name: built.advised for built in made}
        for number, each in enumerate(queries, 1):
            mine = times[each.id]
            side = mine.after if made else mine.before
            if mine.problem or side.timed_out:
                continue  # whatever it did now could not be compared
            tell(f"Running {each.id} {part} the indexes, {number} of {len(queries)}")
            try:
                mine.used |= {advised[name] for name in await _run_one(runner, each, side) if name in advised}
            except StatementFailed as failure:
                mine.problem = str(failure)

    async def without_and_with() -> None:
        async with open_runner(target, limits, catalog, functions, options.seconds) as runner:
            if not runner.limited:
                notes.append(_UNLIMITED)
            for each in given:
                problem = runner.problem_of(each.query)
                if problem is None:
                    times[each.id] = _Times()
                else:
                    skipped.append(SkippedQuery(id=each.id, reason=problem))
            queries = [each for each in given if each.id in times]
            await run("without", runner, queries)
            if not standby:
                problems.extend(await build_advised(target, limits, changes, made, keep=options.keep, tell=tell))
                if made:
                    await run("with", runner, queries)

    async def again_without() -> None:
        async with open_runner(target, limits, catalog, functions, options.seconds) as runner:
            await run("again without", runner, [each for each in given[::-1] if each.id in times])

    async def unless_asked(work: Coroutine[Any, Any, None]) -> bool:
        """Whether it was done to the end."""
        try:
            await interruption.unless_asked(work)
        except (StatementFailed, ConnectionRefusedByTarget) as failure:
            problems.append(f"The trial ended early. {failure}")
            return False
        return not interruption.asked

    left: tuple[LeftIndex, ...] = ()
    complete = kept = False
    with interruption.heeded(tell, _ENDING, last_words=lambda: last_words(made)):
        try:
            complete = await unless_asked(without_and_with())
            kept = options.keep and complete
        finally:
            names = tuple(built.advised for built in made)
            # Whatever happened, and outside of what Ctrl-C ends.
            if not kept:
                left = await drop_again(target, limits, made, tell)
        if complete and names and not kept and not left:
            complete = await unless_asked(again_without())
    compared = [each for each in given if each.id in times and not times[each.id].problem]
    skipped += [SkippedQuery(id=id_, reason=mine.problem) for id_, mine in times.items() if mine.problem]
    return Trial(
        queries=tuple(_timed(each, times[each.id], names) for each in compared),
        skipped=tuple(skipped),
        built=names,
        kept=kept and bool(names),
        left=left,
        problems=tuple(problems),
        interrupted=interruption.asked,
        complete=complete,
        notes=(*_notes(given, changes, workload, catalog, standby=standby, built=bool(names)), *notes),
    )


def _notes(
    given: Sequence[WeightedQuery],
    changes: Sequence[AdvisedChange],
    workload: Workload,
    catalog: Catalog,
    *,
    standby: bool,
    built: bool,
) -> Iterator[str]:
    if any(each.query.assumed for each in given):
        yield _ASSUMED
    if standby:
        yield _STANDBY
    elif not built:
        yield "Nothing was built, so that there is nothing to compare."
    if any(change.action is Action.DROP for change in changes):
        yield "Drops are not tried: what is advised to be dropped was there in all runs."
    if len(with_referential_checks(workload, catalog).queries) > len(workload.queries):
        yield _UNCHECKED


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
