"""Advice as programs take it: the models from which both the output and its JSON Schema come."""

from __future__ import annotations

import json
from dataclasses import asdict
from statistics import median
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from pgtend.commands.answer import Answer, created_name, name_of, statement_of, text_of
from pgtend.core.statement import shorten
from pgtend.core.trial import change_of, ratio_of
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.recommendation import Action, HelpedQuery, Risk
from pgtend.domain.trial import Change, Trial
from pgtend.domain.workload import Coverage, OtherStatements
from pgtend.postgres.ddl import describe_key

JSON_FORM: Literal[1] = 1
"""Version of the JSON form: fields may be added to it, and none is taken away or changes its meaning."""


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid")


class Cost(_Part):
    """Planner's cost as things are, and with the change."""

    before: float
    after: float


class Query(_Part):
    """A query that an index helps."""

    fingerprint: str
    text: Annotated[str, Field(description="Without constants, at most 200 characters.")]
    calls_per_hour: Annotated[float, Field(description="For a workload from files: its weight.")]
    mean_ms: float
    cost: Annotated[Cost, Field(description="Of one call, with all that is advised but this index, and with all.")]
    plan_change: Annotated[str, Field(description="How the plan changes, in one line; empty where that is not known.")]


class Alternative(_Part):
    """Another index for the same queries that was not chosen."""

    keys: str
    size_bytes: int
    cost_after: Annotated[float, Field(description="Cost of the helped queries with it in place of the advised one.")]


class NewIndex(_Part):
    """An index to create."""

    name: str
    definition: Annotated[str, Field(description="A CREATE INDEX statement, which holds writers up while it builds.")]
    concurrently: Annotated[
        str, Field(description="The same with CONCURRENTLY: for a server in use, outside a transaction.")
    ]
    schema_: Annotated[str, Field(alias="schema")]
    table: str
    method: Annotated[str, Field(description="The access method.")]
    columns: Annotated[list[str], Field(description="The keys in order: columns by name, expressions as SQL.")]
    include: Annotated[list[str], Field(description="Columns that are stored beside the keys.")]
    size_bytes: int
    validated: Annotated[bool, Field(description="Whether the planner itself chose it in a hypothetical plan.")]
    cost: Annotated[
        Cost,
        Field(
            description=(
                "Of the queries that it helps, an hour (of a run of the workload, when it came from files), with all that is "
                "advised but this index, and with all."
            )
        ),
    ]
    saved_seconds_per_hour: Annotated[
        float,
        Field(
            description="Observed time of these queries times the share of their cost that this index saves beside the others; 0 for files."
        ),
    ]
    write_cost: Annotated[float, Field(description="What keeping it up to date costs, an hour.")]
    priority: Annotated[
        float, Field(description="Seconds an hour saved net of upkeep; for files, the planner's cost of a run saved.")
    ]
    risk: Annotated[Risk, Field(description="How likely it is that something gets slower.")]
    risk_reason: Annotated[str, Field(description="Why the risk is not lower; empty where it is Low.")]
    reason: Annotated[str, Field(description="The case for it in a sentence.")]
    queries: Annotated[list[Query], Field(description="At most 20, those that gain most first.")]
    queries_helped: Annotated[int, Field(description="How many it helps, those that are not listed included.")]
    alternatives: Annotated[list[Alternative], Field(description="At most 3, the best first.")]
    makes_redundant: Annotated[list[str], Field(description="Existing indexes that it could replace, by name.")]


class Drop(_Part):
    """An index to drop."""

    name: str
    statement: Annotated[
        str, Field(description="A DROP INDEX statement, which waits for and holds up all use of the table.")
    ]
    concurrently: Annotated[
        str, Field(description="The same with CONCURRENTLY: for a server in use, outside a transaction.")
    ]
    schema_: Annotated[str, Field(alias="schema")]
    table: str
    size_bytes: int
    reason: str
    after: Annotated[
        str | None,
        Field(description="The advised index, by name, that must be there and valid before; null where it needs none."),
    ]
    upkeep_saved: Annotated[
        float, Field(description="What keeping it up to date costs, an hour (a run of the workload from files).")
    ]


class MeasuredQuery(_Part):
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


class NotRun(_Part):
    """A query that was not run."""

    id: str
    text: Annotated[
        str, Field(description="Of a statement that was counted, without constants, at most 200 characters.")
    ]
    reason: str


class Left(_Part):
    """An index that was built for the trial and is still there."""

    name: Annotated[str, Field(description="With its schema, as SQL has it.")]
    reason: str
    statement: Annotated[str, Field(description="What removes it.")]


class Measured(_Part):
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


class SpentOnPlanning(_Part):
    """What planning cost the server."""

    explains: int
    seconds: Annotated[float, Field(description="Summed over the sessions.")]
    sessions: Annotated[int, Field(description="How many planned side by side at most; 0 without HypoPG.")]


class LeftOut(_Part):
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


class Others(_Part):
    """Statements that were counted and that no index could help: utility statements, queries of the system catalogs."""

    statements: int
    kinds: Annotated[list[str], Field(description="What they are, those that took most time first.")]
    share: Annotated[float, Field(description="Of all the time that was counted, 0 to 1.")]


class PlannedPart(_Part):
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


class ServerWarning(_Part):
    """Something that is missing on the server, or should be known of what it has counted."""

    reason: Annotated[str, Field(description="In one word, for programs: HypoPGMissing, StatisticsYoung, …")]
    message: Annotated[str, Field(description="What is wrong and what to do.")]


class AdviceDocument(_Part):
    """What `pgtend advise --output json` prints. Costs are the planner's units."""

    form: Annotated[Literal[1], Field(description="Version of this form.")]
    database: str
    indexes: Annotated[list[NewIndex], Field(description="Indexes to create, most useful first.")]
    drops: Annotated[
        list[Drop], Field(description="Indexes that others make needless, in an order in which they can be dropped.")
    ]
    cost: Annotated[Cost, Field(description="Of the whole workload, as it is and with all changes.")]
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
        indexes=[_new_index(change) for change in advice.changes if change.action is Action.CREATE],
        drops=[_drop(change) for change in advice.changes if change.action is Action.DROP],
        cost=Cost(before=advice.cost_before, after=advice.cost_after),
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
        measured=None if answer.trial is None else _measured(answer.trial, answer),
        notes=list(advice.notes),
        coverage=_coverage(advice.coverage),
        complete=advice.complete,
    )


def _coverage(coverage: Coverage | None) -> PlannedPart | None:
    return None if coverage is None else PlannedPart(**asdict(coverage))


def _new_index(change: AdvisedChange) -> NewIndex:
    index, evidence = change.index, change.evidence
    return NewIndex(
        name=name_of(change),
        definition=statement_of(change, concurrently=False),
        concurrently=statement_of(change, concurrently=True),
        schema_=index.schema,
        table=index.table,
        method=index.method.value,
        columns=[key.column or describe_key(key) for key in index.columns],
        include=list(index.include),
        size_bytes=evidence.size_bytes,
        validated=evidence.validated,
        cost=Cost(before=evidence.cost_before, after=evidence.cost_after),
        saved_seconds_per_hour=evidence.saved_seconds_per_hour,
        write_cost=evidence.write_cost,
        priority=evidence.priority,
        risk=evidence.risk,
        risk_reason=evidence.risk_reason,
        reason=evidence.reason,
        queries=[_query(query) for query in evidence.queries],
        queries_helped=len(evidence.queries) + evidence.more_queries,
        alternatives=[
            Alternative(keys=each.keys, size_bytes=each.size_bytes, cost_after=each.cost_after)
            for each in evidence.alternatives
        ],
        makes_redundant=list(evidence.makes_redundant),
    )


def _others(others: OtherStatements) -> Others:
    return Others(statements=others.statements, kinds=list(others.kinds), share=others.share)


def _query(query: HelpedQuery) -> Query:
    return Query(
        fingerprint=query.fingerprint,
        text=shorten(query.text),
        calls_per_hour=query.calls_per_hour,
        mean_ms=query.mean_ms,
        cost=Cost(before=query.cost_before, after=query.cost_after),
        plan_change=query.plan_change,
    )


def _drop(change: AdvisedChange) -> Drop:
    return Drop(
        name=name_of(change),
        statement=statement_of(change, concurrently=False),
        concurrently=statement_of(change, concurrently=True),
        schema_=change.index.schema,
        table=change.index.table,
        size_bytes=change.evidence.size_bytes,
        reason=change.evidence.reason,
        upkeep_saved=-change.evidence.write_cost or 0.0,
        after=None if change.after is None else created_name(change.after),
    )


def _measured(trial: Trial, answer: Answer) -> Measured:
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
