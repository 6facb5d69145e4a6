"""A status of each kind as the operator would write it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.index import ColumnArgument, FunctionCall, Index, IndexColumn, SortOrder
from pgtend.domain.policy import Aggressiveness, Mode
from pgtend.domain.policy_status import Effective, PolicyStatus
from pgtend.domain.recommendation import (
    Action,
    Bounds,
    Condition,
    ConditionStatus,
    Evidence,
    HelpedQuery,
    Proposal,
    RecommendationStatus,
    Transition,
)

NOW = datetime(2026, 11, 23, 14, 15, 1, 250000, tzinfo=UTC)


def condition(kind: str, status: ConditionStatus, reason: str, message: str = "A sentence.") -> Condition:
    """A condition that has just come about."""
    return Condition(type=kind, status=status, reason=reason, message=message, since=NOW, observed_generation=1)


PROPOSED = RecommendationStatus(
    proposal=Proposal(
        action=Action.CREATE,
        index=Index(
            schema="public",
            table="payments",
            columns=(
                IndexColumn(column="booking_id"),
                IndexColumn(expression=FunctionCall(function="lower", arguments=(ColumnArgument(column="payer"),))),
                IndexColumn(column="due_at", order=SortOrder.DESC),
            ),
            include=("amount",),
        ),
        hash="3fa9c1d2" * 8,
        database=DatabaseIdentity(
            system_identifier="7300000000000000001", oid=16384, name="shop", server_version=150020
        ),
        bounds=Bounds(size_bytes=44_040_192, write_cost=12.5),
    ),
    evidence=Evidence(
        validated=True,
        cost_before=1000.0,
        cost_after=70.0,
        saved_seconds_per_hour=1234.5,
        size_bytes=44_040_192,
        write_cost=12.5,
        queries=(
            HelpedQuery(
                fingerprint="0123456789abcdef",
                text="SELECT * FROM payments WHERE booking_id = $1",
                calls_per_hour=3600.0,
                mean_ms=42.0,
                cost_before=1000.0,
                cost_after=70.0,
            ),
        ),
    ),
    conditions=(
        condition("Proposed", ConditionStatus.TRUE, "Issued"),
        condition("Approved", ConditionStatus.UNKNOWN, "Pending", "Waits for a decision: set spec.approval."),
    ),
    transitions=(
        Transition(at=NOW, type="Proposed", status=ConditionStatus.TRUE, reason="Issued", message="A sentence."),
    ),
    phase="Pending",
)

WATCHING = PolicyStatus(
    observed_generation=1,
    effective=Effective(mode=Mode.RECOMMEND, aggressiveness=Aggressiveness.CONSERVATIVE),
    database="marketplace@15.20",
    statements=212,
    open_recommendations=3,
    next_advice=NOW,
    conditions=(condition("Ready", ConditionStatus.TRUE, "Watching"),),
    message="Advice is looked for again at 14:15.",
)

REFUSED = replace(
    WATCHING,
    database="",
    statements=0,
    next_advice=None,
    conditions=(condition("Ready", ConditionStatus.FALSE, "AuthenticationFailed"),),
    message="The password of the observer is wrong: mend the Secret bookings-observer.",
)


def written(manifest: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    """A manifest of the status alone."""
    head = {key: manifest[key] for key in ("apiVersion", "kind", "metadata")}
    return {**head, "status": status}
