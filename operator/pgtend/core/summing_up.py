"""The best recommendations, or what is advised, in a line each, for the policy's status."""

from __future__ import annotations

from collections.abc import Iterable

from pgtend.core.canonical import object_name, proposal_hash
from pgtend.domain.advice import Advice, AdvisedChange
from pgtend.domain.policy import Policy
from pgtend.domain.policy_status import RecommendationSummary
from pgtend.domain.recommendation import Action, Evidence, Recommendation

SHOWN = 20
"""Recommendations shown in a policy's status."""


def summarize(recommendations: Iterable[Recommendation]) -> tuple[RecommendationSummary, ...]:
    """The recommendations that save the most time, best first."""
    lines = [
        (line.status.evidence, _line(line, line.status.proposal.action, str(line.status.proposal.index.table_name)))
        for line in recommendations
        if line.status.proposal and line.status.evidence
    ]
    lines.sort(key=lambda pair: (-pair[0].saved_seconds_per_hour, pair[1].name))
    return tuple(line for _, line in lines[:SHOWN])


def preview(advice: Advice, policy: Policy) -> tuple[RecommendationSummary, ...]:
    """The advice in a line each: in mode Observe it is shown nowhere else."""
    return tuple(
        RecommendationSummary(
            name=name_of(change, policy),
            action=change.action,
            table=str(change.index.table_name),
            benefit_percent=round(change.evidence.benefit_percent, 1),
            phase="Advised",
        )
        for change in advice.changes[:SHOWN]
    )


def name_of(change: AdvisedChange, policy: Policy) -> str:
    """The name of the object for an advised change."""
    return object_name(policy.name, change.index.table, proposal_hash(change.action, change.index))


def _line(recommendation: Recommendation, action: Action, table: str) -> RecommendationSummary:
    evidence = recommendation.status.evidence
    return RecommendationSummary(
        name=recommendation.name,
        action=action,
        table=table,
        benefit_percent=_percent(evidence),
        phase=recommendation.status.phase,
    )


def _percent(evidence: Evidence | None) -> float:
    return round(evidence.benefit_percent, 1) if evidence else 0.0
