"""One recommendation, one step: from what its object and the catalog say to what is to be done next.

Level-triggered: nothing here remembers what the last pass did. What a recommendation waits for, what was intended and what is
being measured stand in its status; what became of any DDL stands in the catalog.
"""

from __future__ import annotations

from dataclasses import replace

from pgtend.core.approval import is_usable
from pgtend.core.approving import is_outdated, take_decision
from pgtend.core.canonical import is_named_after
from pgtend.core.change_facts import is_same_database
from pgtend.core.conditions import TERMINAL_REASONS, with_condition, without_condition
from pgtend.core.made_changes import is_applied
from pgtend.core.outdated import why_outdated
from pgtend.core.withdrawal import tell_withdrawal
from pgtend.domain.recommendation import (
    ConditionStatus,
    ConditionType,
    Recommendation,
    RecommendationStatus,
)
from pgtend.domain.scene import Scene
from pgtend.pipeline.applying import consider_change
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.resuming import continue_intent
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.watching import watch_applied

_NOT_WAITING = TERMINAL_REASONS | {"Building"}
"""Reasons of Applied=False that do not say what an approved change waits for."""


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
    recommendation = await _settle(recommendation, scene, ports)
    if recommendation.status.intent is not None:
        return await continue_intent(recommendation, scene, memory, ports)
    if is_applied(recommendation):
        return await watch_applied(recommendation, scene, memory, ports)
    if is_usable(recommendation.status.approval):
        return await consider_change(recommendation, scene, memory, ports)
    return recommendation


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
            f"The proposal was issued for another database ({proposal.database.name}) than the one that the Secret "
            f"{scene.policy.observer_secret} leads to ({scene.identity.name}); approvals do not carry over. Point the Secret back, or delete "
            "the object to have it proposed anew.",
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


async def _settle(recommendation: Recommendation, scene: Scene, ports: Ports) -> Recommendation:
    """Take in what a person, or the policy, decided; what no longer holds is said no longer."""
    status, proposal, evidence = recommendation.status, recommendation.status.proposal, recommendation.status.evidence
    if proposal is None or evidence is None:
        return recommendation
    now, generation = scene.now, recommendation.generation
    # What is under way or made says in Applied what became of it.
    moot = "" if status.intent or is_applied(recommendation) else why_outdated(proposal, scene.catalog)
    if moot:
        status = with_condition(
            status, ConditionType.PROPOSED, ConditionStatus.FALSE, "Outdated", moot, now=now, generation=generation
        )
        recommendation = await save(recommendation, status, ports)
    step = tell_withdrawal(take_decision(recommendation, scene), status)
    changed = replace(status, approval=step.record)
    if not is_outdated(recommendation):
        reason = evidence.reason or "Proposed."
        changed = with_condition(
            changed, ConditionType.PROPOSED, ConditionStatus.TRUE, "Issued", reason, now=now, generation=generation
        )
    changed = with_condition(
        changed, ConditionType.APPROVED, step.status, step.reason, step.message, now=now, generation=generation
    )
    applied = changed.condition(ConditionType.APPLIED)
    waits = applied is not None and applied.status is ConditionStatus.FALSE and applied.reason not in _NOT_WAITING
    if waits and changed.intent is None and not is_usable(step.record):
        changed = without_condition(changed, ConditionType.APPLIED)
    return await save(recommendation, changed, ports)
