"""Conditions of a recommendation: set, kept, and summed up in one word.

Follows the Kubernetes API conventions: lastTransitionTime changes with the status only, and the reason is one CamelCase word.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pgtend.domain.recommendation import (
    Condition,
    ConditionStatus,
    ConditionType,
    RecommendationStatus,
    Transition,
)

KEPT_TRANSITIONS = 20

TERMINAL_REASONS = frozenset({"Failed", "RolledBack", "RemovedByOthers"})
"""Reasons of Applied=False after which only a new approval starts anything again."""


def set_condition(
    conditions: tuple[Condition, ...],
    *,
    kind: str,
    status: ConditionStatus,
    reason: str,
    message: str,
    now: datetime,
    generation: int,
) -> tuple[Condition, ...]:
    """The conditions with one of them set; its ``since`` is kept where the status stays the same."""
    previous = next((condition for condition in conditions if condition.type == kind), None)
    since = previous.since if previous and previous.status is status else now
    condition = Condition(
        type=kind, status=status, reason=reason, message=message, since=since, observed_generation=generation
    )
    if previous is None:
        return (*conditions, condition)
    return tuple(condition if each.type == kind else each for each in conditions)


def with_condition(
    status: RecommendationStatus,
    kind: ConditionType,
    value: ConditionStatus,
    reason: str,
    message: str,
    *,
    now: datetime,
    generation: int,
) -> RecommendationStatus:
    """The status with a condition set, a transition noted when its status or reason changed, and the phase derived anew."""
    previous = status.condition(kind)
    conditions = set_condition(
        status.conditions,
        kind=kind,
        status=value,
        reason=reason,
        message=message,
        now=now,
        generation=generation,
    )
    transitions = status.transitions
    if previous is None or (previous.status, previous.reason) != (value, reason):
        transition = Transition(at=now, type=kind, status=value, reason=reason, message=message)
        transitions = (*transitions, transition)[-KEPT_TRANSITIONS:]
    changed = replace(status, conditions=conditions, transitions=transitions)
    return replace(changed, phase=phase_of(changed))


def without_condition(status: RecommendationStatus, kind: ConditionType) -> RecommendationStatus:
    """The status without a condition, for a change that starts again from its approval."""
    changed = replace(status, conditions=tuple(each for each in status.conditions if each.type != kind))
    return replace(changed, phase=phase_of(changed))


def phase_of(status: RecommendationStatus) -> str:
    """One word for the display column, derived from the conditions alone."""
    proposed = status.condition(ConditionType.PROPOSED)
    approved = status.condition(ConditionType.APPROVED)
    applied = status.condition(ConditionType.APPLIED)
    verified = status.condition(ConditionType.VERIFIED)
    if applied and applied.reason in {*TERMINAL_REASONS, "Building", "RollingBack", "RollbackFailing"}:
        return applied.reason
    if applied and applied.status is ConditionStatus.TRUE:
        return verified.reason if verified else "Applied"
    if proposed is None or proposed.status is not ConditionStatus.TRUE:
        return proposed.reason if proposed else ""
    if approved and approved.status is ConditionStatus.TRUE:
        return "Waiting" if applied else "Approved"
    return approved.reason if approved else "Proposed"
