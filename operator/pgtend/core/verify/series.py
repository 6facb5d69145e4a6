"""Sums over a growing series, and the statistics that follow from them as exactly as from the values themselves.

All sums are taken over d_t = y_t - first, so that a series far from zero loses no digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pgtend.domain.verification import SeriesSummary

MAX_AUTOCORRELATION = 0.99


@dataclass(frozen=True, kw_only=True)
class Deviations:
    """The sums of squares and of lag-1 products around the mean."""

    squares: float
    lagged: float


def add_value(series: SeriesSummary, value: float) -> SeriesSummary:
    """The series with one more value at its end."""
    if series.first is None or series.last is None:
        return replace(series, n=1, first=value, last=value)
    shifted = value - series.first
    return replace(
        series,
        n=series.n + 1,
        total=series.total + shifted,
        squares=series.squares + shifted * shifted,
        lagged=series.lagged + (series.last - series.first) * shifted,
        last=value,
    )


def summarize(values: Iterable[float]) -> SeriesSummary:
    """The summary of a whole series."""
    series = SeriesSummary()
    for value in values:
        series = add_value(series, value)
    return series


def mean(series: SeriesSummary) -> float:
    """Arithmetic mean; ValueError for an empty series."""
    if series.first is None:
        raise ValueError("an empty series has no mean")
    return series.first + series.total / series.n


def deviations(series: SeriesSummary) -> Deviations:
    """Sum of (y_t - m)^2 and sum of (y_t - m)(y_(t+1) - m), m being the mean; zeros for an empty series."""
    if series.first is None or series.last is None:
        return Deviations(squares=0.0, lagged=0.0)
    centre = series.total / series.n
    squares = max(series.squares - series.total * centre, 0.0)
    # The first of the shifted values is 0, the last is last - first; each of the sums below leaves one of them out.
    without_last = series.total - (series.last - series.first)
    lagged = series.lagged - centre * (without_last + series.total) + (series.n - 1) * centre * centre
    return Deviations(squares=squares, lagged=lagged)


def variance(series: SeriesSummary) -> float:
    """Sample variance (n - 1); ValueError below two values."""
    if series.n < 2:
        raise ValueError("the variance needs two values")
    return deviations(series).squares / (series.n - 1)


def autocorrelation(*series: SeriesSummary) -> float:
    """Lag-1 autocorrelation pooled over several series with means of their own, 0…0.99.

    Corrected for the bias that estimating the mean brings, E[r] ≈ ρ - (1 + 3ρ)/n (M. G. Kendall, "Note on bias in the
    estimation of autocorrelation", Biometrika 41, 1954; F. H. C. Marriott and J. A. Pope, same volume), n being the mean length.
    """
    parts = [deviations(each) for each in series]
    squares = sum(part.squares for part in parts)
    length = sum(each.n for each in series) / len(series)
    if squares <= 0.0 or length <= 3:
        return 0.0
    observed = sum(part.lagged for part in parts) / squares
    corrected = (observed + 1 / length) / (1 - 3 / length)
    return min(max(corrected, 0.0), MAX_AUTOCORRELATION)


def effective_size(n: int, rho: float) -> float:
    """How many independent values tell as much about the mean as n values of an AR(1) process: n (1 - ρ)/(1 + ρ), at least 2.

    G. V. Bayley and J. M. Hammersley, "The 'effective' number of independent observations in an autocorrelated time
    series", Supplement to the Journal of the Royal Statistical Society 8, 1946.
    """
    return max(n * (1 - rho) / (1 + rho), 2.0)
