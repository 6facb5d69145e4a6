"""Which of a policy's conditions deserve an Event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pgtend.core.policy_conditions import Freeze, PolicyFacts, is_complaint, policy_conditions, sum_up, worth_saying
from pgtend.domain.finding import Aspect, Finding
from pgtend.domain.policy import Mode, Policy
from pgtend.domain.recommendation import Condition, ConditionStatus
from tests.unit.pipeline.world import PLAIN

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


def condition(kind: str, status: ConditionStatus, reason: str, message: str = "What it is.") -> Condition:
    return Condition(type=kind, status=status, reason=reason, message=message, since=datetime(2026, 1, 1, tzinfo=UTC))


WELL = condition("Connected", TRUE, "Connected")
TENDING = condition("Ready", TRUE, "Tending")
REFUSED = condition("Connected", FALSE, "AuthenticationFailed", "Correct the secret.")
UNREADY = condition("Ready", FALSE, "AuthenticationFailed", "Correct the secret.")
HIDDEN = condition("Permitted", TRUE, "TablesUnreadable", "Run it again.")
FROZEN = condition("Frozen", TRUE, "FreezeWindow", "Open until tomorrow.")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param((), (WELL, TENDING), (TENDING,), id="all is well for the first time"),
        pytest.param((WELL, TENDING), (WELL, TENDING), (), id="nothing new"),
        pytest.param((WELL, TENDING), (REFUSED, UNREADY), (REFUSED,), id="Ready only repeats"),
        pytest.param((REFUSED, UNREADY), (REFUSED, UNREADY), (), id="still refused"),
        pytest.param((REFUSED, UNREADY), (WELL, TENDING), (TENDING,), id="mended"),
        pytest.param((WELL, TENDING), (WELL, HIDDEN, TENDING), (HIDDEN,), id="something that can be lived with"),
        pytest.param((TENDING,), (FROZEN, TENDING), (FROZEN,), id="a freeze begins"),
        pytest.param((FROZEN,), (condition("Frozen", FALSE, "NoFreeze"),), (), id="a freeze ends"),
        pytest.param((), (condition("TunerReady", FALSE, "NoTuner"),), (), id="no tuner is a choice"),
        pytest.param((WELL,), (condition("Connected", UNKNOWN, "NotChecked"),), (), id="not looked at"),
    ],
)
def test_only_what_is_new_and_not_well_is_said(
    before: tuple[Condition, ...], after: tuple[Condition, ...], said: tuple[Condition, ...]
) -> None:
    assert worth_saying(before, after) == said


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(REFUSED, True, id="refused"),
        pytest.param(HIDDEN, True, id="something that can be lived with"),
        pytest.param(TENDING, False, id="ready"),
        pytest.param(FROZEN, False, id="frozen"),
        pytest.param(condition("Ready", FALSE, "Suspended"), False, id="suspended"),
    ],
)
def test_a_complaint_is_what_somebody_should_mend(given: Condition, expected: bool) -> None:
    assert is_complaint(given) is expected


@pytest.mark.parametrize(
    ("freeze", "following", "says"),
    [
        pytest.param(None, None, "No freeze window is open.", id="none ever"),
        pytest.param(
            None,
            ("saturdays", datetime(2026, 11, 28, tzinfo=UTC)),
            "No freeze window is open. The next one is saturdays, from 2026-11-28 00:00 UTC.",
            id="one to come",
        ),
        pytest.param(
            Freeze(names=("launch",), until=datetime(2026, 12, 1, tzinfo=UTC)),
            ("saturdays", datetime(2026, 11, 28, tzinfo=UTC)),
            'The freeze window "launch" is open until 2026-12-01 00:00 UTC. Nothing is changed until the freeze is over.',
            id="one that is open",
        ),
        pytest.param(
            Freeze(names=("always",), until=None),
            None,
            'The freeze window "always" is open, and no end of it is in sight. Nothing is changed until the freeze is over.',
            id="one that never closes",
        ),
    ],
)
def test_says_until_when_a_freeze_lasts_or_when_the_next_one_begins(
    freeze: Freeze | None, following: tuple[str, datetime] | None, says: str
) -> None:
    facts = PolicyFacts(
        policy=PLAIN,
        findings=(),
        checked=frozenset(),
        freeze=freeze,
        now=datetime(2026, 11, 27, tzinfo=UTC),
        next_freeze=following,
    )
    (frozen,) = [each for each in policy_conditions((), facts) if each.type == "Frozen"]
    assert frozen.message == says


MISSING = Finding(aspect=Aspect.TUNER_READY, reason="SecretNotReadable", message="Apply the Role.")
NO_HYPOPG = Finding(aspect=Aspect.WHAT_IF, reason="HypoPGMissing", message="Install it.", fatal=False)


@pytest.mark.parametrize(
    ("policy", "finding", "expected"),
    [
        pytest.param(PLAIN, MISSING, (FALSE, "SecretNotReadable"), id="the tuner that is named cannot work"),
        pytest.param(replace(PLAIN, mode=Mode.OBSERVE), MISSING, (TRUE, "Tending"), id="nothing is to be changed"),
        pytest.param(replace(PLAIN, tuner_secret=None), None, (TRUE, "NoTuner"), id="no tuner is named"),
        pytest.param(PLAIN, NO_HYPOPG, (TRUE, "HypoPGMissing"), id="advice by rules"),
        pytest.param(PLAIN, None, (TRUE, "Tending"), id="all is well"),
    ],
)
def test_a_policy_is_ready_when_pgtend_can_do_what_it_asks_for(
    policy: Policy, finding: Finding | None, expected: tuple[ConditionStatus, str]
) -> None:
    facts = PolicyFacts(
        policy=policy,
        findings=[finding] if finding else [],
        checked=frozenset(Aspect),
        freeze=None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    ready = next(each for each in policy_conditions((), facts) if each.type == "Ready")
    assert (ready.status, ready.reason) == expected


@pytest.mark.parametrize(
    ("ready", "message"),
    [
        pytest.param(TENDING, "Open until tomorrow.", id="nothing else is to be said"),
        pytest.param(
            condition("Ready", FALSE, "Suspended", "Nothing starts."),
            "Nothing starts. Open until tomorrow.",
            id="suspended besides",
        ),
    ],
)
def test_the_sentence_of_a_frozen_policy_speaks_of_what_its_reason_names(ready: Condition, message: str) -> None:
    assert sum_up(ready, FROZEN) == message


def test_what_two_looks_find_alike_is_said_once() -> None:
    facts = PolicyFacts(
        policy=PLAIN,
        findings=[NO_HYPOPG, replace(NO_HYPOPG), replace(NO_HYPOPG, message="Load it.")],
        checked=frozenset(Aspect),
        freeze=None,
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    (what_if,) = (each for each in policy_conditions((), facts) if each.type == Aspect.WHAT_IF)
    assert what_if.message == "Install it. Load it."
