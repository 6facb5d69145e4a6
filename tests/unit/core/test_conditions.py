"""Conditions, phases and the state machine of a recommendation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pgtend.core import transitions
from pgtend.core.conditions import KEPT_TRANSITIONS, with_condition
from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.decision import Answer, Decision
from pgtend.domain.index import Index, IndexColumn
from pgtend.domain.recommendation import (
    Action,
    ApprovalRecord,
    ApprovalState,
    Bounds,
    ConditionStatus,
    ConditionType,
    Intent,
    IntentKind,
    Proposal,
    RecommendationStatus,
)
from pgtend.domain.verification import Judgement, Measurement, Verdict

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
INDEX = Index(schema="public", table="bookings", columns=(IndexColumn(column="vendor_id"),))
MEASUREMENT = Measurement(slice_seconds=5.0, before_from=NOW, before_to=LATER, treated=(), controls=())
INTENT = Intent(kind=IntentKind.BUILD, index_name="bookings_idx", definition="CREATE INDEX …", at=NOW)


def approved() -> RecommendationStatus:
    identity = DatabaseIdentity(system_identifier="1", oid=2, name="shop", server_version=150000)
    proposal = Proposal(
        action=Action.CREATE,
        index=INDEX,
        hash="ab" * 32,
        database=identity,
        bounds=Bounds(size_bytes=10, write_cost=1.0),
    )
    status = RecommendationStatus(
        proposal=proposal, approval=ApprovalRecord(state=ApprovalState.APPROVED, by="ann", at=NOW)
    )
    for kind, reason in ((ConditionType.PROPOSED, "Issued"), (ConditionType.APPROVED, "Human")):
        status = with_condition(status, kind, ConditionStatus.TRUE, reason, "", now=NOW, generation=1)
    return status


def wait(reason: str) -> Decision:
    return Decision(answer=Answer.WAIT, reason=reason, message=f"It waits: {reason}.")


def building() -> RecommendationStatus:
    return transitions.begin(approved(), INTENT, MEASUREMENT, NOW, 1)


def built() -> RecommendationStatus:
    return transitions.complete(building(), MEASUREMENT, "Built.", LATER, 1)


def judged(verdict: Verdict) -> RecommendationStatus:
    return transitions.judge_change(built(), MEASUREMENT, Judgement(verdict=verdict, message=""), LATER, 1)


def rolling_back() -> RecommendationStatus:
    undo = replace(INTENT, kind=IntentKind.UNDO_BUILD)
    return transitions.begin_undo(judged(Verdict.REGRESSED), undo, "It hurt.", LATER, 1)


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        pytest.param(approved(), "Approved", id="approved"),
        pytest.param(transitions.wait_for(approved(), wait("FreezeWindow"), NOW, 1), "Waiting", id="waiting"),
        pytest.param(building(), "Building", id="building"),
        pytest.param(built(), "Measuring", id="built"),
        pytest.param(judged(Verdict.IMPROVED), "Improved", id="improved"),
        pytest.param(judged(Verdict.INCONCLUSIVE), "Inconclusive", id="inconclusive"),
        pytest.param(rolling_back(), "RollingBack", id="rolling back"),
        pytest.param(transitions.complete_undo(rolling_back(), "", LATER, 1), "RolledBack", id="rolled back"),
        pytest.param(transitions.removed_by_others(built(), "", LATER, 1), "RemovedByOthers", id="removed by others"),
        pytest.param(transitions.fail(building(), "No.", LATER, 1, clean_up=True), "Failed", id="failed"),
    ],
)
def test_derives_the_phase_from_the_conditions(status: RecommendationStatus, phase: str) -> None:
    assert status.phase == phase


def test_keeps_since_while_the_status_stays_and_notes_each_new_reason() -> None:
    status = transitions.wait_for(approved(), wait("FreezeWindow"), NOW, 1)
    again = transitions.wait_for(status, wait("Baseline"), LATER, 1)
    applied = again.condition(ConditionType.APPLIED)
    assert applied is not None
    assert (applied.since, applied.reason) == (NOW, "Baseline")
    assert [each.reason for each in again.transitions][-2:] == ["FreezeWindow", "Baseline"]


def test_notes_no_transition_when_only_the_message_changes() -> None:
    status = transitions.wait_for(approved(), wait("Baseline"), NOW, 1)
    again = transitions.wait_for(status, replace(wait("Baseline"), message="Other words."), LATER, 1)
    assert again.transitions == status.transitions


def test_keeps_the_last_transitions_only() -> None:
    status = approved()
    for number in range(50):
        status = transitions.wait_for(status, wait(f"Reason{number}"), NOW, 1)
    assert len(status.transitions) == KEPT_TRANSITIONS
    assert status.transitions[-1].reason == "Reason49"


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(building(), id="building"),
        pytest.param(judged(Verdict.IMPROVED), id="improved"),
        pytest.param(rolling_back(), id="rolling back"),
        pytest.param(transitions.removed_by_others(built(), "", LATER, 1), id="removed by others"),
        pytest.param(transitions.fail(building(), "No.", LATER, 1, clean_up=False), id="failed"),
    ],
)
def test_spends_the_approval_with_the_first_step(status: RecommendationStatus) -> None:
    assert status.approval is not None
    assert status.approval.consumed


def test_gives_the_approval_back_when_a_build_was_ended_for_a_freeze() -> None:
    status = transitions.abandon(building(), wait("FreezeWindow"), LATER, 1)
    assert status.intent is None
    assert status.approval is not None
    assert not status.approval.consumed
    assert status.phase == "Waiting"


def test_intends_to_clear_away_what_a_failed_build_left_and_stays_failed() -> None:
    status = transitions.fail(building(), "No space.", LATER, 1, clean_up=True)
    assert status.intent is not None
    assert status.intent.kind is IntentKind.UNDO_BUILD
    cleared = transitions.complete_undo(status, "Gone.", LATER, 1)
    assert (cleared.intent, cleared.phase) == (None, "Failed")


def test_shows_the_new_bounds_when_a_change_has_outgrown_the_approved_ones() -> None:
    outgrown = Decision(answer=Answer.REFUSE, reason="ReapprovalRequired", message="It has grown.")
    status = transitions.refuse(approved(), outgrown, Bounds(size_bytes=99, write_cost=9.0), LATER, 1)
    assert status.proposal is not None
    assert status.proposal.bounds.size_bytes == 99
    condition = status.condition(ConditionType.APPROVED)
    assert condition is not None
    assert (condition.status, condition.reason) == (ConditionStatus.FALSE, "ReapprovalRequired")
