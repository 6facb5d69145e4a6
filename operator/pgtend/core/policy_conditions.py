"""The conditions of a TuningPolicy, from what was found: one per aspect, and Ready as their summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pgtend.core.conditions import set_condition
from pgtend.core.wording import freeze_in_words
from pgtend.domain.finding import Aspect, Finding
from pgtend.domain.policy import Mode, Policy
from pgtend.domain.recommendation import Condition, ConditionStatus

_WELL = {
    Aspect.CONNECTED: ("Connected", "The observer is connected."),
    Aspect.PERMITTED: ("Permitted", "The observer may read what pgtend needs."),
    Aspect.WHAT_IF: ("Available", "Hypothetical indexes can be planned."),
    Aspect.TUNER_READY: ("Ready", "The tuner can build and drop indexes."),
}


TENDING = "Tending"
"""Ready, and nothing is missing."""
PARTLY_PLANNED = "PartlyPlanned"
"""What-if planning is there, but not every statement can be planned."""
_NO_COMPLAINTS = ("NoFreeze", "NoTuner", "Disabled", PARTLY_PLANNED)


@dataclass(frozen=True, kw_only=True)
class Freeze:
    """Freeze windows that are open from now on without a gap."""

    names: tuple[str, ...]
    until: datetime | None
    """None: no end is in sight."""


@dataclass(frozen=True, kw_only=True)
class PolicyFacts:
    """What one pass found out about a policy.

    ``checked`` are the aspects that could be looked at: without a connection nothing is known of the others, and their
    conditions become Unknown.
    """

    policy: Policy
    findings: Sequence[Finding]
    checked: frozenset[Aspect]
    freeze: Freeze | None
    now: datetime
    next_freeze: tuple[str, datetime] | None = None
    """The window that opens next, and when."""


def policy_conditions(previous: tuple[Condition, ...], facts: PolicyFacts) -> tuple[Condition, ...]:
    """All conditions of the policy; a condition's ``since`` changes with its status only."""
    conditions = previous
    for aspect in Aspect:
        status, reason, message = _aspect(aspect, facts)
        conditions = _set(conditions, aspect, status, reason, message, facts)
    frozen = facts.freeze
    conditions = _set(
        conditions,
        "Frozen",
        ConditionStatus.TRUE if frozen else ConditionStatus.FALSE,
        "FreezeWindow" if frozen else "NoFreeze",
        f"{freeze_in_words(frozen.names, frozen.until, UTC)} Nothing is changed until the freeze is over."
        if frozen
        else f"No freeze window is open.{_next_freeze(facts)}",
        facts,
    )
    status, reason, message = _ready(conditions, facts)
    return _set(conditions, "Ready", status, reason, message, facts)


def _next_freeze(facts: PolicyFacts) -> str:
    if facts.next_freeze is None:
        return ""
    name, opening = facts.next_freeze
    return f" The next one is {name}, from {opening:%Y-%m-%d %H:%M} UTC."


def sum_up(ready: Condition, frozen: Condition) -> str:
    """The sentence beside Ready's reason in `kubectl get`: what Ready says, and that nothing is changed now where a window is open."""
    if frozen.status is not ConditionStatus.TRUE:
        return ready.message
    return frozen.message if ready.reason == TENDING else f"{ready.message} {frozen.message}"


def worth_saying(before: tuple[Condition, ...], after: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions that deserve an Event: those that say something new which is not that all is well, and Ready always.

    Ready goes last, and where it only repeats what another of them says it is left out.
    """
    said = {(condition.type, condition.status, condition.reason, condition.message) for condition in before}
    new = [
        condition
        for condition in after
        if (condition.type, condition.status, condition.reason, condition.message) not in said
    ]
    details = tuple(each for each in new if each.type != "Ready" and not _is_well(each))
    told = {(each.reason, each.message) for each in details}
    summary = tuple(each for each in new if each.type == "Ready" and (each.reason, each.message) not in told)
    return (*details, *summary)


def is_complaint(condition: Condition) -> bool:
    """Whether a condition speaks of something that somebody should mend."""
    if condition.type == "Frozen" or condition.reason == "Suspended":
        return False
    return condition.status is ConditionStatus.FALSE or not (condition.type == "Ready" or _is_well(condition))


def _is_well(condition: Condition) -> bool:
    if condition.status is ConditionStatus.UNKNOWN or condition.reason in _NO_COMPLAINTS:
        return True
    return any((condition.type, condition.reason) == (aspect, reason) for aspect, (reason, _) in _WELL.items())


def _aspect(aspect: Aspect, facts: PolicyFacts) -> tuple[ConditionStatus, str, str]:
    found = [finding for finding in facts.findings if finding.aspect is aspect]
    # Without what-if pgtend goes on, so its findings are not fatal; the aspect itself is missing all the same.
    if aspect is Aspect.WHAT_IF:
        failing = [finding for finding in found if finding.reason != PARTLY_PLANNED]
    else:
        failing = [finding for finding in found if finding.fatal]
    if failing:
        return ConditionStatus.FALSE, failing[0].reason, _said_once(failing)
    if aspect is Aspect.TUNER_READY and facts.policy.tuner_secret is None:
        return (
            ConditionStatus.FALSE,
            "NoTuner",
            "The policy names no spec.database.tuner, so pgtend is unable to change anything.",
        )
    if found:
        return ConditionStatus.TRUE, found[0].reason, _said_once(found)
    if aspect not in facts.checked:
        return ConditionStatus.UNKNOWN, "NotChecked", "Not looked at yet."
    reason, message = _WELL[aspect]
    return ConditionStatus.TRUE, reason, message


def _said_once(findings: Sequence[Finding]) -> str:
    """The sentences of findings; two that look at the same thing may have the same one."""
    return " ".join(dict.fromkeys(finding.message for finding in findings))


def _ready(conditions: tuple[Condition, ...], facts: PolicyFacts) -> tuple[ConditionStatus, str, str]:
    by_kind = {condition.type: condition for condition in conditions}
    for aspect in (Aspect.CONNECTED, Aspect.PERMITTED):
        condition = by_kind[aspect]
        if condition.status is ConditionStatus.FALSE:
            return ConditionStatus.FALSE, condition.reason, condition.message
    if facts.policy.suspended:
        return ConditionStatus.FALSE, "Suspended", "spec.suspend is true: nothing new is started."
    if any(by_kind[aspect].status is ConditionStatus.UNKNOWN for aspect in (Aspect.CONNECTED, Aspect.PERMITTED)):
        return ConditionStatus.UNKNOWN, "Starting", "The database has not been looked at yet."
    tuner = by_kind[Aspect.TUNER_READY]
    changes = facts.policy.mode is not Mode.OBSERVE
    if changes and facts.policy.tuner_secret is not None and tuner.status is ConditionStatus.FALSE:
        # What the policy asks for cannot be done. Where it names no tuner, or HypoPG is missing, pgtend does with less.
        return ConditionStatus.FALSE, tuner.reason, tuner.message
    for condition in (by_kind[Aspect.WHAT_IF], *((tuner,) if changes else ())):
        if condition.status is ConditionStatus.FALSE:
            return ConditionStatus.TRUE, condition.reason, condition.message
    return ConditionStatus.TRUE, TENDING, "Watching the database."


def _set(
    conditions: tuple[Condition, ...],
    kind: str,
    status: ConditionStatus,
    reason: str,
    message: str,
    facts: PolicyFacts,
) -> tuple[Condition, ...]:
    return set_condition(
        conditions,
        kind=kind,
        status=status,
        reason=reason,
        message=message,
        now=facts.now,
        generation=facts.policy.generation,
    )
