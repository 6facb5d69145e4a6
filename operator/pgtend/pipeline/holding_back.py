"""What recommendations say while their policy is not ready: decisions are not taken in, and nothing that was approved begins.

Said only where the object would mislead otherwise: where a person has decided anew, and where an approved change waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from pgtend.core.approval import is_taken_in, is_usable
from pgtend.core.transitions import wait_for
from pgtend.core.windows import active_window
from pgtend.domain.decision import Answer, Decision
from pgtend.domain.policy import Mode, Policy
from pgtend.domain.recommendation import ConditionType, Recommendation, RecommendationStatus
from pgtend.pipeline.attempting import attempt
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports

PASSING_REASONS = frozenset(
    {"ConnectionLost", "ConnectionLimit", "TooManyConnections", "ServerNotReady", "ApiUnavailable"}
)
"""Reasons that are often over by the next pass: recommendations are told of them when they are not. The policy says them at once."""


async def tell_unready(
    recommendations: Iterable[Recommendation], reason: str, ports: Ports, policy: Policy | None = None
) -> None:
    """Say in each recommendation that waits for its policy, which is not ready for this reason, that it does so.

    Without a ``policy`` (it cannot be read) nothing that was said before is known to hold.
    """
    for recommendation in recommendations:
        status = _held_back(recommendation, reason, ports, policy)
        await attempt(recommendation, partial(save, recommendation, status, ports), ports)


def _held_back(
    recommendation: Recommendation, reason: str, ports: Ports, policy: Policy | None
) -> RecommendationStatus:
    status, record = recommendation.status, recommendation.status.approval
    if recommendation.invalid or status.proposal is None:
        return status
    approved = status.condition(ConditionType.APPROVED)
    if approved is not None and not is_taken_in(record, recommendation.approval):
        message = f"The policy is not ready ({reason}): the decision in spec.approval, {recommendation.approval}, is taken in as soon as it is."
        said = replace(approved, message=message)
        status = replace(
            status, conditions=tuple(said if each.type == approved.type else each for each in status.conditions)
        )
    elif is_usable(record) and status.intent is None and not _holds_all_the_same(status, policy, ports):
        waits = Decision(
            answer=Answer.WAIT,
            reason="PolicyNotReady",
            message=f"The policy is not ready ({reason}): nothing begins until it is. See the policy's conditions.",
        )
        status = wait_for(status, waits, ports.clock.now(), recommendation.generation)
    return status


def _holds_all_the_same(status: RecommendationStatus, policy: Policy | None, ports: Ports) -> bool:
    """Whether the change waits for what the policy itself says, without a look at the database."""
    applied = status.condition(ConditionType.APPLIED)
    if applied is None or policy is None:
        return False
    match applied.reason:
        case "FreezeWindow":
            return active_window(policy.freeze_windows, ports.clock.now()) is not None
        case "Suspended":
            return policy.suspended
        case "ModeObserve":
            return policy.mode is Mode.OBSERVE
    return False
