"""Statuses of every shape, for laws about their conversion."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.index import (
    AccessMethod,
    Argument,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    Expression,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    OperatorCall,
    SortOrder,
    TypeCast,
)
from pgtend.domain.policy import Aggressiveness, Mode
from pgtend.domain.policy_status import Effective, PolicyStatus, RecommendationSummary
from pgtend.domain.recommendation import (
    Action,
    Alternative,
    ApprovalRecord,
    ApprovalState,
    Bounds,
    Condition,
    ConditionStatus,
    Evidence,
    HelpedQuery,
    Intent,
    IntentKind,
    Proposal,
    RecommendationStatus,
    Risk,
    Transition,
)
from pgtend.domain.verification import (
    ControlStatement,
    Judgement,
    Measurement,
    SeriesSummary,
    StatementEffect,
    TreatedRole,
    TreatedStatement,
    Verdict,
)
from pgtend.domain.workload import Load

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
names = st.text(characters, min_size=1, max_size=63)
texts = st.text(characters, max_size=80)
longer = st.text(characters, max_size=2500)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(min_value=0, max_value=2**63 - 1)
times = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def some(kind: type[StrEnum]) -> Any:
    """Any member."""
    return st.sampled_from(kind)


def several(element: Any, most: int = 3) -> Any:
    """A short tuple."""
    return st.lists(element, max_size=most).map(tuple)


constants = st.builds(Constant, type=names, value=texts)


def calls_of(arguments: st.SearchStrategy[Argument]) -> st.SearchStrategy[Expression]:
    """Calls of each kind over these arguments."""
    return (
        st.builds(FunctionCall, function=names, arguments=several(arguments, 2))
        | st.builds(OperatorCall, operator=st.sampled_from(["->", "->>"]), arguments=st.tuples(arguments, arguments))
        | st.builds(TypeCast, cast_to=names, arguments=st.tuples(arguments))
    )


leaves = st.builds(ColumnArgument, column=names) | constants
calls = calls_of(leaves | calls_of(leaves | calls_of(leaves)))
keys = st.builds(
    IndexColumn,
    column=names,
    order=some(SortOrder),
    nulls=st.none() | some(NullsOrder),
    opclass=st.none() | names,
    collation=st.none() | names,
) | st.builds(IndexColumn, column=st.none(), expression=calls, order=some(SortOrder))
indexes = st.builds(
    Index,
    schema=names,
    table=names,
    columns=several(keys),
    method=some(AccessMethod),
    include=several(names),
    predicate=several(
        st.builds(Comparison, column=names, operator=some(ComparisonOperator), constant=st.none() | constants)
    ),
    unique=st.booleans(),
    name=st.none() | names,
)
identities = st.builds(
    DatabaseIdentity,
    system_identifier=texts,
    oid=st.integers(1, 2**32 - 1),
    name=names,
    server_version=st.integers(140000, 200000),
    standby=st.booleans(),
)


def statuses(text: Any = texts) -> Any:
    """Statuses of recommendations with free texts of this kind."""
    loads = st.builds(Load, calls=counts, total_ms=numbers, rows=counts, blocks_hit=counts, blocks_read=counts)
    series = st.builds(
        SeriesSummary,
        n=counts,
        total=numbers,
        squares=numbers,
        lagged=numbers,
        first=st.none() | numbers,
        last=st.none() | numbers,
    )
    treated = st.builds(
        TreatedStatement,
        fingerprint=texts,
        role=some(TreatedRole),
        weight=numbers,
        before=series,
        after=series,
        load_before=loads,
        load_after=loads,
    )
    queries = st.builds(
        HelpedQuery,
        fingerprint=texts,
        text=text,
        calls_per_hour=numbers,
        mean_ms=numbers,
        cost_before=numbers,
        cost_after=numbers,
        plan_change=text,
    )
    evidence = st.builds(
        Evidence,
        validated=st.booleans(),
        cost_before=st.floats(0, 1e12),
        cost_after=st.floats(0, 1e12),
        saved_seconds_per_hour=numbers,
        size_bytes=counts,
        write_cost=numbers,
        queries=several(queries),
        more_queries=counts,
        reason=text,
        risk=some(Risk),
        risk_reason=text,
        priority=numbers,
        alternatives=st.lists(st.builds(Alternative, keys=text, cost_after=numbers, size_bytes=counts), max_size=3).map(
            tuple
        ),
        makes_redundant=st.lists(names, max_size=10).map(tuple),
    )
    effects = st.builds(
        StatementEffect,
        fingerprint=texts,
        role=some(TreatedRole),
        before_ms=numbers,
        after_ms=numbers,
        percent=numbers,
        p_value=numbers,
        slices_before=counts,
        slices_after=counts,
    )
    conditions = st.builds(
        Condition,
        type=texts,
        status=some(ConditionStatus),
        reason=texts,
        message=text,
        since=times,
        observed_generation=counts,
    )
    return st.builds(
        RecommendationStatus,
        proposal=st.none()
        | st.builds(
            Proposal,
            action=some(Action),
            index=indexes,
            hash=st.text("0123456789abcdef", min_size=64, max_size=64),
            database=identities,
            bounds=st.builds(Bounds, size_bytes=counts, write_cost=numbers),
        ),
        approval=st.none()
        | st.builds(
            ApprovalRecord,
            state=some(ApprovalState),
            by=texts,
            at=st.none() | times,
            comment=text,
            consumed=st.booleans(),
        ),
        evidence=st.none() | evidence,
        intent=st.none() | st.builds(Intent, kind=some(IntentKind), index_name=names, definition=text, at=times),
        index_name=st.just("") | names,
        applied_at=st.none() | times,
        measurement=st.none()
        | st.builds(
            Measurement,
            slice_seconds=numbers,
            before_from=times,
            before_to=times,
            treated=several(treated),
            controls=several(st.builds(ControlStatement, fingerprint=texts, weight=numbers, level=numbers)),
            since=st.none() | times,
            until=st.none() | times,
            restarts=counts,
            restart_reason=text,
        ),
        judgement=st.none()
        | st.builds(
            Judgement,
            verdict=some(Verdict),
            message=text,
            effects=several(effects),
            percent=st.none() | numbers,
        ),
        conditions=several(conditions),
        transitions=several(
            st.builds(Transition, at=times, type=texts, status=some(ConditionStatus), reason=texts, message=text), 25
        ),
        phase=texts,
    )


policy_statuses = st.builds(
    PolicyStatus,
    observed_generation=counts,
    effective=st.builds(Effective, mode=some(Mode), aggressiveness=some(Aggressiveness), because=texts),
    database=texts,
    statements=counts,
    unplannable_share=numbers,
    open_recommendations=counts,
    next_advice=st.none() | times,
    recommendations=several(
        st.builds(RecommendationSummary, name=texts, action=texts, table=texts, benefit_percent=numbers, phase=texts)
    ),
    message=texts,
)
