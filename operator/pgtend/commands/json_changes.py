"""Advised changes as programs take them: indexes to create and to drop."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pgtend.commands.answer import created_name, name_of, statement_of
from pgtend.commands.json_part import Cost, Part
from pgtend.core.statement import shorten
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.recommendation import HelpedQuery, Risk
from pgtend.postgres.ddl import describe_key


class Query(Part):
    """A query that an index helps."""

    fingerprint: str
    text: Annotated[str, Field(description="Without constants, at most 200 characters.")]
    calls_per_hour: Annotated[float, Field(description="For a workload from files: its weight.")]
    mean_ms: float
    cost: Annotated[Cost, Field(description="Of one call, with all that is advised but this index, and with all.")]
    plan_change: Annotated[str, Field(description="How the plan changes, in one line; empty where that is not known.")]


class Alternative(Part):
    """Another index for the same queries that was not chosen."""

    keys: str
    size_bytes: int
    cost_after: Annotated[float, Field(description="Cost of the helped queries with it in place of the advised one.")]


class NewIndex(Part):
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


class Drop(Part):
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


def new_index(change: AdvisedChange) -> NewIndex:
    """Of a Create."""
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


def _query(query: HelpedQuery) -> Query:
    return Query(
        fingerprint=query.fingerprint,
        text=shorten(query.text),
        calls_per_hour=query.calls_per_hour,
        mean_ms=query.mean_ms,
        cost=Cost(before=query.cost_before, after=query.cost_after),
        plan_change=query.plan_change,
    )


def drop(change: AdvisedChange) -> Drop:
    """Of a Drop."""
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
