"""From advice to objects: each advised change becomes the recommendation whose name its hash gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from pgtend.core.approval import is_unused_policy_approval, take_approval
from pgtend.core.approving import is_outdated
from pgtend.core.canonical import proposal_hash
from pgtend.core.conditions import with_condition
from pgtend.core.decide import policy_approves
from pgtend.core.made_changes import is_applied
from pgtend.core.outdated import why_outdated
from pgtend.core.summing_up import name_of
from pgtend.domain.advice import Advice, AdvisedChange
from pgtend.domain.finding import ObjectRefused
from pgtend.domain.policy import Mode
from pgtend.domain.recommendation import (
    ApprovalState,
    Bounds,
    ConditionStatus,
    ConditionType,
    Proposal,
    Recommendation,
)
from pgtend.domain.scene import Scene
from pgtend.pipeline.attempting import attempt
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports


async def publish(advice: Advice, scene: Scene, ports: Ports) -> tuple[Recommendation, ...]:
    """Issue what is newly advised, refresh the evidence of what is open, and mark what is advised no more as Outdated.

    In mode Observe nothing is created; what was created before stays as it is.
    """
    if scene.policy.mode is Mode.OBSERVE:
        return scene.recommendations
    known = {recommendation.name: recommendation for recommendation in scene.recommendations}
    proposals = {name_of(change, scene.policy): change for change in advice.changes}
    for name, change in proposals.items():
        try:
            recommendation = known.get(name) or await ports.recommendations.issue(name)
        except ObjectRefused as refusal:
            # Somebody has made an object of that name that is another policy's, say.
            await ports.policies.announce("NameTaken", str(refusal), warning=True)
            continue
        known[name] = recommendation
        await _replace(known, recommendation, partial(_issue, recommendation, change, scene, ports), ports)
    for name, recommendation in list(known.items()):
        if advice.complete and name not in proposals:
            await _replace(known, recommendation, partial(_outdate, recommendation, scene, ports), ports)
    return tuple(known.values())


async def _replace(
    known: dict[str, Recommendation],
    recommendation: Recommendation,
    step: Callable[[], Awaitable[Recommendation]],
    ports: Ports,
) -> None:
    after = await attempt(recommendation, step, ports)
    if after is None:
        del known[recommendation.name]
    else:
        known[recommendation.name] = after


async def _issue(recommendation: Recommendation, change: AdvisedChange, scene: Scene, ports: Ports) -> Recommendation:
    status = recommendation.status
    proposal = status.proposal
    is_new = proposal is None
    if proposal is None:
        proposal = Proposal(
            action=change.action,
            index=change.index,
            hash=proposal_hash(change.action, change.index),
            database=scene.identity,
            bounds=_bounds(change),
        )
    elif not _is_open(recommendation):
        return await _call_again(recommendation, change, scene, ports)
    else:
        # Nobody has decided yet: whoever does sees the price of today.
        proposal = replace(proposal, bounds=_bounds(change))
    step = take_approval(
        None if is_new else status.approval,
        recommendation.approval,
        recommendation.approved_by,
        recommendation.comment,
        scene.now,
        proposal_is_new=is_new,
        policy_decision=policy_approves(scene.policy, proposal, change.evidence),
        generation=recommendation.generation,
        unapproved_at=recommendation.unapproved_at,
    )
    changed = with_condition(
        replace(status, proposal=proposal, evidence=change.evidence, approval=step.record),
        ConditionType.PROPOSED,
        ConditionStatus.TRUE,
        "Issued",
        change.evidence.reason or "Proposed.",
        now=scene.now,
        generation=recommendation.generation,
    )
    changed = with_condition(
        changed,
        ConditionType.APPROVED,
        step.status,
        step.reason,
        step.message,
        now=scene.now,
        generation=recommendation.generation,
    )
    return await save(recommendation, changed, ports)


async def _call_again(
    recommendation: Recommendation, change: AdvisedChange, scene: Scene, ports: Ports
) -> Recommendation:
    """A decided change that was Outdated stands again. Its bounds stay: they are what the approver saw."""
    proposed = recommendation.status.condition(ConditionType.PROPOSED)
    if proposed is None or proposed.reason != "Outdated" or is_applied(recommendation):
        return recommendation
    changed = with_condition(
        replace(recommendation.status, evidence=change.evidence),
        ConditionType.PROPOSED,
        ConditionStatus.TRUE,
        "Issued",
        change.evidence.reason or "Proposed.",
        now=scene.now,
        generation=recommendation.generation,
    )
    return await save(recommendation, changed, ports)


def _bounds(change: AdvisedChange) -> Bounds:
    return Bounds(size_bytes=change.evidence.size_bytes, write_cost=change.evidence.write_cost)


async def _outdate(recommendation: Recommendation, scene: Scene, ports: Ports) -> Recommendation:
    status = recommendation.status
    if status.proposal is None or not _is_open(recommendation) or is_outdated(recommendation):
        return recommendation
    # Advice may come before the look at the table that is not there any more, and has to tell that, too.
    changed = with_condition(
        status,
        ConditionType.PROPOSED,
        ConditionStatus.FALSE,
        "Outdated",
        why_outdated(status.proposal, scene.catalog)
        or "The present workload does not call for this change any more; it comes back when it does.",
        now=scene.now,
        generation=recommendation.generation,
    )
    return await save(recommendation, changed, ports)


def _is_open(recommendation: Recommendation) -> bool:
    """Whether nobody has decided yet: only then do evidence and standing follow the workload."""
    status = recommendation.status
    approval = status.approval
    undecided = approval is None or approval.state is ApprovalState.PENDING or is_unused_policy_approval(approval)
    return undecided and status.condition(ConditionType.APPLIED) is None
