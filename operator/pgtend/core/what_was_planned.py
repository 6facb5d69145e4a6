"""What advice has to say of the part of the load that it does not rest on: findings for the policy's condition WhatIf."""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.compression import describe_coverage
from pgtend.core.policy_conditions import PARTLY_PLANNED
from pgtend.domain.advice import Advice
from pgtend.domain.finding import Aspect, Finding

SHARE_WORTH_SAYING = 0.01
"""Share of the load below which nothing is said of what could not be planned."""


def findings_on_left_out(advice: Advice, statements: int) -> Iterator[Finding]:
    """What could not be planned, when it is one percent of the load or more, and why most of it."""
    share = sum(each.share for each in advice.left_out)
    if share < SHARE_WORTH_SAYING:
        return
    reasons: dict[str, float] = {}
    for each in advice.left_out:
        reasons[each.reason] = reasons.get(each.reason, 0.0) + each.share
    first = max(reasons, key=lambda reason: (reasons[reason], reason))
    message = (
        f"{len(advice.left_out)} of {statements} statements, {100 * share:.0f} % of the load, could not be planned and get no "
        f"advice. Most of it because: {first}"
    )
    yield Finding(aspect=Aspect.WHAT_IF, reason=PARTLY_PLANNED, message=message, fatal=False)


def findings_on_coverage(advice: Advice) -> Iterator[Finding]:
    """That not all statements were planned one by one, where they were too many."""
    if advice.coverage is not None:
        message = describe_coverage(advice.coverage)
        yield Finding(aspect=Aspect.WHAT_IF, reason=PARTLY_PLANNED, message=message, fatal=False)
