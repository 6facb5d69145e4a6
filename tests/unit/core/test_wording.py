"""Figures that never round to more than was measured."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core import wording


def test_reads_as_its_examples_say() -> None:
    assert doctest.testmod(wording).failed == 0


@given(st.floats(0, 100, exclude_max=True))
def test_never_says_that_nothing_is_left_when_something_is(percent: float) -> None:
    assert float(wording.reduction(percent)) < 100
    assert float(wording.change(-percent)) > -100


@pytest.mark.parametrize(("percent", "text"), [(0.2, "+0"), (150.0, "+150"), (-50.4, "-50")])
def test_keeps_the_sign_of_a_change(percent: float, text: str) -> None:
    assert wording.change(percent) == text
