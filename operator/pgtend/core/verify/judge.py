"""The verdict over a measurement. It is asked again after every slice, so early looks share the error that the policy allows.

The k-th doubling of minDuration may spend 1/(k(k+1)) of half the significance; these shares add up to that half over any number
of doublings, and the other half is for the many looks within one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, log1p, log2

from pgtend.core.verify.baseline import MIN_SLICES, slices_reached
from pgtend.core.verify.effects import Effect, adjust_for_many, effect_of, total_effect
from pgtend.core.wording import change, reduction
from pgtend.domain.policy import Verification
from pgtend.domain.verification import (
    Judgement,
    Measurement,
    StatementEffect,
    TreatedRole,
    TreatedStatement,
    Verdict,
)

NOTABLE_SHARE = 0.05
"""A touching statement matters with this share of the treated time before, or when it adds as much."""

SUSPICION = 0.1
"""A slower statement whose p-value is below this keeps the measuring going."""


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A treated statement with its effect; ``p_value`` is adjusted for the number of statements."""

    statement: TreatedStatement
    effect: Effect
    p_value: float


def judge(measurement: Measurement, verification: Verification, now: datetime) -> Judgement:
    """What the slices up to now say.

    Nothing but Measuring before minDuration and ten slices a side; Measuring then goes on until one of the others is sure, or
    maxDuration makes it Inconclusive. A regression counts for more than an improvement: who gains can wait, who loses cannot.
    """
    since = measurement.since
    if since is None:
        return Judgement(verdict=Verdict.MEASURING, message="The change is not applied yet.")
    elapsed = now - since
    seen = [(statement, effect) for statement in measurement.treated if (effect := effect_of(statement)) is not None]
    judged = _judge_each(seen)
    effects = tuple(_shown(statement, effect) for statement, effect in seen)
    helped = [each for each in judged if each.statement.role is TreatedRole.HELPED]
    helped_total = total_effect([(each.statement.weight, each.effect) for each in helped]) if helped else None

    def say(verdict: Verdict, message: str) -> Judgement:
        return Judgement(
            verdict=verdict,
            message=message + _restarted(measurement),
            effects=effects,
            percent=helped_total.percent if helped_total else None,
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
            f"{_observed(helped_total)}.",
        )
    is_over = elapsed >= verification.max_duration
    reached = slices_reached(
        [
            (min(each.before.n, each.after.n), each.weight)
            for each in measurement.treated
            if each.role is TreatedRole.HELPED
        ]
    )
    significance = significance_at(verification, elapsed)
    regression = _find_regression(judged, verification, significance)
    if regression is not None:
        gain = (
            f" The statements that should gain changed by {change(helped_total.percent)} %, which does not make up for it."
            if helped_total is not None and helped_total.log_ratio < 0
            else ""
        )
        return say(Verdict.REGRESSED, regression + gain)
    if helped_total is None or reached < MIN_SLICES:
        missing = (
            f"The statements that should gain ran, together with enough controls, in {reached} slices since the change; "
            f"{MIN_SLICES} are needed."
        )
        if is_over:
            return say(Verdict.INCONCLUSIVE, f"{missing} maxDuration is over, and missing data is no success.")
        return say(Verdict.MEASURING, missing)
    doubt = None if is_over else _suspect_regression(judged, verification)
    if doubt is not None:
        return say(Verdict.MEASURING, doubt)
    wanted = log1p(-verification.improvement_percent / 100)
    if helped_total.log_ratio <= wanted and helped_total.p_value < significance:
        return say(
            Verdict.IMPROVED,
            f"The statements that should gain take {reduction(-helped_total.percent)} % less time than before, "
            "relative to statements that the change cannot touch.",
        )
    if helped_total.lower_bound(significance) > wanted:
        return say(
            Verdict.INEFFECTIVE,
            f"The statements that should gain changed by {change(helped_total.percent)} %; an improvement of "
            f"{verification.improvement_percent:g} % can be ruled out.",
        )
    undecided = (
        f"The statements that should gain changed by {change(helped_total.percent)} % so far (p = {helped_total.p_value:.2g}), "
        "which is not sure enough"
    )
    if is_over:
        return say(Verdict.INCONCLUSIVE, f"{undecided}, and maxDuration is over.")
    return say(Verdict.MEASURING, f"{undecided} yet.")


def significance_at(verification: Verification, elapsed: timedelta) -> float:
    """The significance of a look at this time: the share of the doubling of minDuration that it falls into."""
    doubling = 1 + floor(log2(max(elapsed / verification.min_duration, 1.0)))
    return verification.significance / 2 / (doubling * (doubling + 1))


def _judge_each(seen: Sequence[tuple[TreatedStatement, Effect]]) -> list[_Judged]:
    """The statements with enough slices on both sides."""
    able = [pair for pair in seen if min(pair[0].before.n, pair[0].after.n) >= MIN_SLICES]
    adjusted = adjust_for_many([effect.p_value for _, effect in able])
    return [
        _Judged(statement=statement, effect=effect, p_value=p_value)
        for (statement, effect), p_value in zip(able, adjusted, strict=True)
    ]


def _find_regression(judged: Sequence[_Judged], verification: Verification, significance: float) -> str | None:
    hurt = [
        each
        for each in _slower(judged, verification)
        if each.p_value < significance and _took_longer([each], verification)
    ]
    if hurt:
        worst = max(hurt, key=_added_share)
        others = f" and {len(hurt) - 1} more" if len(hurt) > 1 else ""
        return (
            f"Statement {worst.statement.fingerprint}{others} became slower: {change(worst.effect.percent)} % relative to "
            "statements that the change cannot touch."
        )
    total = _slower_together(judged, verification)
    if total is not None and total.p_value < significance and _took_longer(judged, verification):
        return f"The statements on the table together take {change(total.percent)} % more time than before."
    return None


def _suspect_regression(judged: Sequence[_Judged], verification: Verification) -> str | None:
    """Not sure enough to take the change back, but too likely to call it good.

    Where the load as a whole has fallen since the change, a loss hides: a call takes no longer by the clock than before. Whether it
    does is seen when the load comes back, so the measuring goes on.
    """
    hurt = [each for each in _slower(judged, verification) if each.effect.p_value < SUSPICION]
    if hurt:
        worst = max(hurt, key=_added_share)
        what, effect, longer = (
            f"Statement {worst.statement.fingerprint} seems",
            worst.effect,
            _took_longer([worst], verification),
        )
    else:
        total = _slower_together(judged, verification)
        if total is None or total.p_value >= SUSPICION:
            return None
        what, effect, longer = "The statements on the table together seem", total, _took_longer(judged, verification)
    doubt = (
        "which is not sure enough yet"
        if longer
        else "but by the clock their calls take hardly longer, for the controls became faster: the measuring goes on"
    )
    return f"{what} to have become slower ({change(effect.percent)} %, p = {effect.p_value:.2g}), {doubt}."


def _slower(judged: Sequence[_Judged], verification: Verification) -> list[_Judged]:
    allowed = log1p(verification.regression_percent / 100)
    return [each for each in judged if each.effect.log_ratio >= allowed and _matters(each)]


def _slower_together(judged: Sequence[_Judged], verification: Verification) -> Effect | None:
    """The effect on the time of all statements on the table, if it is a loss that is not allowed."""
    if not judged:
        return None
    total = total_effect([(each.statement.weight, each.effect) for each in judged])
    return total if total.log_ratio >= log1p(verification.regression_percent / 100) else None


def _took_longer(judged: Sequence[_Judged], verification: Verification) -> bool:
    """Whether calls take longer by the clock, too, by half of what is allowed: nobody suffers where only the controls became faster."""
    before = sum(each.statement.weight for each in judged)
    after = sum(
        each.statement.weight * each.statement.load_after.mean_ms / each.statement.load_before.mean_ms
        for each in judged
    )
    return after > before * (1 + verification.regression_percent / 200)


def _matters(each: _Judged) -> bool:
    return (
        each.statement.role is TreatedRole.HELPED
        or each.statement.weight >= NOTABLE_SHARE
        or _added_share(each) >= NOTABLE_SHARE
    )


def _added_share(each: _Judged) -> float:
    """Time that the statement takes more than before, as a share of the treated time before."""
    return each.statement.weight * each.effect.percent / 100


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


def _observed(total: Effect | None) -> str:
    return f"; taken as it is, the statements that should gain changed by {change(total.percent)} %" if total else ""


def _restarted(measurement: Measurement) -> str:
    return f" (The measuring began again: {measurement.restart_reason})" if measurement.restarts else ""


def _span(span: timedelta) -> str:
    seconds = round(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"
