from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.commands.figures import figure, percent_change, printable, span


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.00004, "< 0.001"),
        (0.0123, "0.012"),
        (0.5, "0.50"),
        (12.34, "12.3"),
        (1856.3, "1,856"),
        (-0.02, "-0.020"),
    ],
)
def test_a_figure_reads_as_nothing_only_where_it_is_nothing(value: float, text: str) -> None:
    assert figure(value) == text


@given(st.floats(min_value=1e-300, max_value=1e12))
def test_no_positive_figure_reads_as_zero(value: float) -> None:
    assert any(digit in figure(value) for digit in "123456789")


@pytest.mark.parametrize(
    ("after", "text"),
    [(6.0, "-99.4 %"), (1000.0, "no change"), (999.999, "no change"), (1100.0, "+10.0 %"), (0.0, "-100.0 %")],
)
def test_a_change_too_small_to_be_written_is_said_to_be_none(after: float, text: str) -> None:
    assert percent_change(1000.0, after) == text
    assert percent_change(0.0, after) == "no change"


@pytest.mark.parametrize(
    ("hours", "text"), [(12 / 3600, "12 s"), (0.5, "30 min"), (1.99, "119 min"), (5.25, "5.2 h"), (80.0, "3.3 days")]
)
def test_a_stretch_of_time_is_told_in_its_natural_unit(hours: float, text: str) -> None:
    assert span(hours) == text


@given(st.text())
def test_a_printable_text_is_one_line_and_steers_no_terminal(text: str) -> None:
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert not any(character in shown for character in "\x1b\x07\x9b\u202e\u200b\n\r\t\0")
    assert printable("Gäste → 宴会 ‘x’") == "Gäste → 宴会 ‘x’"
