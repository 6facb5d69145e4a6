"""How a recommendation's status changes as its change is prepared, made, measured and taken back.

Each function is one arrow of the state machine. The intent is in the status before any DDL and leaves it when the catalog has
shown what became of it, so that an operator that was killed anywhere in between can carry on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pgtend.core.approval import consume, give_back, is_usable, require_again
from pgtend.core.conditions import with_condition, without_condition
from pgtend.core.decide import condition_of
from pgtend.core.withdrawal import tell_end
from pgtend.domain.decision import Decision
from pgtend.domain.recommendation import (
    Bounds,
    ConditionStatus,
    ConditionType,
    Intent,
    IntentKind,
    RecommendationStatus,
)
from pgtend.domain.verification import Judgement, Measurement, Verdict

UNDO = {IntentKind.BUILD: IntentKind.UNDO_BUILD, IntentKind.REMOVE: IntentKind.UNDO_REMOVE}
"""The intent that takes back what another one did."""

_VERDICT_STATUS = {
    Verdict.MEASURING: ConditionStatus.UNKNOWN,
    Verdict.INCONCLUSIVE: ConditionStatus.UNKNOWN,
    Verdict.IMPROVED: ConditionStatus.TRUE,
    Verdict.REGRESSED: ConditionStatus.FALSE,
    Verdict.INEFFECTIVE: ConditionStatus.FALSE,
}


def wait_for(status: RecommendationStatus, decision: Decision, now: datetime, generation: int) -> RecommendationStatus:
    """An approved change is not made yet, and the reason says why."""
    return with_condition(
        status,
        ConditionType.APPLIED,
        ConditionStatus.FALSE,
        decision.reason,
        decision.message,
        now=now,
        generation=generation,
    )


def refuse(
    status: RecommendationStatus, decision: Decision, current: Bounds, now: datetime, generation: int
) -> RecommendationStatus:
    """An approved change will not be made under this approval; where it outgrew its bounds, the new ones are shown."""
    if decision.reason == "ReapprovalRequired" and status.proposal and status.approval:
        renewed = replace(
            status,
            proposal=replace(status.proposal, bounds=current),
            approval=require_again(status.approval, now),
        )
        return with_condition(
            renewed,
            ConditionType.APPROVED,
            ConditionStatus.FALSE,
            decision.reason,
            decision.message,
            now=now,
            generation=generation,
        )
    return with_condition(
        _spend_approval(status),
        condition_of(decision),
        ConditionStatus.FALSE,
        decision.reason,
        decision.message,
        now=now,
        generation=generation,
    )


def begin(
    status: RecommendationStatus,
    intent: Intent,
    measurement: Measurement,
    now: datetime,
    generation: int,
) -> RecommendationStatus:
    """Write down what is about to be done, and spend the approval on it."""
    changed = replace(
        without_condition(_spend_approval(status), ConditionType.VERIFIED),
        intent=intent,
        index_name=intent.index_name,
        measurement=measurement,
        judgement=None,
        applied_at=None,
    )
    return _under_way(changed, intent, now, generation)


def _under_way(status: RecommendationStatus, intent: Intent, now: datetime, generation: int) -> RecommendationStatus:
    verb = "Building" if intent.kind is IntentKind.BUILD else "Dropping"
    return with_condition(
        status,
        ConditionType.APPLIED,
        ConditionStatus.FALSE,
        "Building",
        f"{verb} index {intent.index_name} concurrently: {intent.definition}",
        now=now,
        generation=generation,
    )


def lose_sight(status: RecommendationStatus, problem: str, now: datetime, generation: int) -> RecommendationStatus:
    """Without the tuner nobody sees what became of the DDL that was begun; what has Failed stays Failed."""
    applied = status.condition(ConditionType.APPLIED)
    if applied is None or applied.reason == "Failed":
        return status
    return with_condition(
        status,
        ConditionType.APPLIED,
        applied.status,
        "NoTuner",
        f"pgtend is unable to see what became of the statement that it began: {problem} It carries on when it can.",
        now=now,
        generation=generation,
    )


def regain_sight(status: RecommendationStatus, now: datetime, generation: int) -> RecommendationStatus:
    """The tuner is back, and the change stands where it stood."""
    applied, intent = status.condition(ConditionType.APPLIED), status.intent
    if applied is None or intent is None or applied.reason != "NoTuner":
        return status
    if applied.status is not ConditionStatus.TRUE:
        return _under_way(status, intent, now, generation)
    return with_condition(
        status,
        ConditionType.APPLIED,
        ConditionStatus.TRUE,
        "RollingBack",
        f"It is being taken back: {intent.definition}",
        now=now,
        generation=generation,
    )


def complete(
    status: RecommendationStatus, measurement: Measurement, message: str, now: datetime, generation: int
) -> RecommendationStatus:
    """The catalog shows the change made; from now on it is measured."""
    changed = replace(status, intent=None, applied_at=now, measurement=measurement)
    changed = with_condition(
        changed, ConditionType.APPLIED, ConditionStatus.TRUE, "Done", message, now=now, generation=generation
    )
    return with_condition(
        changed,
        ConditionType.VERIFIED,
        ConditionStatus.UNKNOWN,
        "Measuring",
        "Measuring began; the first verdict comes after verification.minDuration.",
        now=now,
        generation=generation,
    )


def abandon(status: RecommendationStatus, decision: Decision, now: datetime, generation: int) -> RecommendationStatus:
    """The DDL was ended before it had an effect: an approval that still stands is as good as before.

    Where it does not stand any more the condition Applied goes away, and a transition (hence an Event) says what was ended.
    """
    approval = give_back(status.approval) if status.approval else None
    changed = replace(status, intent=None, measurement=None, approval=approval)
    if condition_of(decision) is ConditionType.APPLIED:
        return wait_for(without_condition(changed, ConditionType.APPLIED), decision, now, generation)
    ended = with_condition(
        changed,
        ConditionType.APPLIED,
        ConditionStatus.FALSE,
        "Ended",
        tell_end(status),
        now=now,
        generation=generation,
    )
    return without_condition(ended, ConditionType.APPLIED)


def fail(
    status: RecommendationStatus, message: str, now: datetime, generation: int, *, clean_up: bool
) -> RecommendationStatus:
    """The server refused the change; with ``clean_up`` something of it is still there and an undo is intended."""
    intent = status.intent
    undo = replace(intent, kind=UNDO[intent.kind], at=now) if clean_up and intent and intent.kind in UNDO else None
    return with_condition(
        replace(_spend_approval(status), intent=undo, measurement=None),
        ConditionType.APPLIED,
        ConditionStatus.FALSE,
        "Failed",
        message,
        now=now,
        generation=generation,
    )


def judge_change(
    status: RecommendationStatus, measurement: Measurement, judgement: Judgement, now: datetime, generation: int
) -> RecommendationStatus:
    """Take in what the measurement says; with a verdict its sums have served, and the effects tell what they told."""
    going_on = measurement if judgement.verdict is Verdict.MEASURING else None
    changed = replace(status, measurement=going_on, judgement=judgement)
    return with_condition(
        changed,
        ConditionType.VERIFIED,
        _VERDICT_STATUS[judgement.verdict],
        judgement.verdict,
        judgement.message,
        now=now,
        generation=generation,
    )


def begin_undo(
    status: RecommendationStatus, intent: Intent, message: str, now: datetime, generation: int
) -> RecommendationStatus:
    """Write down that the change is about to be taken back."""
    changed = replace(_spend_approval(status), intent=intent)
    return with_condition(
        changed, ConditionType.APPLIED, ConditionStatus.TRUE, "RollingBack", message, now=now, generation=generation
    )


def complete_undo(status: RecommendationStatus, message: str, now: datetime, generation: int) -> RecommendationStatus:
    """The catalog shows the change taken back; a failed change stays Failed."""
    changed = replace(_spend_approval(status), intent=None)
    applied = status.condition(ConditionType.APPLIED)
    if applied and applied.reason == "Failed":
        return changed
    return with_condition(
        changed, ConditionType.APPLIED, ConditionStatus.FALSE, "RolledBack", message, now=now, generation=generation
    )


def removed_by_others(
    status: RecommendationStatus, message: str, now: datetime, generation: int
) -> RecommendationStatus:
    """Somebody undid the change by hand: it is never made again under this approval."""
    changed = replace(without_condition(_spend_approval(status), ConditionType.VERIFIED), intent=None)
    return with_condition(
        changed,
        ConditionType.APPLIED,
        ConditionStatus.FALSE,
        "RemovedByOthers",
        message,
        now=now,
        generation=generation,
    )


def _spend_approval(status: RecommendationStatus) -> RecommendationStatus:
    """An approval serves once."""
    if status.approval is None or not is_usable(status.approval):
        return status
    return replace(status, approval=consume(status.approval))
