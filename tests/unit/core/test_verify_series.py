from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.verify.effects import adjust_for_many
from pgtend.core.verify.series import (
    autocorrelation,
    deviations,
    effective_size,
    mean,
    summarize,
    variance,
)
from pgtend.domain.verification import SeriesSummary

series = st.builds(
    lambda centre, values: [centre + value for value in values],
    st.floats(min_value=-1e4, max_value=1e4),
    st.lists(st.floats(min_value=-5, max_value=5), min_size=2, max_size=200),
)


@given(series)
def test_sums_give_what_the_values_give(values: list[float]) -> None:
    summary, array = summarize(values), np.array(values)
    centred = array - array.mean()
    assert mean(summary) == pytest.approx(array.mean(), rel=1e-12, abs=1e-9)
    assert variance(summary) == pytest.approx(array.var(ddof=1), rel=1e-8, abs=1e-8)
    assert deviations(summary).lagged == pytest.approx((centred[1:] * centred[:-1]).sum(), rel=1e-8, abs=1e-7)


def test_values_far_from_zero_lose_no_digits() -> None:
    wiggle = [0.001 * (-1) ** t for t in range(50_000)]
    summary = summarize(1e5 + value for value in wiggle)
    assert variance(summary) == pytest.approx(np.var(wiggle, ddof=1), rel=1e-6)
    assert autocorrelation(summary) == 0.0


@given(series, series)
def test_autocorrelation_and_effective_size_keep_their_bounds(a: list[float], b: list[float]) -> None:
    rho = autocorrelation(summarize(a), summarize(b))
    assert 0.0 <= rho <= 0.99
    assert 2.0 <= effective_size(len(a), rho) <= max(len(a), 2)


def test_the_autocorrelation_of_a_long_series_is_found() -> None:
    rng = np.random.default_rng(3)
    value, values = 0.0, []
    for noise in rng.normal(size=20_000):
        value = 0.8 * value + noise
        values.append(value)
    assert autocorrelation(summarize(values)) == pytest.approx(0.8, abs=0.02)


def test_two_series_keep_means_of_their_own() -> None:
    low, high = [0.0, 1.0] * 20, [100.0, 101.0] * 20
    assert autocorrelation(summarize(low), summarize(high)) == 0.0


def test_empty_and_single_series_have_no_statistics() -> None:
    with pytest.raises(ValueError, match="mean"):
        mean(SeriesSummary())
    with pytest.raises(ValueError, match="two values"):
        variance(summarize([1.0]))
    assert autocorrelation(SeriesSummary(), summarize([1.0])) == 0.0


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0.01], [0.01], id="one stays as it is"),
        pytest.param([0.01, 0.04, 0.03], [0.03, 0.06, 0.06], id="Holm's step-down"),
        pytest.param([0.9, 0.8], [1.0, 1.0], id="never above one"),
    ],
)
def test_p_values_are_adjusted_for_their_number(p_values: list[float], expected: list[float]) -> None:
    assert adjust_for_many(p_values) == pytest.approx(expected)


@given(st.lists(st.floats(min_value=0, max_value=1), max_size=20))
def test_adjusting_keeps_the_order_and_never_makes_surer(p_values: list[float]) -> None:
    adjusted = adjust_for_many(p_values)
    assert all(before <= after <= 1 for before, after in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [adjusted[i] for i in order] == sorted(adjusted)
