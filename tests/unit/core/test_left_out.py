"""What could not be planned is said in the policy's condition, with its share of the load."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pgtend.core.policy_conditions import PARTLY_PLANNED, PolicyFacts, is_complaint, policy_conditions
from pgtend.core.what_was_planned import findings_on_left_out
from pgtend.domain.advice import Advice
from pgtend.domain.finding import Aspect
from pgtend.domain.policy import Aggressiveness, Mode, Policy, WhatIfSource
from pgtend.domain.recommendation import ConditionStatus
from pgtend.domain.workload import UnplannableStatement

NOW = datetime(2026, 11, 24, tzinfo=UTC)
POLICY = Policy(
    namespace="shop",
    name="bookings",
    uid="1",
    generation=1,
    created_at=NOW,
    mode=Mode.RECOMMEND,
    aggressiveness=Aggressiveness.CONSERVATIVE,
    suspended=False,
    collect_interval=timedelta(seconds=60),
    tune_interval=timedelta(minutes=15),
    what_if=WhatIfSource.PRIMARY,
    observer_secret="observer",
    tuner_secret=None,
)


def advice(*shares: float) -> Advice:
    left_out = tuple(
        UnplannableStatement(id=f"queryid {number}", reason=f"Reason {number % 2}.", share=share)
        for number, share in enumerate(shares)
    )
    return Advice(changes=(), cost_before=1.0, cost_after=1.0, left_out=left_out)


def test_the_condition_names_the_share_and_what_most_of_it_is_due_to() -> None:
    findings = tuple(findings_on_left_out(advice(0.1, 0.15, 0.1), 40))
    facts = PolicyFacts(policy=POLICY, findings=findings, checked=frozenset(Aspect), freeze=None, now=NOW)
    condition = next(each for each in policy_conditions((), facts) if each.type == Aspect.WHAT_IF)
    assert condition.status is ConditionStatus.TRUE
    assert condition.reason == PARTLY_PLANNED
    assert condition.message == (
        "3 of 40 statements, 35 % of the load, could not be planned and get no advice. Most of it because: Reason 0."
    )
    assert not is_complaint(condition)


@pytest.mark.parametrize("shares", [(), (0.004, 0.003)])
def test_next_to_nothing_is_not_worth_a_word(shares: tuple[float, ...]) -> None:
    assert list(findings_on_left_out(advice(*shares), 40)) == []
