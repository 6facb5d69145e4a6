"""`kubectl get` at 80 columns, and what `-o wide` says more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.recommendation import ApprovalRecord, ApprovalState, ConditionStatus, RecommendationStatus
from pgtend.domain.verification import Judgement, Verdict
from pgtend.kube.conversion import policy_status_to_object, status_to_object
from tests.integration.kube_objects.kubectl import APPLY_STATUS, Kubectl, policy, recommendation
from tests.integration.kube_objects.statuses import PROPOSED, REFUSED, WATCHING, condition, written

VERIFIED = replace(
    PROPOSED,
    approval=ApprovalRecord(state=ApprovalState.APPROVED, by="ann@example.com", consumed=True),
    judgement=Judgement(verdict=Verdict.IMPROVED, message="It helped.", percent=-91.2),
    conditions=(*PROPOSED.conditions, condition("Verified", ConditionStatus.TRUE, "Improved", "Faster by 91 %.")),
    phase="Improved",
)


@pytest.fixture(scope="module")
def filled(shop: Kubectl) -> Kubectl:
    """A namespace with policies and recommendations in several states."""
    for name, status in (("bookings", WATCHING), ("search", REFUSED)):
        shop("create", "-f", "-", send=policy(name))
        shop(*APPLY_STATUS, send=written(policy(name), policy_status_to_object(status)))
    states: dict[str, RecommendationStatus] = {
        "bookings-payments-3fa9c1d2": PROPOSED,
        "bookings-timelines-0b9be2a7": VERIFIED,
        "bookings-guests-77aa10ce": replace(PROPOSED, phase="ReapprovalRequired"),
    }
    for name, state in states.items():
        decision = "Approved" if state is VERIFIED else "Pending"
        manifest = recommendation(name, approval=decision)
        shop("create", "-f", "-", send=manifest)
        shop(*APPLY_STATUS, send=written(manifest, status_to_object(state)))
    return shop


def columns(table: str) -> list[str]:
    """The headings."""
    return table.splitlines()[0].split()


def test_a_policy_reads_well_at_80_columns(filled: Kubectl) -> None:
    table = filled("get", "tp")
    assert max(map(len, table.splitlines())) <= 80, table
    assert columns(table) == ["NAME", "MODE", "READY", "SEES", "NEXT", "WHY"]
    assert "212 queries" in table
    assert "14:15Z" in table
    assert "AuthenticationFailed" in table


def test_a_policy_says_more_when_asked(filled: Kubectl) -> None:
    table = filled("get", "tp", "-o", "wide")
    assert columns(table)[6:] == ["AGGRESSIVENESS", "OPEN", "DATABASE", "FROZEN", "AGE", "MESSAGE"]
    assert "marketplace@15.20" in table
    assert "mend the Secret bookings-observer" in table


def test_a_recommendation_reads_well_at_80_columns(filled: Kubectl) -> None:
    table = filled("get", "idxrec")
    assert max(map(len, table.splitlines())) <= 80, table
    assert columns(table) == ["NAME", "ACTION", "KEYS", "GAIN", "PHASE"]
    assert "booking_id,l…" in table
    assert "93%" in table
    assert "ReapprovalRequired" in table


def test_a_recommendation_says_more_when_asked(filled: Kubectl) -> None:
    table = filled("get", "idxrec", "-o", "wide")
    assert columns(table)[5:] == [
        "AGE",
        "APPROVAL",
        "TABLE",
        "INDEX",
        "SIZE",
        "SAVED",
        "RISK",
        "MEASURED",
        "BY",
        "MESSAGE",
    ]
    assert "booking_id,lower(payer),due_at:desc +amount" in table
    for part in ("42Mi", "1,234s/h", "-91%", "ann@example.com", "Faster by 91 %.", "set spec.approval"):
        assert part in table


def test_everything_of_pgtend_is_listed_together(filled: Kubectl) -> None:
    names = filled("get", "pgtend", "-o", "name").split()
    assert len(names) == 5


def test_conditions_can_be_waited_for(filled: Kubectl) -> None:
    filled("wait", "--for=condition=Ready", "--timeout=5s", "tp/bookings")
    filled("wait", "--for=condition=Verified", "--timeout=5s", "idxrec/bookings-timelines-0b9be2a7")
