"""Which changes stand, which of their indexes are pgtend's own, and what they take."""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.conditions import TERMINAL_REASONS
from pgtend.core.index_lookup import find_index
from pgtend.domain.index import Index
from pgtend.domain.recommendation import (
    Action,
    ApprovalState,
    ConditionStatus,
    ConditionType,
    IntentKind,
    Recommendation,
)
from pgtend.domain.scene import Scene
from pgtend.domain.verification import Verdict

_UNSETTLED = frozenset({Verdict.MEASURING, Verdict.REGRESSED})


def is_applied(recommendation: Recommendation) -> bool:
    """Whether the change is made and has not been taken back."""
    applied = recommendation.status.condition(ConditionType.APPLIED)
    return applied is not None and applied.status is ConditionStatus.TRUE


def has_verdict(recommendation: Recommendation, *verdicts: Verdict) -> bool:
    """Whether the change is made, stands, and is said to be one of these; Measuring is one of them."""
    verified = recommendation.status.condition(ConditionType.VERIFIED)
    return is_applied(recommendation) and verified is not None and verified.reason in verdicts


def storage_added(scene: Scene) -> int:
    """Bytes that this policy's changes have added and that are still there, with builds under way, less what drops gave back."""
    total = 0
    for recommendation in scene.recommendations:
        status = recommendation.status
        if status.proposal is None:
            continue
        if status.intent is not None and status.intent.kind is IntentKind.BUILD:
            total += status.proposal.bounds.size_bytes
        elif is_applied(recommendation) and status.proposal.action is Action.CREATE:
            found = find_index(scene.catalog, status.proposal.index.schema, status.index_name)
            total += found.size_bytes if found else 0
        elif is_applied(recommendation) and status.evidence is not None:
            total -= status.evidence.size_bytes
    return total


def unwanted_indexes(recommendations: tuple[Recommendation, ...]) -> Iterator[Index]:
    """Indexes that are not advised again, nor others next to them.

    Those that a person rejected and those that were made and taken back; and those that are made and still measured, or about to
    be taken back: what they are worth is being found out, and a near twin would be the same proposal once more.
    """
    for recommendation in recommendations:
        proposal, approval = recommendation.status.proposal, recommendation.status.approval
        if proposal is None or proposal.action is not Action.CREATE:
            continue
        applied = recommendation.status.condition(ConditionType.APPLIED)
        verified = recommendation.status.condition(ConditionType.VERIFIED)
        ended = applied is not None and applied.reason in TERMINAL_REASONS
        rejected = approval is not None and approval.state is ApprovalState.REJECTED
        unsettled = is_applied(recommendation) and (verified is None or verified.reason in _UNSETTLED)
        if ended or rejected or unsettled:
            yield proposal.index


def own_indexes(recommendations: tuple[Recommendation, ...]) -> Iterator[Recommendation]:
    """Those that stand for an index that was made and is there: pgtend takes it back where it hurts, and drops it for no other reason."""
    for recommendation in recommendations:
        proposal = recommendation.status.proposal
        if proposal is not None and proposal.action is Action.CREATE and is_applied(recommendation):
            yield recommendation


def unsettled_indexes(recommendations: tuple[Recommendation, ...]) -> Iterator[Recommendation]:
    """Those of them that were not found to help, so that they may go again: no other is dropped in their favour."""
    for recommendation in own_indexes(recommendations):
        verified = recommendation.status.condition(ConditionType.VERIFIED)
        if verified is None or verified.status is not ConditionStatus.TRUE:
            yield recommendation
