"""What the times of really run queries say."""

from __future__ import annotations

from statistics import median

from pgtend.domain.trial import Change, TimedQuery, Trial

LEAST_DIFFERENCE = 0.1
"""Share by which the medians must differ."""


def ratio_of(query: TimedQuery) -> float | None:
    """Time with the indexes by time without, as medians; None where one of them is not known."""
    if not query.before_ms or not query.after_ms:
        return None
    before = median(query.before_ms)
    return median(query.after_ms) / before if before > 0 else None


def change_of(query: TimedQuery) -> Change:
    """Faster or slower only where the plan is another, the medians differ by a tenth, and no run of one side lies among those of the other."""
    ratio = ratio_of(query)
    if ratio is None:
        return Change.TIMED_OUT if query.timed_out else Change.NOT_COMPARED
    if query.same_plan:
        return Change.SAME_PLAN
    if ratio <= 1 - LEAST_DIFFERENCE and max(query.after_ms) < min(query.before_ms):
        return Change.FASTER
    if ratio >= 1 + LEAST_DIFFERENCE and min(query.after_ms) > max(query.before_ms):
        return Change.SLOWER
    return Change.SAME


def worst_with(name: str, trial: Trial) -> float | None:
    """The greatest ratio of a query whose plan used the index; None where none did."""
    ratios = [ratio for query in trial.queries if name in query.used and (ratio := ratio_of(query)) is not None]
    return max(ratios, default=None)
