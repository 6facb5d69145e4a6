"""`pgtend advise --execute`: build what was advised, really run the queries without and with it, and put everything back.

All queries run without the indexes, then with them, then without them once more in reverse order, so that what drifts meanwhile
shows on both sides. The first run of each query in each part only warms up. What was built is dropped before the third part, also
after Ctrl-C; with ``keep`` it stays where all went well, and the third part is left out.

On a standby nothing can be built: the queries run as they are, and there is nothing to compare. A writable server may be the one that an
application works on; nothing tells a copy from it, so that it takes a word of the person to use one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pgtend.commands.answer import name_of
from pgtend.commands.ctrl_c import Interruption
from pgtend.commands.progress import Tell
from pgtend.commands.trial_course import Course
from pgtend.commands.trial_indexes import drop_again, last_words
from pgtend.core.referential_checks import with_referential_checks
from pgtend.core.run_constants import runnable
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import PgtendError
from pgtend.domain.recommendation import Action
from pgtend.domain.trial import LeftIndex, Trial
from pgtend.domain.workload import WeightedQuery, Workload
from pgtend.pipeline.advising import Constants
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.secret import ConnectionTarget

_ASSUMED = (
    "Where pg_stat_statements has no constants the queries ran with values of pg_stats, once with such as find few rows and once with "
    "such as find many: what the application asks for may lie between, or elsewhere. --sample-constants takes those of real calls."
)
_STANDBY = "On a standby nothing can be built: the queries ran as they are, and there is nothing to compare."
_UNCHECKED = (
    "The looks for referencing rows that deletes and changes of keys bring about, for the sake of foreign keys, were not run: indexes "
    "that help these alone show no gain here."
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
    course = Course(
        target=target,
        limits=ConnectionLimits(),
        catalog=catalog,
        queries=runnable(workload.queries, catalog, constants.values, constants.sampled),
        seconds=options.seconds,
        tell=tell,
    )
    interruption, made = Interruption(), course.made
    left: tuple[LeftIndex, ...] = ()
    complete = kept = False
    with interruption.heeded(tell, _ENDING, last_words=lambda: last_words(made)):
        try:
            first = course.run_without_and_with(None if standby else changes, keep=options.keep)
            complete = await course.finish(first, interruption)
            kept = options.keep and complete
        finally:
            names = tuple(built.advised for built in made)
            # Whatever happened, and outside of what Ctrl-C ends.
            if not kept:
                left = await drop_again(target, course.limits, made, tell)
        if complete and names and not kept and not left:
            complete = await course.finish(course.run_again_without(), interruption)
    notes = notes_on(course.queries, changes, workload, catalog, standby=standby, built=bool(names))
    return Trial(
        queries=course.timed(names),
        skipped=course.all_skipped(),
        built=names,
        kept=kept and bool(names),
        left=left,
        problems=tuple(course.problems),
        interrupted=interruption.asked,
        complete=complete,
        notes=(*notes, *course.notes),
    )


def notes_on(
    given: Sequence[WeightedQuery],
    changes: Sequence[AdvisedChange],
    workload: Workload,
    catalog: Catalog,
    *,
    standby: bool,
    built: bool,
) -> Iterator[str]:
    """What to know of the runs besides their times."""
    if any(each.query.assumed for each in given):
        yield _ASSUMED
    if standby:
        yield _STANDBY
    elif not built:
        yield "Nothing was built, so that there is nothing to compare."
    if any(change.action is Action.DROP for change in changes):
        yield "Drops are not tried: what is advised to be dropped was there in all runs."
    own = {each.id for each in workload.queries}
    checks = {each.query.text for each in with_referential_checks(workload, catalog).queries if each.id not in own}
    if checks:
        yield _UNCHECKED + _helping(checks, changes)


def _helping(checks: Collection[str], changes: Sequence[AdvisedChange]) -> str:
    """Which of the advised indexes help these, by what is told of each."""
    names = [
        name_of(change)
        for change in changes
        if change.action is Action.CREATE and any(query.text in checks for query in change.evidence.queries)
    ]
    return f" Advised for such looks: {', '.join(names)}." if names else ""
