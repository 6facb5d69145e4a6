"""How much slower or faster statements became, and how sure that is.

Effects are differences of mean logarithms (after - before), so exp(effect) is the ratio of the times. Student's t with Welch's
degrees of freedom, over the effective number of slices; Holm's step-down method over the statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt

from scipy.special import stdtr, stdtrit

from pgtend.core.verify.series import autocorrelation, effective_size, mean, variance
from pgtend.domain.verification import SeriesSummary, TreatedStatement

OWN_DRIFT = 0.02
"""How far (log) the mean of a window may be off because the statement drifts by itself, more slowly than the window shows.

A drift of 3 % that forgets itself in 20 minutes (AR(1), 0.95 a minute) moves the mean of 30 minutes by about 2 %.
"""

_DRIFT = 0.03
_DRIFT_MEMORY_SECONDS = 1200.0
"""That drift where the length of the windows is looked at: its deviation (log), and the time in which it forgets itself."""

_SMALLEST_ERROR = 1e-9
"""Standard error where all values are equal: keeps the arithmetic finite."""

_MANY = 1e6
"""Degrees of freedom at which Student's t is the normal distribution."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A log ratio with its standard error and degrees of freedom, as far as the slices show them."""

    log_ratio: float
    error: float
    freedom: float
    drift: float
    """Variance that each window's own drift may add, for windows of their length."""

    @property
    def percent(self) -> float:
        """The change in percent, negative for faster."""
        return 100.0 * (exp(self.log_ratio) - 1)

    @property
    def p_value(self) -> float:
        """Two-sided probability of an effect at least this large where there is none but noise and each window's own drift.

        The drift is a variance known beforehand: it has no part in the uncertainty that the degrees of freedom stand for.
        """
        error = sqrt(self.error**2 + 2 * OWN_DRIFT**2)
        freedom = min(self.freedom * (error / self.error) ** 4, _MANY)
        return float(2 * stdtr(freedom, -abs(self.log_ratio) / error))

    def lower_bound(self, significance: float) -> float:
        """Lower end of the two-sided confidence interval as the slices show it, as a log ratio.

        Without the allowance for own drift, which does not shrink with time: with it, no wait would ever rule an improvement out.
        """
        return self.log_ratio - float(stdtrit(self.freedom, 1 - significance / 2)) * self.error

    def upper_bound(self, significance: float) -> float:
        """Upper end of the one-sided confidence interval, as a log ratio: the worst that the slices leave possible.

        With the allowance for own drift, for what is to be shown here is that nobody lost; it shrinks as the windows grow, so
        that waiting helps.
        """
        error = sqrt(self.error**2 + self.drift)
        freedom = min(self.freedom * (error / self.error) ** 4, _MANY)
        return self.log_ratio + float(stdtrit(freedom, 1 - significance)) * error


def effect_of(statement: TreatedStatement, slice_seconds: float) -> Effect | None:
    """The effect on one statement, of slices of that length; None with fewer than two slices on a side."""
    before, after = statement.before, statement.after
    if before.n < 2 or after.n < 2:
        return None
    rho = autocorrelation(before, after)
    size_before, size_after = effective_size(before.n, rho), effective_size(after.n, rho)
    # variance() divides by n - 1, which is too small a number for values that go together: the mean takes part of it along.
    spread_before = variance(before) * _variance_correction(before.n, size_before)
    spread_after = variance(after) * _variance_correction(after.n, size_after)
    # Means of few calls are skewed: a window whose mean came out high shows too little spread. So neither counts for less than both.
    pooled = (spread_before * before.n + spread_after * after.n) / (before.n + after.n)
    part_before, part_after = max(spread_before, pooled) / size_before, max(spread_after, pooled) / size_after
    whole = part_before + part_after
    freedom = whole**2 / (part_before**2 / (size_before - 1) + part_after**2 / (size_after - 1)) if whole > 0 else inf
    return Effect(
        log_ratio=mean(after) - mean(before),
        error=max(sqrt(whole), _SMALLEST_ERROR),
        freedom=min(freedom, _MANY),
        drift=_drift_variance(before, slice_seconds) + _drift_variance(after, slice_seconds),
    )


def total_effect(parts: Sequence[tuple[float, Effect]]) -> Effect:
    """The effect on the time of several statements together; parts are (time before, effect).

    The effects share controls and load, so their errors are added as if they went together fully: never too small.
    """
    before = sum(weight for weight, _ in parts)
    after = sum(weight * exp(effect.log_ratio) for weight, effect in parts)
    error = sum(weight * exp(effect.log_ratio) / after * effect.error for weight, effect in parts)
    return Effect(
        log_ratio=log(after / before),
        error=error,
        freedom=min(effect.freedom for _, effect in parts),
        drift=max(effect.drift for _, effect in parts),
    )


def adjust_for_many(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted for their number, in the same order (S. Holm, Scandinavian Journal of Statistics 6, 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = largest
    return tuple(adjusted)


def _drift_variance(series: SeriesSummary, slice_seconds: float) -> float:
    """Variance of the mean, over the time of the slices, of a drift that forgets itself exponentially (an Ornstein-Uhlenbeck process).

    σ² 2τ/T (1 - τ/T (1 - exp(-T/τ))), the integral of its covariance σ² exp(-|s - t|/τ) over both times, over T².
    """
    share = _DRIFT_MEMORY_SECONDS / (series.n * slice_seconds)
    return _DRIFT**2 * 2 * share * (1 - share * (1 - exp(-1 / share)))


def _variance_correction(n: int, size: float) -> float:
    """E[s²] = σ² n (1 - 1/size)/(n - 1): the factor that undoes it."""
    return (n - 1) / (n * (1 - 1 / size))
