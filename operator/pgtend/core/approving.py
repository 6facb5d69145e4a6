"""What a person, or the policy, has decided of a recommendation by now."""

from __future__ import annotations

from pgtend.core.approval import ApprovalStep, is_taken_in, take_approval
from pgtend.core.decide import policy_approves
from pgtend.domain.recommendation import ApprovalState, ConditionType, Recommendation
from pgtend.domain.scene import Scene


def take_decision(recommendation: Recommendation, scene: Scene) -> ApprovalStep:
    """The approval as it is now, from what was recorded before and what the spec and the policy say. ValueError without a proposal."""
    status, proposal, evidence = recommendation.status, recommendation.status.proposal, recommendation.status.evidence
    if proposal is None or evidence is None:
        raise ValueError("only of an issued recommendation can anything be decided")
    return take_approval(
        status.approval,
        recommendation.approval,
        recommendation.approved_by,
        recommendation.comment,
        scene.now,
        proposal_is_new=False,
        # What the workload does not call for any more is for a person to decide.
        policy_decision=None if is_outdated(recommendation) else policy_approves(scene.policy, proposal, evidence),
        generation=recommendation.generation,
        unapproved_at=recommendation.unapproved_at,
    )


def is_newly_approved(recommendation: Recommendation) -> bool:
    """Whether the spec holds a person's approval that is still to be taken in."""
    record = recommendation.status.approval
    if record is None or recommendation.approval is not ApprovalState.APPROVED:
        return False
    return recommendation.unapproved_at > record.generation or not is_taken_in(record, recommendation.approval)


def is_outdated(recommendation: Recommendation) -> bool:
    """Whether the workload did not call for it any more when it was last asked."""
    proposed = recommendation.status.condition(ConditionType.PROPOSED)
    return proposed is not None and proposed.reason == "Outdated"
