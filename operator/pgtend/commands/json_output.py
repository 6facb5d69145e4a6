"""Advice as programs take it: the models from which both the output and its JSON Schema come."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from pgtend.commands.answer import Answer, bytes_created, bytes_dropped, text_of
from pgtend.commands.json_changes import Drop, NewIndex, drop, new_index
from pgtend.commands.json_measured import Measured, measured
from pgtend.commands.json_part import Cost, Part
from pgtend.core.statement import shorten
from pgtend.domain.advice import Advice
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Coverage, OtherStatements

JSON_FORM: Literal[1] = 1
"""Version of the JSON form: fields may be added to it, and none is taken away or changes its meaning."""


class Storage(Part):
    """What the advice does to the storage: estimated bytes."""

    created: Annotated[int, Field(description="Of the new indexes: so much more is needed until anything is dropped.")]
    dropped: Annotated[int, Field(description="Of the dropped ones.")]
    net: Annotated[int, Field(description="Created less dropped, which is what --storage-budget limits.")]


class SpentOnPlanning(Part):
    """What planning cost the server."""

    explains: int
    seconds: Annotated[float, Field(description="Summed over the sessions.")]
    sessions: Annotated[int, Field(description="How many planned side by side at most; 0 without HypoPG.")]


class LeftOut(Part):
    """A statement that got no advice."""

    id: str
    text: Annotated[
        str,
        Field(
            description="Of a statement that was counted, where it is understood; without constants, at most 200 characters."
        ),
    ]
    reason: str
    share: Annotated[float, Field(description="Of the load, 0 to 1.")]


class Others(Part):
    """Statements that were counted and that no index could help: utility statements, queries of the system catalogs."""

    statements: int
    kinds: Annotated[list[str], Field(description="What they are, those that took most time first.")]
    share: Annotated[float, Field(description="Of all the time that was counted, 0 to 1.")]


class PlannedPart(Part):
    """How far a workload of very many statements was planned; shares are of the load, 0 to 1."""

    planned: Annotated[int, Field(description="Statements that were planned one by one, the heaviest.")]
    similar: Annotated[
        int, Field(description="Statements that count with a planned one that names nearly the same columns.")
    ]
    unlike: Annotated[int, Field(description="Statements that are like none of those, and got no advice.")]
    similar_share: float
    unlike_share: float
    unreached: Annotated[
        int, Field(description="Statements that were to be planned, too, and that the time was over for.")
    ]


class ServerWarning(Part):
    """Something that is missing on the server, or should be known of what it has counted."""

    reason: Annotated[str, Field(description="In one word, for programs: HypoPGMissing, StatisticsYoung, …")]
    message: Annotated[str, Field(description="What is wrong and what to do.")]


class AdviceDocument(Part):
    """What `pgtend advise --output json` prints. Costs are the planner's units."""

    form: Annotated[Literal[1], Field(description="Version of this form.")]
    database: str
    indexes: Annotated[list[NewIndex], Field(description="Indexes to create, most useful first.")]
    drops: Annotated[
        list[Drop], Field(description="Indexes that others make needless, in an order in which they can be dropped.")
    ]
    cost: Annotated[Cost, Field(description="Of the whole workload, as it is and with all changes.")]
    storage: Storage
    gap: Annotated[
        float | None,
        Field(
            description="Share of cost and upkeep by which another set of the candidates may be better at most, scans of whole indexes that "
            "were thought of for other queries left out of account; null: not known."
        ),
    ]
    spent: SpentOnPlanning
    statements: Annotated[int, Field(description="How many were looked at.")]
    hours: Annotated[
        float | None,
        Field(description="Over how many hours they were counted; null for files, and where it is not known."),
    ]
    left_out: list[LeftOut]
    others: Others
    warnings: list[ServerWarning]
    measured: Annotated[Measured | None, Field(description="With --execute, else null.")]
    notes: Annotated[list[str], Field(description="What else there is to know.")]
    coverage: Annotated[
        PlannedPart | None, Field(description="Where there were too many statements to plan each; null where all were.")
    ]
    complete: Annotated[bool, Field(description="False when --max-seconds or Ctrl-C ended the search early.")]


def render_json(answer: Answer, *, ascii_only: bool = False) -> str:
    """One object in the form of ``AdviceDocument``."""
    content = _document(answer).model_dump(mode="json", by_alias=True)
    return json.dumps(content, indent=2, ensure_ascii=ascii_only)


def json_schema() -> str:
    """The JSON Schema of what is printed."""
    return json.dumps(AdviceDocument.model_json_schema(mode="serialization"), indent=2) + "\n"


def _document(answer: Answer) -> AdviceDocument:
    advice = answer.advice
    return AdviceDocument(
        form=JSON_FORM,
        database=answer.database,
        indexes=[new_index(change) for change in advice.changes if change.action is Action.CREATE],
        drops=[drop(change) for change in advice.changes if change.action is Action.DROP],
        cost=Cost(before=advice.cost_before, after=advice.cost_after),
        storage=_storage(advice),
        gap=advice.gap,
        spent=SpentOnPlanning(
            explains=answer.spent.explains,
            seconds=round(answer.spent.seconds, 3),
            sessions=answer.spent.sessions,
        ),
        statements=len(answer.workload.queries),
        hours=None if answer.workload.hours is None else round(answer.workload.hours, 4),
        left_out=[
            LeftOut(id=each.id, text=shorten(text_of(answer, each.id)), reason=each.reason, share=each.share)
            for each in advice.left_out
        ],
        others=_others(answer.workload.others),
        warnings=[ServerWarning(reason=each.reason, message=each.message) for each in answer.warnings],
        measured=None if answer.trial is None else measured(answer.trial, answer),
        notes=list(advice.notes),
        coverage=_coverage(advice.coverage),
        complete=advice.complete,
    )


def _storage(advice: Advice) -> Storage:
    created, dropped = bytes_created(advice), bytes_dropped(advice)
    return Storage(created=created, dropped=dropped, net=created - dropped)


def _coverage(coverage: Coverage | None) -> PlannedPart | None:
    return None if coverage is None else PlannedPart(**asdict(coverage))


def _others(others: OtherStatements) -> Others:
    return Others(statements=others.statements, kinds=list(others.kinds), share=others.share)
