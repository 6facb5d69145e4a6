"""What is said of a policy after a pass, and what a pass makes of what it found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pgtend.core.approval import is_usable
from pgtend.core.approving import is_newly_approved
from pgtend.core.made_changes import has_verdict
from pgtend.core.policy_conditions import Freeze, PolicyFacts, policy_conditions, sum_up
from pgtend.core.summing_up import summarize
from pgtend.core.windows import next_opening, open_span
from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.finding import Aspect, Finding
from pgtend.domain.policy import Policy
from pgtend.domain.policy_status import Advised, Effective, PolicyStatus
from pgtend.domain.recommendation import Recommendation
from pgtend.domain.verification import Verdict


def report_policy(
    policy: Policy,
    findings: Sequence[Finding],
    checked: frozenset[Aspect],
    recommendations: Sequence[Recommendation],
    now: datetime,
    *,
    identity: DatabaseIdentity | None,
    advised: Advised | None,
    before: PolicyStatus | None,
) -> PolicyStatus:
    """The status of a policy after a pass.

    ``checked`` are the aspects that could be looked at, ``identity`` the database that the policy led to and ``advised`` what advice
    said last, both None where this process does not know yet: then what ``before`` says stands, over a restart too.
    """
    span, opening = open_span(policy.freeze_windows, now), next_opening(policy.freeze_windows, now)
    facts = PolicyFacts(
        policy=policy,
        findings=findings,
        checked=checked,
        freeze=Freeze(names=tuple(each.name for each in span.windows), until=span.end) if span else None,
        next_freeze=(opening[0].name, opening[1]) if opening else None,
        now=now,
    )
    conditions = policy_conditions(before.conditions if before else (), facts)
    ready = next(condition for condition in conditions if condition.type == "Ready")
    frozen = next(condition for condition in conditions if condition.type == "Frozen")
    said = advised or _advised_before(before)
    return PolicyStatus(
        observed_generation=policy.generation,
        effective=Effective(mode=policy.mode, aggressiveness=policy.aggressiveness),
        database=_title(identity) if identity else (before.database if before else ""),
        statements=said.statements,
        unplannable_share=said.unplannable_share,
        open_recommendations=sum(each.status.phase == "Pending" for each in recommendations),
        next_advice=said.next_advice,
        recommendations=summarize(recommendations) or said.summaries,
        conditions=conditions,
        message=sum_up(ready, frozen),
    )


def tell_claim(older: str) -> Finding:
    """What is wrong with a policy whose database an older one tends."""
    return Finding(
        aspect=Aspect.PERMITTED,
        reason="DatabaseClaimed",
        message=(
            f"TuningPolicy {older} is older and tends this database already; delete one of the two. Should they lead to two servers, one "
            "was made from the other's files (a base backup, a storage snapshot) and cannot be told from it: only one is tended."
        ),
    )


def is_stopped(findings: Iterable[Finding]) -> bool:
    """Whether a pass ends here: the database cannot be reached, or what is needed cannot be read."""
    return any(finding.fatal and finding.aspect in (Aspect.CONNECTED, Aspect.PERMITTED) for finding in findings)


def is_in_motion(recommendation: Recommendation) -> bool:
    """Whether something is to be done, under way or being measured: then the catalog has to be fresh."""
    status = recommendation.status
    return (
        status.intent is not None
        or is_usable(status.approval)
        or is_newly_approved(recommendation)
        or has_verdict(recommendation, Verdict.MEASURING, Verdict.REGRESSED)
    )


def _advised_before(before: PolicyStatus | None) -> Advised:
    if before is None:
        return Advised()
    return Advised(
        statements=before.statements,
        unplannable_share=before.unplannable_share,
        next_advice=before.next_advice,
        summaries=before.recommendations,
    )


def _title(identity: DatabaseIdentity) -> str:
    return f"{identity.name} on PostgreSQL {identity.server_version // 10000}"
