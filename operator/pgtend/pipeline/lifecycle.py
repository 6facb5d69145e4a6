"""One recommendation, one step: from what its object and the catalog say to what is to be done next.

Level-triggered: nothing here remembers what the last pass did. What a recommendation waits for, what was intended and what is
being measured stand in its status; what became of any DDL stands in the catalog.
"""

from __future__ import annotations

from dataclasses import replace

from pgtend.core.approval import is_usable, take_approval
from pgtend.core.canonical import is_named_after
from pgtend.core.conditions import with_condition
from pgtend.core.decide import policy_approves
from pgtend.domain.recommendation import (
    ConditionStatus,
    ConditionType,
    Recommendation,
    RecommendationStatus,
)
from pgtend.pipeline.applying import consider_change, continue_intent
from pgtend.pipeline.facts import is_applied, is_same_database
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports, Scene
from pgtend.pipeline.watching import watch_applied


async def advance(recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports) -> Recommendation:
    """Do the next step for one recommendation and write down where it stands; returns it as it then is."""
    if recommendation.invalid:
        await ports.recommendations.announce(recommendation, "Invalid", recommendation.invalid, warning=True)
        return recommendation
    refusal = _not_executable(recommendation, scene)
    if refusal:
        reason, message = refusal
        status = _unproposed(recommendation, reason, message, scene)
        return await save(recommendation, status, ports)
    recommendation = await _settle_approval(recommendation, scene, ports)
    if recommendation.status.intent is not None:
        return await continue_intent(recommendation, scene, memory, ports)
    if is_applied(recommendation):
        return await watch_applied(recommendation, scene, memory, ports)
    if is_usable(recommendation.status.approval):
        return await consider_change(recommendation, scene, memory, ports)
    return recommendation


async def settle(recommendation: Recommendation, scene: Scene, ports: Ports) -> Recommendation:
    """Take in what was decided of a recommendation that may be executed here; returns it as it then is."""
    if recommendation.invalid or _not_executable(recommendation, scene):
        return recommendation
    return await _settle_approval(recommendation, scene, ports)


def _not_executable(recommendation: Recommendation, scene: Scene) -> tuple[str, str] | None:
    """Why this object's proposal is never executed here, as reason and sentence; None when it may be."""
    proposal = recommendation.status.proposal
    if proposal is None:
        return (
            "NotIssued",
            "pgtend has not proposed this change for this database; it waits until the same advice comes up, "
            "and nothing is executed from the object until then.",
        )
    if not is_named_after(recommendation.name, scene.policy.name, proposal):
        return (
            "NotIssued",
            "The name of this object does not belong to its proposal, so the proposal is not pgtend's own; delete the object.",
        )
    if not is_same_database(proposal, scene):
        return (
            "OtherDatabase",
            f"The proposal was issued for database {proposal.database.name} of another server or another database; "
            "approvals do not carry over. Delete the object to have it proposed anew.",
        )
    return None


def _unproposed(recommendation: Recommendation, reason: str, message: str, scene: Scene) -> RecommendationStatus:
    return with_condition(
        recommendation.status,
        ConditionType.PROPOSED,
        ConditionStatus.FALSE,
        reason,
        message,
        now=scene.now,
        generation=recommendation.generation,
    )


async def _settle_approval(recommendation: Recommendation, scene: Scene, ports: Ports) -> Recommendation:
    """Take in what a person, or the policy, decided."""
    status = recommendation.status
    if status.proposal is None or status.evidence is None:
        return recommendation
    step = take_approval(
        status.approval,
        recommendation.approval,
        recommendation.approved_by,
        recommendation.comment,
        scene.now,
        proposal_is_new=False,
        policy_decision=policy_approves(scene.policy, status.proposal, status.evidence),
    )
    changed = with_condition(
        replace(status, approval=step.record),
        ConditionType.APPROVED,
        step.status,
        step.reason,
        step.message,
        now=scene.now,
        generation=recommendation.generation,
    )
    return await save(recommendation, changed, ports)
