"""The verdict over a measurement. It is asked again after every slice, so early looks share the error that the policy allows.

The k-th doubling of minDuration may spend 1/(k(k+1)) of half the significance; these shares add up to that half over any number
of doublings, and the other half is for the many looks within one.

An index that was made has to improve something; without an index that was dropped nothing may have become slower. The one is
a test for an effect, the other for the lack of one (non-inferiority): that no effect was found shows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, log1p, log2

from pgtend.core.verify.baseline import MIN_SLICES, expected_of, slices_reached
from pgtend.core.verify.effects import Effect, effect_of, total_effect
from pgtend.core.verify.losses import (
    Judged,
    count_unshown,
    doubt_no_loss,
    find_loss,
    judge_each,
    suspect_loss,
    tell_p,
    tell_trifles,
)
from pgtend.core.wording import change, reduction
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action
from pgtend.domain.verification import Judgement, Measurement, StatementEffect, TreatedStatement, Verdict


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What a look sees, of statements with enough slices on both sides."""

    treated: tuple[TreatedStatement, ...]
    judged: list[Judged]
    expected: list[Judged]
    """Those of the statements that the verdict is about."""
    whose: str
    """What these are called."""
    reached: int
    """The number of slices that at least half of them, by time, have."""
    significance: float
    is_over: bool


def judge(measurement: Measurement, verification: Verification, now: datetime, action: Action) -> Judgement:
    """What the slices up to now say of a change that made an index, or dropped one.

    Nothing but Measuring before minDuration and ten slices a side; Measuring then goes on until one of the others is sure, or
    maxDuration makes it Inconclusive. A regression counts for more than an improvement: who gains can wait, who loses cannot.
    """
    since = measurement.since
    if since is None:
        return Judgement(verdict=Verdict.MEASURING, message="The change is not applied yet.")
    elapsed = now - since
    effects = [
        (statement, effect)
        for statement in measurement.treated
        if (effect := effect_of(statement, measurement.slice_seconds)) is not None
    ]
    seen = _look(measurement, verification, elapsed, judge_each(effects, action), action)
    total = _total(seen.expected)

    def say(verdict: Verdict, message: str) -> Judgement:
        return Judgement(
            verdict=verdict,
            message=message + _restarted(measurement),
            effects=tuple(_shown(statement, effect) for statement, effect in effects),
            percent=total.percent if total else None,
        )

    if elapsed < verification.min_duration:
        return say(
            Verdict.MEASURING,
            f"No verdict before minDuration: {_span(elapsed)} of {_span(verification.min_duration)} have passed.",
        )
    if not measurement.controls:
        return say(
            Verdict.INCONCLUSIVE,
            "No statement that the change cannot touch runs often enough to tell a change of the load from an effect of the index"
            + (f"; taken as it is, {seen.whose} changed by {change(total.percent)} %." if total else "."),
        )
    return say(*_conclude(seen, total, verification, action))


def significance_at(verification: Verification, elapsed: timedelta) -> float:
    """The significance of a look at this time: the share of the doubling of minDuration that it falls into."""
    doubling = 1 + floor(log2(max(elapsed / verification.min_duration, 1.0)))
    return verification.significance / 2 / (doubling * (doubling + 1))


def _look(
    measurement: Measurement, verification: Verification, elapsed: timedelta, judged: list[Judged], action: Action
) -> _Seen:
    expected = expected_of(measurement.treated) if action is not Action.DROP else measurement.treated
    names = {each.fingerprint for each in expected}
    return _Seen(
        treated=measurement.treated,
        judged=judged,
        expected=[each for each in judged if each.statement.fingerprint in names],
        whose="the statements on the table" if action is Action.DROP else "the statements that should gain",
        reached=slices_reached([(min(each.before.n, each.after.n), each.weight) for each in expected]),
        significance=significance_at(verification, elapsed),
        is_over=elapsed >= verification.max_duration,
    )


def _conclude(seen: _Seen, total: Effect | None, verification: Verification, action: Action) -> tuple[Verdict, str]:
    loss = find_loss(seen.judged, verification, seen.significance)
    if loss is not None:
        gain = (
            f" {seen.whose.capitalize()} changed by {change(total.percent)} %, which does not make up for it."
            if action is not Action.DROP and total is not None and total.log_ratio < 0
            else ""
        )
        return Verdict.REGRESSED, loss + gain
    if total is None or seen.reached < MIN_SLICES:
        missing = (
            f"{seen.whose.capitalize()} ran, together with enough controls, in {seen.reached} slices since the change; "
            f"{MIN_SLICES} are needed."
        )
        if seen.is_over:
            return Verdict.INCONCLUSIVE, f"{missing} maxDuration is over, and missing data is no success."
        return Verdict.MEASURING, missing
    if action is Action.DROP:
        return _conclude_drop(seen, verification)
    return _conclude_index(seen, total, verification)


def _conclude_index(seen: _Seen, total: Effect, verification: Verification) -> tuple[Verdict, str]:
    """Did the statements that should gain do so?"""
    doubt = None if seen.is_over else suspect_loss(seen.judged, verification, seen.significance)
    if doubt is not None:
        return Verdict.MEASURING, doubt
    wanted = log1p(-verification.improvement_percent / 100)
    if total.log_ratio <= wanted and total.p_value < seen.significance:
        return (
            Verdict.IMPROVED,
            f"The statements that should gain take {reduction(-total.percent)} % less time than before, "
            f"relative to statements that the change cannot touch.{tell_trifles(seen.judged, verification)}",
        )
    if total.lower_bound(seen.significance) > wanted:
        return (
            Verdict.INEFFECTIVE,
            f"The statements that should gain changed by {change(total.percent)} %; an improvement of "
            f"{verification.improvement_percent:g} % can be ruled out.{tell_trifles(seen.judged, verification)}",
        )
    undecided = f"The statements that should gain changed by {change(total.percent)} % so far ({tell_p(total.p_value, seen.significance)})"
    # Sure of some effect, it may still be unsure whether that is as large as improvementPercent.
    missing = (
        "which is not sure enough"
        if total.p_value >= seen.significance
        else f"and whether they gain {verification.improvement_percent:g} % is not sure"
    )
    if seen.is_over:
        return Verdict.INCONCLUSIVE, f"{undecided}, {missing}, and maxDuration is over."
    return Verdict.MEASURING, f"{undecided}, {missing} yet."


def _conclude_drop(seen: _Seen, verification: Verification) -> tuple[Verdict, str]:
    """Is it shown that no statement lost? That none was found to have lost does not show it."""
    doubt = doubt_no_loss(seen.treated, seen.judged, verification, seen.significance)
    if doubt is None:
        unshown = count_unshown(seen.treated, seen.judged, verification, seen.significance)
        few = f" (Of {unshown} with little of the time it cannot be told.)" if unshown else ""
        return (
            Verdict.IMPROVED,
            f"No statement on the table became slower by {verification.regression_percent:g} % or more without the index.{few}",
        )
    if seen.is_over:
        return Verdict.INCONCLUSIVE, f"{doubt} maxDuration is over, and missing proof is no success."
    return Verdict.MEASURING, suspect_loss(seen.judged, verification, seen.significance) or doubt


def _total(judged: Sequence[Judged]) -> Effect | None:
    return total_effect([(each.statement.weight, each.effect) for each in judged]) if judged else None


def _shown(statement: TreatedStatement, effect: Effect) -> StatementEffect:
    return StatementEffect(
        fingerprint=statement.fingerprint,
        role=statement.role,
        before_ms=statement.load_before.mean_ms,
        after_ms=statement.load_after.mean_ms,
        percent=effect.percent,
        p_value=effect.p_value,
        slices_before=statement.before.n,
        slices_after=statement.after.n,
    )


def _restarted(measurement: Measurement) -> str:
    return f" (The measuring began again: {measurement.restart_reason})" if measurement.restarts else ""


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
