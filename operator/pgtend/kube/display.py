"""What `kubectl get` shows of a status: short texts that printer columns, which can only point at fields, cannot make."""

from __future__ import annotations

from datetime import UTC

from pgtend.core.statement import shorten
from pgtend.core.wording import change, keys_of, reduction
from pgtend.domain.policy_status import PolicyStatus
from pgtend.domain.recommendation import ConditionStatus, ConditionType, RecommendationStatus
from pgtend.kube.resources import index_recommendation, tuning_policy_status

KEYS_SHOWN = 13
"""Characters that are left at 80 columns beside a name of 27; the table is in the name."""


def of_recommendation(status: RecommendationStatus) -> index_recommendation.Display:
    """The columns of an IndexRecommendation."""
    evidence, judgement = status.evidence, status.judgement
    return index_recommendation.Display(
        gain=f"{reduction(evidence.benefit_percent)}%" if evidence and evidence.queries else "",
        saved=f"{evidence.saved_seconds_per_hour:,.0f}s/h" if evidence and evidence.queries else "",
        size=_bytes(evidence.size_bytes) if evidence else "",
        measured=f"{change(judgement.percent)}%" if judgement and judgement.percent is not None else "",
        index=keys_of(status.proposal.index) if status.proposal else "",
        keys=shorten(keys_of(status.proposal.index), KEYS_SHOWN) if status.proposal else "",
        message=_newest_word(status),
    )


def of_policy(status: PolicyStatus) -> tuning_policy_status.Display:
    """The columns of a TuningPolicy."""
    queries = "1 query" if status.statements == 1 else f"{status.statements:,} queries"
    return tuning_policy_status.Display(
        sees=queries if status.database else "nothing yet",
        next=f"{status.next_advice.astimezone(UTC):%H:%MZ}" if status.next_advice else "",
    )


def _newest_word(status: RecommendationStatus) -> str:
    """The message of the latest condition; of Proposed where the phase is its reason, because it does not stand any more."""
    proposed = status.condition(ConditionType.PROPOSED)
    if proposed is not None and proposed.status is ConditionStatus.FALSE and proposed.reason == status.phase:
        return proposed.message
    for kind in (ConditionType.VERIFIED, ConditionType.APPLIED, ConditionType.APPROVED, ConditionType.PROPOSED):
        if condition := status.condition(kind):
            return condition.message
    return ""


def _bytes(size: int) -> str:
    amount = float(size)
    for unit in ("B", "Ki", "Mi", "Gi"):
        if abs(amount) < 1024:
            return f"{amount:.0f}{unit}" if unit == "B" or amount >= 10 else f"{amount:.1f}{unit}"
        amount /= 1024
    return f"{amount:.1f}Ti"
