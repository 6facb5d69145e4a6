"""What a policy's status says while this process knows less than the one before it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pgtend.core.policy_report import is_in_motion, is_stopped, report_policy
from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.finding import Aspect, Finding
from pgtend.domain.policy_status import Advised, PolicyStatus, RecommendationSummary
from pgtend.domain.recommendation import ConditionStatus, IntentKind, Recommendation
from tests.unit.pipeline.fakes import HERE, NOW
from tests.unit.pipeline.world import PLAIN, applied, intend, recommend

CHECKED = frozenset(Aspect)
LINE = RecommendationSummary(name="a", action="Create", table="public.orders", benefit_percent=50.0, phase="Advised")
ADVISED = Advised(statements=7, unplannable_share=0.25, next_advice=NOW + timedelta(hours=1), summaries=(LINE,))
TRUE = ConditionStatus.TRUE


def _report(
    identity: DatabaseIdentity | None = None, advised: Advised | None = None, before: PolicyStatus | None = None
) -> PolicyStatus:
    return report_policy(PLAIN, (), CHECKED, (), NOW, identity=identity, advised=advised, before=before)


def test_what_was_said_before_a_restart_stands_until_it_can_be_said_anew() -> None:
    before = _report(HERE, ADVISED)
    assert (before.database, before.statements, before.recommendations) == ("shop on PostgreSQL 16", 7, (LINE,))
    assert _report(before=before) == before
    assert _report(advised=Advised(statements=9), before=before).statements == 9


def test_nothing_is_said_of_what_nobody_knows() -> None:
    status = _report()
    assert (status.database, status.statements, status.next_advice, status.recommendations) == ("", 0, None, ())


def test_what_is_recommended_is_shown_in_place_of_what_was_advised() -> None:
    change = recommend(approved=False)
    status = report_policy(PLAIN, (), CHECKED, (change,), NOW, identity=HERE, advised=ADVISED, before=None)
    assert [line.name for line in status.recommendations] == [change.name]


@pytest.mark.parametrize(
    ("aspect", "fatal", "stopped"),
    [
        (Aspect.CONNECTED, True, True),
        (Aspect.PERMITTED, True, True),
        (Aspect.PERMITTED, False, False),
        (Aspect.WHAT_IF, True, False),
        (Aspect.TUNER_READY, True, False),
    ],
)
def test_a_pass_is_stopped_by_what_keeps_it_from_reading(aspect: Aspect, fatal: bool, stopped: bool) -> None:
    assert is_stopped([Finding(aspect=aspect, reason="Said", message="Said.", fatal=fatal)]) is stopped


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        pytest.param(recommend(approved=False), False, id="nobody has decided"),
        pytest.param(recommend(), True, id="approved"),
        pytest.param(recommend(intent=intend(IntentKind.BUILD)), True, id="under way"),
        pytest.param(applied(recommend(), TRUE, "Done", verified="Measuring"), True, id="measured"),
        pytest.param(applied(recommend(), TRUE, "Done", verified="Regressed"), True, id="to be taken back"),
    ],
)
def test_the_catalog_has_to_be_fresh_for_what_is_in_motion(change: Recommendation, moves: bool) -> None:
    assert is_in_motion(change) is moves
