"""What ``--execute`` measured, as programs take it."""

from __future__ import annotations

from statistics import median
from typing import Annotated

from pydantic import Field

from pgtend.commands.answer import Answer, text_of
from pgtend.commands.json_part import Part
from pgtend.core.statement import shorten
from pgtend.core.trial import change_of, ratio_of
from pgtend.domain.trial import Change, Trial


class MeasuredQuery(Part):
    """A query that was really run. Times are medians."""

    id: str
    text: Annotated[
        str, Field(description="Of a statement that was counted, without constants, at most 200 characters.")
    ]
    before_ms: Annotated[float | None, Field(description="Without the indexes; null where the time limit ended it.")]
    after_ms: Annotated[float | None, Field(description="With them; null where they were not built, or as above.")]
    ratio: Annotated[float | None, Field(description="Time with by time without.")]
    change: Annotated[
        Change,
        Field(
            description=(
                "Faster, Slower, Same (within the spread of the runs), SamePlan (whatever the times), TimedOut, or NotCompared (run on "
                "one side alone)."
            )
        ),
    ]
    used: Annotated[list[str], Field(description="The advised indexes that its plan really used, by name.")]


class NotRun(Part):
    """A query that was not run."""

    id: str
    text: Annotated[
        str, Field(description="Of a statement that was counted, without constants, at most 200 characters.")
    ]
    reason: str


class Left(Part):
    """An index that was built for the trial and is still there."""

    name: Annotated[str, Field(description="With its schema, as SQL has it.")]
    reason: str
    statement: Annotated[str, Field(description="What removes it.")]


class Measured(Part):
    """What --execute measured."""

    queries: list[MeasuredQuery]
    skipped: list[NotRun]
    built: Annotated[list[str], Field(description="Indexes that were built for it, by name.")]
    kept: Annotated[bool, Field(description="Whether they were left there, as was asked for.")]
    left: Annotated[
        list[Left], Field(description="Those that could not be dropped again, though they should have been.")
    ]
    problems: Annotated[list[str], Field(description="What could not be built, or what ended the trial early.")]
    complete: Annotated[bool, Field(description="False when Ctrl-C or a failure ended the trial early.")]
    notes: list[str]


def measured(trial: Trial, answer: Answer) -> Measured:
    """Of a trial on the workload of this answer."""
    return Measured(
        queries=[
            MeasuredQuery(
                id=query.id,
                text=shorten(text_of(answer, query.id)),
                before_ms=median(query.before_ms) if query.before_ms else None,
                after_ms=median(query.after_ms) if query.after_ms else None,
                ratio=ratio_of(query),
                change=change_of(query),
                used=list(query.used),
            )
            for query in trial.queries
        ],
        skipped=[
            NotRun(id=each.id, text=shorten(text_of(answer, each.id)), reason=each.reason) for each in trial.skipped
        ],
        built=list(trial.built),
        kept=trial.kept,
        left=[Left(name=each.name, reason=each.reason, statement=each.statement) for each in trial.left],
        problems=list(trial.problems),
        complete=trial.complete,
        notes=list(trial.notes),
    )
