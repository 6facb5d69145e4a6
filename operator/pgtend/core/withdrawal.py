"""What becomes of a change whose approval was taken away, or turned into a rejection, after it had been used."""

from __future__ import annotations

from dataclasses import replace

from pgtend.core.approval import ApprovalStep
from pgtend.core.conditions import TERMINAL_REASONS
from pgtend.domain.recommendation import (
    ApprovalState,
    ConditionStatus,
    ConditionType,
    IntentKind,
    RecommendationStatus,
)

_UNDER_WAY = {
    IntentKind.BUILD: "the build under way is ended, and what it left is removed",
    IntentKind.REMOVE: "the drop under way is not broken off",
    IntentKind.UNDO_BUILD: "what was built is being removed all the same",
    IntentKind.UNDO_REMOVE: "what was dropped is being built again all the same",
}


def tell_withdrawal(step: ApprovalStep, status: RecommendationStatus) -> ApprovalStep:
    """The step with a message that says what becomes of a change that was begun, made or ended under an earlier approval.

    Without one, or where the approval still stands, the step is returned as it is.
    """
    fate = _fate_of(status)
    if not fate or step.reason not in ("Pending", "Rejected"):
        return step
    if step.record.state is ApprovalState.REJECTED:
        message = f"Rejected by {step.record.by}: {fate}. Nothing is made anew."
    elif _may_be_made_again(status):
        message = (
            f"The approval was taken away: {fate}. Set spec.approval to Approved to have the change made after all."
        )
    else:
        message = f"The approval was taken away: {fate}."
    return replace(step, message=message)


def tell_end(status: RecommendationStatus) -> str:
    """The sentence about DDL that was ended, or not begun, for want of an approval, when nothing of it is left."""
    if status.intent is not None and status.intent.kind is IntentKind.REMOVE:
        return "The index was not dropped, for the approval was taken away before the drop began."
    return "The build was ended, for the approval was taken away; nothing of it is left in the database."


def _fate_of(status: RecommendationStatus) -> str:
    if status.intent is not None:
        return _UNDER_WAY[status.intent.kind]
    applied = status.condition(ConditionType.APPLIED)
    if applied is None:
        return ""
    if applied.status is ConditionStatus.TRUE:
        return "the change was made before that, and stays"
    return "the change has ended" if applied.reason in TERMINAL_REASONS else ""


def _may_be_made_again(status: RecommendationStatus) -> bool:
    """Whether a new approval would start anything: not while something is under way that goes on, nor where all is done."""
    if status.intent is not None:
        return status.intent.kind is IntentKind.BUILD
    applied = status.condition(ConditionType.APPLIED)
    return applied is None or applied.status is not ConditionStatus.TRUE
