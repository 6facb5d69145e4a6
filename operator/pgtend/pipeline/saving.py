"""Writing a recommendation's status, with an Event for each transition."""

from __future__ import annotations

from pgtend.domain.recommendation import Recommendation, RecommendationStatus
from pgtend.pipeline.surroundings import Ports

WARNINGS = frozenset(
    {"Failed", "RolledBack", "RemovedByOthers", "Regressed", "OtherDatabase", "NotIssued", "ReapprovalRequired"}
)
"""Reasons whose Events are of type Warning."""


async def save(recommendation: Recommendation, status: RecommendationStatus, ports: Ports) -> Recommendation:
    """Write the status if it differs, then announce what changed; returns the recommendation as it now is."""
    if status == recommendation.status:
        return recommendation
    saved = await ports.recommendations.write_status(recommendation, status)
    known = set(recommendation.status.transitions)
    for transition in status.transitions:
        if transition not in known:
            await ports.recommendations.announce(
                saved, transition.reason, transition.message, warning=transition.reason in WARNINGS
            )
    return saved
