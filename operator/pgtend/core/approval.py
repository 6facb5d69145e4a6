"""How a person's decision in the spec becomes the operator's record of it: each approval is used once.

The record says what may be done; the spec only says what somebody wrote. Three cases keep the two apart:

- an Approved that stood in the spec before the proposal (or before its bounds were renewed) is held as a Pending record that is
  marked consumed: it becomes takeable only after the spec was seen at Pending;
- a used approval stays Approved and consumed until the spec is known to have said something else: at a look, or in between, when
  somebody set Pending and Approved again before the next look came (``unapproved_at``: the watch saw it, or the API server wrote
  down which change of the spec was the last of the approval). That the spec changed proves nothing by itself: who may comment may
  not always approve, and a comment changes it too;
- once a person has decided anything (``at`` is set), the policy does not approve by itself any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pgtend.domain.decision import Answer, Decision
from pgtend.domain.recommendation import ApprovalRecord, ApprovalState, ConditionStatus

POLICY = "policy (mode Auto)"
"""``by`` of an approval that the policy gave. A person of that name is recorded as "user …"."""

UNKNOWN_APPROVER = "unknown: this cluster does not stamp who approved"


@dataclass(frozen=True, kw_only=True)
class ApprovalStep:
    """The record as it is now, and what the condition Approved says."""

    record: ApprovalRecord
    status: ConditionStatus
    reason: str
    message: str


def take_approval(
    previous: ApprovalRecord | None,
    spec_state: ApprovalState,
    by: str,
    comment: str,
    now: datetime,
    proposal_is_new: bool,
    policy_decision: Decision | None = None,
    *,
    generation: int = 0,
    unapproved_at: int = 0,
) -> ApprovalStep:
    """What to record of the spec's approval, given what was recorded before.

    ``generation`` is that of the spec, ``unapproved_at`` the latest one at which it is known not to have said Approved (0: none is).

    ``proposal_is_new`` says that the proposal (or its bounds) is being issued in this very step; the record must be written
    together with the proposal. Without a record the approval counts as older than the proposal: nobody can have seen what it would do.
    ``policy_decision`` is the answer of ``decide.policy_approves``; without it the policy approves nothing.
    The message speaks of a change that is still to be made; ``withdrawal.tell_withdrawal`` knows of one that was begun before.
    """
    if spec_state is ApprovalState.REJECTED:
        return _take_rejection(previous, by, comment, now, generation)
    if spec_state is ApprovalState.APPROVED:
        if previous is not None and not proposal_is_new and unapproved_at > previous.generation:
            previous = ApprovalRecord(state=ApprovalState.PENDING)
        return _take_approved(previous, by, comment, now, proposal_is_new, generation)
    return _take_pending(previous, now, policy_decision)


def is_usable(record: ApprovalRecord | None) -> bool:
    """Whether a change may be made under this record."""
    return record is not None and record.state is ApprovalState.APPROVED and not record.consumed


def is_taken_in(record: ApprovalRecord | None, spec_state: ApprovalState) -> bool:
    """Whether the record already says all that this approval in the spec would make it say."""
    if record is None:
        return spec_state is ApprovalState.PENDING
    if spec_state is ApprovalState.APPROVED:
        by_a_person = record.state is ApprovalState.APPROVED and record.by != POLICY
        return by_a_person or _awaits_pending(record)
    if spec_state is ApprovalState.PENDING and record.by == POLICY:
        return True
    return record.state is spec_state and not _awaits_pending(record)


def is_unused_policy_approval(record: ApprovalRecord) -> bool:
    """Whether the policy alone approved, and nothing has been begun under it."""
    return record.by == POLICY and is_usable(record)


def consume(record: ApprovalRecord) -> ApprovalRecord:
    """The record once its change begins (written together with the intent). Raises ValueError when it is not usable."""
    if not is_usable(record):
        raise ValueError("this approval is missing or was used before")
    return replace(record, consumed=True)


def give_back(record: ApprovalRecord) -> ApprovalRecord:
    """The record after pgtend itself ended a change that was not done yet (a freeze began): it may be used again.

    Only an approval that still stands is given back; one that was taken away meanwhile is not.
    """
    return replace(record, consumed=False) if record.state is ApprovalState.APPROVED else record


def require_again(record: ApprovalRecord, now: datetime) -> ApprovalRecord:
    """The record once the approval does not cover the change any more (it outgrew its bounds)."""
    return replace(record, state=ApprovalState.PENDING, by="", consumed=True, at=now)


def _take_rejection(
    previous: ApprovalRecord | None, by: str, comment: str, now: datetime, generation: int
) -> ApprovalStep:
    if previous is not None and previous.state is ApprovalState.REJECTED:
        record = previous
    else:
        record = ApprovalRecord(
            state=ApprovalState.REJECTED, by=_person(by), at=now, comment=comment, generation=generation
        )
    return ApprovalStep(
        record=record,
        status=ConditionStatus.FALSE,
        reason="Rejected",
        message=f"Rejected by {record.by}. It will not be made, nor proposed again under another name.",
    )


def _take_approved(
    previous: ApprovalRecord | None, by: str, comment: str, now: datetime, proposal_is_new: bool, generation: int
) -> ApprovalStep:
    if previous is None or proposal_is_new or _awaits_pending(previous):
        if previous is not None and _awaits_pending(previous):
            record = previous
        else:
            record = ApprovalRecord(
                state=ApprovalState.PENDING,
                by=_person(by),
                at=now,
                comment=comment,
                consumed=True,
                generation=generation,
            )
        return ApprovalStep(
            record=record,
            status=ConditionStatus.FALSE,
            reason="ReapprovalRequired",
            message="The approval was given before this proposal (or its present size and write cost) could be seen, so it is "
            "not taken. Look at status.proposal and status.evidence, then set spec.approval to Pending, and to Approved.",
        )
    if previous.state is ApprovalState.APPROVED and previous.by != POLICY:
        record = previous
    else:
        record = ApprovalRecord(
            state=ApprovalState.APPROVED, by=_person(by), at=now, comment=comment, generation=generation
        )
    used = "; this approval has been used" if record.consumed else ""
    message = f"Approved by {record.by}{used}."
    return ApprovalStep(record=record, status=ConditionStatus.TRUE, reason="Human", message=message)


def _take_pending(previous: ApprovalRecord | None, now: datetime, policy_decision: Decision | None) -> ApprovalStep:
    if previous is not None and previous.by == POLICY and _is_used(previous):
        return _approved_by_policy(previous, "Approved by the policy; this approval has been used.")
    untouched = previous is None or previous.at is None or previous.by == POLICY
    if untouched and policy_decision is not None and policy_decision.answer is Answer.PROCEED:
        fresh = ApprovalRecord(state=ApprovalState.APPROVED, by=POLICY, at=now)
        standing = previous if previous is not None and previous.by == POLICY else None
        return _approved_by_policy(standing or fresh, policy_decision.message)
    if untouched:
        # Also where the policy approved and does not any more (the mode was changed, say): nothing was done yet.
        record = ApprovalRecord(state=ApprovalState.PENDING)
    elif previous is not None and previous.state is ApprovalState.PENDING and not previous.consumed:
        record = previous
    else:
        record = ApprovalRecord(state=ApprovalState.PENDING, at=now)
    message = "Waits for a person: look at status.evidence, then set spec.approval to Approved or Rejected."
    if policy_decision is not None and untouched:
        message = f"{policy_decision.message} {message}"
    return ApprovalStep(
        record=record,
        status=ConditionStatus.FALSE,
        reason="Pending",
        message=message,
    )


def _approved_by_policy(record: ApprovalRecord, message: str) -> ApprovalStep:
    return ApprovalStep(record=record, status=ConditionStatus.TRUE, reason="Policy", message=message)


def _awaits_pending(record: ApprovalRecord) -> bool:
    return record.state is ApprovalState.PENDING and record.consumed


def _is_used(record: ApprovalRecord | None) -> bool:
    return record is not None and record.state is ApprovalState.APPROVED and record.consumed


def _person(by: str) -> str:
    if by == POLICY:
        return f"user {by}"
    return by or UNKNOWN_APPROVER
