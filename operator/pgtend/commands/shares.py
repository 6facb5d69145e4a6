"""What changes save of the whole workload: of its time where that was counted, else of its cost."""

from __future__ import annotations

from pgtend.commands.answer import Answer
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.recommendation import Action


def is_timed(answer: Answer) -> bool:
    """Whether the statements' times are known, so that savings are told in seconds."""
    return any(change.evidence.saved_seconds_per_hour > 0 for change in answer.advice.changes)


def seconds_per_hour(answer: Answer) -> float:
    """Execution time in each hour of all statements that were looked at, as counted; 0 where none was."""
    hours = answer.workload.hours
    total_ms = sum(each.load.total_ms for each in answer.workload.queries if each.load is not None)
    return total_ms / 1000 / hours if hours else 0.0


def share_saved(change: AdvisedChange, answer: Answer) -> float | None:
    """Percent of the whole workload's time (of its cost, where no times are known) that an index saves beside the others.

    None where the cost of the whole is not known: without a planner only the statements that are helped have one.
    """
    evidence = change.evidence
    if is_timed(answer):
        whole, saved = seconds_per_hour(answer), evidence.saved_seconds_per_hour
    else:
        planned = any(each.evidence.validated for each in answer.advice.changes if each.action is Action.CREATE)
        whole = answer.advice.cost_before / (answer.workload.hours or 1.0) if planned else 0.0
        saved = evidence.cost_before - evidence.cost_after
    return min(100 * saved / whole, 100.0) if whole > 0 else None
