"""The rules on changing a database: each looks at the facts about one thing and objects, or does not.

A rule answers None (no objection) or a Decision whose reason is the reason of the condition that shows it and whose message says
what is in the way and what to do. Wait passes by itself or with a setting; Refuse needs a new approval, a new proposal or nothing.
"""

from __future__ import annotations

from datetime import UTC

from pgtend.core.approval import is_usable
from pgtend.core.canonical import is_named_after
from pgtend.core.windows import OpenSpan, open_span
from pgtend.core.wording import freeze_in_words, size_in_words
from pgtend.domain.decision import Answer, ChangeFacts, Decision
from pgtend.domain.policy import FreezeRollback, Mode, RecurringWindow, RunningBuild
from pgtend.domain.recommendation import Action, ApprovalState, ConditionType

OUTGROWN_FACTOR = 2
"""A change whose size or write cost exceeds this many times what the approver saw needs a new approval."""

MATERIAL_SHARE = 0.1
"""Share of the promised gain below which more write cost is a trifle."""


def is_issued_here(facts: ChangeFacts) -> Decision | None:
    """Only a proposal that the operator issued, under the name that its hash gives, is ever executed."""
    recommendation = facts.recommendation
    if recommendation.invalid:
        return _refuse("NotIssued", f"The object cannot be read: {recommendation.invalid}")
    proposal = recommendation.status.proposal
    if proposal is None:
        return _refuse(
            "NotIssued",
            "pgtend has not proposed this. Where the workload calls for the same change, the proposal appears here.",
        )
    if not is_named_after(recommendation.name, facts.policy.name, proposal):
        return _refuse(
            "NotIssued",
            "The proposal does not belong to this object's name, so it is not executed. Delete the object; pgtend makes it anew.",
        )
    return None


def is_same_database(facts: ChangeFacts) -> Decision | None:
    """Approvals do not carry over to another database."""
    if facts.database_matches:
        return None
    return _refuse(
        "OtherDatabase",
        f"The Secret {facts.policy.observer_secret} leads to another database than the one this was proposed for. Point it back, or delete "
        "this recommendation.",
    )


def has_readable_policy(facts: ChangeFacts) -> Decision | None:
    """What a policy that cannot be read would forbid, a freeze above all, nobody knows: so nothing begins."""
    if facts.policy_problem is None:
        return None
    return _wait("PolicyInvalid", f"{facts.policy_problem} Nothing begins until it is corrected.")


def is_allowed_by_mode(facts: ChangeFacts) -> Decision | None:
    """In mode Observe nothing is executed, rollbacks included."""
    if facts.policy.mode is not Mode.OBSERVE:
        return None
    return _wait(
        "ModeObserve", "The policy is in mode Observe, in which nothing is changed. Set mode to Recommend or Auto."
    )


def is_not_suspended(facts: ChangeFacts) -> Decision | None:
    """While the policy is suspended nothing new starts."""
    if not facts.policy.suspended:
        return None
    return _wait("Suspended", "The policy is suspended: nothing new starts. Set spec.suspend of the policy to false.")


def has_tuner(facts: ChangeFacts) -> Decision | None:
    """Without a working tuner role nothing can be changed."""
    if facts.tuner_problem is None:
        return None
    return _wait("NoTuner", facts.tuner_problem)


def is_approved(facts: ChangeFacts) -> Decision | None:
    """An approval that nobody used yet is needed."""
    record = facts.recommendation.status.approval
    if is_usable(record):
        return None
    if record is not None and record.state is ApprovalState.REJECTED:
        return _refuse("Rejected", f"Rejected by {record.by}." if record.by else "Rejected.")
    if record is not None and record.consumed:
        return _refuse(
            "ReapprovalRequired",
            "The approval was used, or is older than the proposal. To approve anew set spec.approval to Pending, then to Approved.",
        )
    return _wait("Pending", "Waits for a person: set spec.approval to Approved or Rejected.")


def is_within_bounds(facts: ChangeFacts) -> Decision | None:
    """What has outgrown what the approver saw needs to be seen again."""
    proposal = facts.recommendation.status.proposal
    if proposal is None or proposal.action is Action.DROP:
        return None
    outgrown = []
    if facts.current_size_bytes > OUTGROWN_FACTOR * proposal.bounds.size_bytes:
        outgrown.append(
            f"the index would take {size_in_words(facts.current_size_bytes)} where {size_in_words(proposal.bounds.size_bytes)} were approved"
        )
    if _has_outgrown_in_writes(facts, proposal.bounds.write_cost):
        outgrown.append(
            f"keeping it up to date would cost {facts.current_write_cost:.0f} an hour where "
            f"{proposal.bounds.write_cost:.0f} were approved"
        )
    if not outgrown:
        return None
    return _refuse(
        "ReapprovalRequired",
        f"The table has changed since the approval: {', and '.join(outgrown)}. "
        "If that is still right, set spec.approval to Pending, then to Approved.",
    )


def _has_outgrown_in_writes(facts: ChangeFacts, approved: float) -> bool:
    """Twice what was approved, and not a trifle beside what the change promises: few writes vary by more than that."""
    evidence = facts.recommendation.status.evidence
    gain = evidence.cost_before - evidence.cost_after if evidence else 0.0
    more = facts.current_write_cost - approved
    return facts.current_write_cost > OUTGROWN_FACTOR * approved and more > MATERIAL_SHARE * gain


def has_table(facts: ChangeFacts) -> Decision | None:
    """The table must be there, and of a kind that can be indexed concurrently."""
    if not facts.table_exists:
        return _wait(
            "Preflight",
            f"The table {_table(facts)} is not there any more. Delete this recommendation if it stays away.",
        )
    if facts.table_problem is not None:
        return _wait("Preflight", facts.table_problem)
    return None


def is_still_missing(facts: ChangeFacts) -> Decision | None:
    """What is there already is not built a second time."""
    if facts.equivalent_exists is None or _action(facts) is not Action.CREATE:
        return None
    return _refuse(
        "Outdated",
        f"The index {facts.equivalent_exists} already is what was proposed: somebody built it, nothing is left to do.",
    )


def is_called_for(facts: ChangeFacts) -> Decision | None:
    """What the workload did not call for any more when it was approved is not made until it does again."""
    proposed = facts.recommendation.status.condition(ConditionType.PROPOSED)
    if proposed is None or proposed.reason != "Outdated":
        return None
    return _wait(
        "NotCalledFor",
        "The present workload does not call for this change any more. The approval is kept, and the change is made when the workload "
        "calls for it again.",
    )


def is_outside_freeze(facts: ChangeFacts) -> Decision | None:
    """No change begins inside a freeze window."""
    opened = open_span(facts.policy.freeze_windows, facts.now)
    if opened is None:
        return None
    return _wait("FreezeWindow", f"{_freeze(opened)} The change waits until the freeze is over.")


def fits_budget(facts: ChangeFacts) -> Decision | None:
    """The policy's upper limits hold for every change."""
    budgets = facts.policy.budgets
    if facts.changes_in_last_day >= budgets.max_changes_per_day:
        return _wait(
            "Budget",
            f"{facts.changes_in_last_day} changes were made in the last 24 hours and budgets.maxChangesPerDay is "
            f"{budgets.max_changes_per_day}. It goes on when the first of them is a day old.",
        )
    if _action(facts) is not Action.CREATE:
        return None
    if facts.indexes_on_table >= budgets.max_indexes_per_table:
        return _wait(
            "Budget",
            f"The table {_table(facts)} has {facts.indexes_on_table} indexes and budgets.maxIndexesPerTable is "
            f"{budgets.max_indexes_per_table}. Drop one that is not needed, or raise the limit.",
        )
    if budgets.index_storage is not None and facts.storage_added + facts.current_size_bytes > budgets.index_storage:
        return _wait(
            "Budget",
            f"The index would take {size_in_words(facts.current_size_bytes)} besides the {size_in_words(facts.storage_added)} that pgtend added "
            f"before, more than budgets.indexStorage of {size_in_words(budgets.index_storage)}. Raise the limit, or drop an index of pgtend's.",
        )
    return None


def has_build_slot(facts: ChangeFacts) -> Decision | None:
    """Only so many builds run at once."""
    limit = facts.policy.budgets.max_concurrent_builds
    if facts.running_builds < limit:
        return None
    return _wait(
        "BuildSlot",
        f"Builds under way: {facts.running_builds}; budgets.maxConcurrentBuilds is {limit}. It starts when one has finished.",
    )


def is_alone_on_table(facts: ChangeFacts) -> Decision | None:
    """With two unverified changes on one table nobody could tell which of them did what."""
    if facts.unverified_on_table is None:
        return None
    return _wait(
        "Unverified",
        f"{facts.unverified_on_table} on the same table is still being built or measured. This one follows when that is verified.",
    )


def has_baseline(facts: ChangeFacts) -> Decision | None:
    """Without a measurement of before there is nothing to compare with."""
    if facts.baseline_problem is None:
        return None
    return _wait("Baseline", facts.baseline_problem)


def has_no_blockers(facts: ChangeFacts) -> Decision | None:
    """A concurrent build waits for older snapshots and locks, and holds others up while it waits."""
    if not facts.blockers:
        return None
    return _wait(
        "Preflight", f"A build would have to wait for: {'; '.join(facts.blockers)}. It starts when they are gone."
    )


def may_roll_back_now(facts: ChangeFacts) -> Decision | None:
    """Inside a freeze window the policy says whether a rollback may go ahead."""
    opened = open_span(facts.policy.freeze_windows, facts.now)
    if opened is None or facts.policy.freeze_rollback is FreezeRollback.ALLOW:
        return None
    return _wait(
        "FreezeWindow",
        f"{_freeze(opened)} The rollback waits until the freeze is over; set freeze.rollback to Allow to have it done now.",
    )


def is_approval_standing(facts: ChangeFacts) -> Decision | None:
    """Taking the approval away is how a person stops a build."""
    record = facts.recommendation.status.approval
    if record is None or record.state is ApprovalState.APPROVED:
        return None
    if record.state is ApprovalState.REJECTED:
        return _refuse(
            "Rejected", "Rejected while the index was being built: the build is ended and its remains are removed."
        )
    return _refuse(
        "Pending",
        "The approval was taken away while the index was being built: the build is ended and its remains are removed.",
    )


def may_build_through_freeze(facts: ChangeFacts) -> Decision | None:
    """When a freeze begins the policy says whether a running build is cancelled."""
    opened = open_span(facts.policy.freeze_windows, facts.now)
    if opened is None or facts.policy.running_build is RunningBuild.FINISH:
        return None
    return _wait(
        "FreezeWindow",
        f"{_freeze(opened)} The running build is cancelled, its remains are removed, and it is done again after the freeze "
        "(freeze.runningBuild: Finish would let it go on).",
    )


def _wait(reason: str, message: str) -> Decision:
    return Decision(answer=Answer.WAIT, reason=reason, message=message)


def _refuse(reason: str, message: str) -> Decision:
    return Decision(answer=Answer.REFUSE, reason=reason, message=message)


def _action(facts: ChangeFacts) -> Action | None:
    proposal = facts.recommendation.status.proposal
    return proposal.action if proposal else None


def _table(facts: ChangeFacts) -> str:
    proposal = facts.recommendation.status.proposal
    return str(proposal.index.table_name) if proposal else "of the proposal"


def _freeze(opened: OpenSpan) -> str:
    *_, last = opened.windows
    zone = last.zone if isinstance(last, RecurringWindow) else UTC
    return freeze_in_words([window.name for window in opened.windows], opened.end, zone)
