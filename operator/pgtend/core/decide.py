"""May this step be taken now? Ordered tuples of rules; the first that objects decides.

A new rule is one function in ``rules`` and one line in a tuple here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pgtend.core import rules
from pgtend.domain.decision import Answer, ChangeFacts, Decision
from pgtend.domain.index import AccessMethod
from pgtend.domain.policy import Aggressiveness, Mode, Policy
from pgtend.domain.recommendation import Action, ConditionType, Evidence, Proposal, Risk

Rule = Callable[[ChangeFacts], Decision | None]

CHANGE_RULES: tuple[Rule, ...] = (
    rules.is_issued_here,
    rules.is_same_database,
    rules.has_readable_policy,
    rules.is_allowed_by_mode,
    rules.is_not_suspended,
    rules.has_tuner,
    rules.is_approved,
    rules.is_within_bounds,
    rules.has_table,
    rules.is_still_missing,
    rules.is_called_for,
    rules.is_outside_freeze,
    rules.fits_budget,
    rules.has_build_slot,
    rules.is_alone_on_table,
    rules.has_baseline,
    rules.has_no_blockers,
)

ROLLBACK_RULES: tuple[Rule, ...] = (
    rules.is_issued_here,
    rules.is_same_database,
    rules.has_readable_policy,
    rules.is_allowed_by_mode,
    rules.is_not_suspended,
    rules.has_tuner,
    rules.may_roll_back_now,
)

RUNNING_BUILD_RULES: tuple[Rule, ...] = (
    rules.is_approval_standing,
    rules.may_build_through_freeze,
)

_PROPOSED_REASONS = frozenset({"NotIssued", "OtherDatabase", "Outdated"})
_APPROVED_REASONS = frozenset({"Pending", "Rejected", "ReapprovalRequired"})


def condition_of(decision: Decision) -> ConditionType:
    """The condition whose reason the decision's is (False in all of them)."""
    if decision.reason in _PROPOSED_REASONS:
        return ConditionType.PROPOSED
    if decision.reason in _APPROVED_REASONS:
        return ConditionType.APPROVED
    return ConditionType.APPLIED


def decide_change(facts: ChangeFacts) -> Decision:
    """Whether the proposed change may begin."""
    return _first_objection(CHANGE_RULES, facts, "Nothing is in the way of the change.")


def decide_rollback(facts: ChangeFacts) -> Decision:
    """Whether a change that did harm may be taken back. Anything but Proceed is worth an alert."""
    return _first_objection(ROLLBACK_RULES, facts, "Nothing is in the way of the rollback.")


def decide_running_build(facts: ChangeFacts) -> Decision:
    """Whether a build under way goes on. Wait and Refuse both mean: end it cleanly and remove what it left.

    A suspended policy, and one whose mode went down, start nothing new but let a running build finish.
    """
    return _first_objection(RUNNING_BUILD_RULES, facts, "The build goes on.")


def policy_approves(policy: Policy, proposal: Proposal, evidence: Evidence) -> Decision:
    """What mode Auto approves by itself: plain B-tree indexes that the planner chose in a what-if plan.

    Conservative does so only where the risk is not High. Wait means that a person has to approve, and why.
    """
    if policy.mode is not Mode.AUTO:
        return _needs_person(f"In mode {policy.mode} a person approves every change.")
    index = proposal.index
    doubts = (
        (proposal.action is not Action.CREATE, f"it would {proposal.action.lower()} an index"),
        (not evidence.validated, "no what-if plan has confirmed that the planner would use the index"),
        (index.unique, "a unique index also forbids rows"),
        (index.method is not AccessMethod.BTREE, f"the index is of type {index.method}, not btree"),
        (any(key.expression is not None for key in index.columns), "the index is on an expression"),
        (bool(index.predicate), "the index is partial"),
        (
            policy.aggressiveness is Aggressiveness.CONSERVATIVE and evidence.risk is Risk.HIGH,
            "the risk is High and the aggressiveness Conservative",
        ),
    )
    reasons = [reason for applies, reason in doubts if applies]
    if reasons:
        return _needs_person(f"The policy does not approve this by itself: {', and '.join(reasons)}.")
    return Decision(
        answer=Answer.PROCEED,
        reason="Policy",
        message="Approved by the policy: a plain B-tree index that the planner chose in a what-if plan.",
    )


def _first_objection(sequence: Sequence[Rule], facts: ChangeFacts, otherwise: str) -> Decision:
    for rule in sequence:
        decision = rule(facts)
        if decision is not None:
            return decision
    return Decision(answer=Answer.PROCEED, reason="Ready", message=otherwise)


def _needs_person(message: str) -> Decision:
    return Decision(answer=Answer.WAIT, reason="Pending", message=message)
