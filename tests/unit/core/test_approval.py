from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pgtend.core.approval import (
    POLICY,
    UNKNOWN_APPROVER,
    ApprovalStep,
    consume,
    give_back,
    is_usable,
    require_again,
    take_approval,
)
from pgtend.domain.decision import Answer, Decision
from pgtend.domain.recommendation import ApprovalRecord, ApprovalState, ConditionStatus

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)
PENDING, APPROVED, REJECTED = ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.REJECTED
POLICY_SAYS_YES = Decision(answer=Answer.PROCEED, reason="Policy", message="A plain index.")
POLICY_SAYS_NO = Decision(answer=Answer.WAIT, reason="Pending", message="The index is partial.")


def look(
    previous: ApprovalRecord | None,
    state: ApprovalState,
    *,
    new: bool = False,
    by: str = "ada",
    policy: Decision | None = None,
    generation: int = 0,
    unapproved_at: int = 0,
) -> ApprovalStep:
    return take_approval(previous, state, by, "", NOW, new, policy, generation=generation, unapproved_at=unapproved_at)


WAITING = ApprovalRecord(state=PENDING)
GIVEN = ApprovalRecord(state=APPROVED, by="ada", at=NOW)
USED = consume(GIVEN)
OLDER = ApprovalRecord(state=PENDING, by="ada", at=NOW, consumed=True)
REFUSED = ApprovalRecord(state=REJECTED, by="ada", at=NOW)
BY_POLICY = ApprovalRecord(state=APPROVED, by=POLICY, at=NOW)


@pytest.mark.parametrize(
    ("previous", "state", "new", "reason", "usable"),
    [
        pytest.param(None, PENDING, True, "Pending", False, id="a new proposal waits for a person"),
        pytest.param(None, APPROVED, True, "ReapprovalRequired", False, id="an approval older than the proposal"),
        pytest.param(None, APPROVED, False, "ReapprovalRequired", False, id="an approval without a record before it"),
        pytest.param(None, REJECTED, True, "Rejected", False, id="a rejection older than the proposal holds"),
        pytest.param(WAITING, APPROVED, False, "Human", True, id="an approval of what was seen"),
        pytest.param(GIVEN, APPROVED, False, "Human", True, id="stays until it is used"),
        pytest.param(GIVEN, PENDING, False, "Pending", False, id="taken away before it is used"),
        pytest.param(GIVEN, REJECTED, False, "Rejected", False, id="turned into a rejection"),
        pytest.param(GIVEN, APPROVED, True, "ReapprovalRequired", False, id="the proposal was renewed under it"),
        pytest.param(USED, APPROVED, False, "Human", False, id="used once and never again"),
        pytest.param(USED, PENDING, False, "Pending", False, id="taken away after it was used"),
        pytest.param(OLDER, APPROVED, False, "ReapprovalRequired", False, id="not taken later either"),
        pytest.param(OLDER, PENDING, False, "Pending", False, id="set to Pending"),
        pytest.param(REFUSED, APPROVED, False, "Human", True, id="a rejection reconsidered"),
        pytest.param(REFUSED, PENDING, False, "Pending", False, id="a rejection taken back"),
    ],
)
def test_what_the_spec_says_becomes_a_record(
    previous: ApprovalRecord | None, state: ApprovalState, new: bool, reason: str, usable: bool
) -> None:
    step = look(previous, state, new=new)
    assert step.reason == reason
    assert is_usable(step.record) is usable
    assert (step.status is ConditionStatus.TRUE) is (reason == "Human")


def test_an_older_approval_is_taken_after_pending_and_approved() -> None:
    older = look(None, APPROVED, new=True)
    assert "Pending" in older.message
    seen = look(older.record, PENDING)
    assert is_usable(look(seen.record, APPROVED).record)


@pytest.mark.parametrize(
    ("previous", "unapproved_at", "usable"),
    [
        pytest.param(replace(USED, generation=5), 6, True, id="it was Pending for a moment"),
        pytest.param(replace(OLDER, generation=5), 6, True, id="one older than the proposal was renewed"),
        pytest.param(replace(USED, generation=5), 4, False, id="it was Pending before that approval only"),
        pytest.param(
            replace(USED, generation=5), 0, False, id="nobody saw it at anything else: a comment, or an edit unseen"
        ),
        pytest.param(replace(OLDER, generation=5), 5, False, id="one older than the proposal stays that"),
    ],
)
def test_an_approval_renewed_between_two_looks_is_a_new_one(
    previous: ApprovalRecord, unapproved_at: int, usable: bool
) -> None:
    step = look(previous, APPROVED, generation=7, unapproved_at=unapproved_at)
    assert is_usable(step.record) is usable
    used = consume(step.record) if usable else step.record
    again = look(used, APPROVED, generation=8, unapproved_at=unapproved_at)
    assert again.record == used


def test_an_approval_renewed_while_a_proposal_is_issued_is_older_than_it() -> None:
    step = look(replace(GIVEN, generation=5), APPROVED, new=True, generation=7, unapproved_at=6)
    assert step.reason == "ReapprovalRequired"


def test_of_a_used_approval_it_is_said_that_it_was_used() -> None:
    assert "has been used" in look(USED, APPROVED).message
    assert "has been used" not in look(GIVEN, APPROVED).message


def test_the_record_does_not_change_while_the_spec_does_not() -> None:
    later = NOW + timedelta(hours=1)
    for record, state in [
        (GIVEN, APPROVED),
        (USED, APPROVED),
        (OLDER, APPROVED),
        (REFUSED, REJECTED),
        (WAITING, PENDING),
    ]:
        assert take_approval(record, state, "eve", "other", later, False).record == record


def test_who_approved_is_never_guessed() -> None:
    assert look(WAITING, APPROVED, by="").record.by == UNKNOWN_APPROVER
    assert look(WAITING, APPROVED, by=POLICY).record.by != POLICY


def test_the_policy_approves_what_nobody_decided() -> None:
    step = look(WAITING, PENDING, policy=POLICY_SAYS_YES)
    assert (step.reason, step.record.by, is_usable(step.record)) == ("Policy", POLICY, True)
    assert look(None, PENDING, new=True, policy=POLICY_SAYS_YES).reason == "Policy"
    assert POLICY_SAYS_NO.message in look(WAITING, PENDING, policy=POLICY_SAYS_NO).message


@pytest.mark.parametrize("before", [USED, GIVEN, REFUSED, OLDER], ids=["used", "given", "rejected", "older"])
def test_the_policy_never_overrules_a_person(before: ApprovalRecord) -> None:
    step = look(before, PENDING, policy=POLICY_SAYS_YES)
    assert step.reason == "Pending"
    assert look(step.record, PENDING, policy=POLICY_SAYS_YES).reason == "Pending"


def test_the_policys_own_approval_is_used_once_and_lapses_with_the_mode() -> None:
    assert look(BY_POLICY, PENDING, policy=POLICY_SAYS_NO).record == WAITING
    used = look(consume(BY_POLICY), PENDING, policy=POLICY_SAYS_YES)
    assert used.reason == "Policy"
    assert not is_usable(used.record)


def test_a_person_may_approve_again_what_the_policy_approved_once() -> None:
    step = look(consume(BY_POLICY), APPROVED)
    assert (step.reason, is_usable(step.record)) == ("Human", True)


def test_only_a_usable_approval_is_consumed() -> None:
    for record in (WAITING, USED, OLDER, REFUSED):
        with pytest.raises(ValueError, match="missing or was used"):
            consume(record)


def test_an_approval_is_given_back_only_while_it_stands() -> None:
    assert give_back(USED) == GIVEN
    assert not is_usable(give_back(look(USED, PENDING).record))


def test_an_outgrown_approval_must_be_given_anew() -> None:
    outgrown = require_again(GIVEN, NOW)
    assert look(outgrown, APPROVED).reason == "ReapprovalRequired"
    assert is_usable(look(look(outgrown, PENDING).record, APPROVED).record)


class Approvals(RuleBasedStateMachine):
    """People edit, the operator looks and acts, in any order; every use needs a decision of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.state = PENDING
        self.generation = 1
        self.unapproved_at = 1
        self.record: ApprovalRecord | None = None
        self.decisions = 0
        """Times that somebody set Approved (or the policy may have) while a proposal could be seen."""
        self.uses = 0
        self.policy_uses = 0

    @rule(state=st.sampled_from(ApprovalState))
    def edit(self, state: ApprovalState) -> None:
        if state is APPROVED and self.state is not APPROVED and self.record is not None:
            self.decisions += 1
        self.generation += state is not self.state
        self.state = state
        if state is not APPROVED:
            self.unapproved_at = self.generation

    @rule()
    def comment(self) -> None:
        self.generation += 1
        if self.state is not APPROVED:
            self.unapproved_at = self.generation

    @rule(new=st.booleans(), policy=st.sampled_from([None, POLICY_SAYS_YES, POLICY_SAYS_NO]))
    def look(self, new: bool, policy: Decision | None) -> None:
        if self.record is None:
            new = True
        step = look(
            self.record,
            self.state,
            new=new,
            policy=policy,
            generation=self.generation,
            unapproved_at=self.unapproved_at,
        )
        if is_usable(step.record):
            assert self.state is (PENDING if step.record.by == POLICY else APPROVED)
        self.record = step.record

    @precondition(lambda self: is_usable(self.record))
    @rule()
    def act(self) -> None:
        assert self.record is not None
        if self.record.by == POLICY:
            self.policy_uses += 1
        else:
            self.uses += 1
        self.record = consume(self.record)

    @precondition(lambda self: self.record is not None and self.record.state is APPROVED and not self.record.consumed)
    @rule()
    def outgrow(self) -> None:
        assert self.record is not None
        self.record = require_again(self.record, NOW)

    @invariant()
    def an_approval_is_never_used_twice(self) -> None:
        assert self.uses <= self.decisions
        assert self.policy_uses <= 1


Approvals.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestApprovals = Approvals.TestCase
