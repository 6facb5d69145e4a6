"""Options of `pgtend advise`: whatever is given, it ends with a sentence and never with a traceback."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pgtend.cli import main
from pgtend.commands.options import Number

OPTIONS = {
    "--minimum-gain": "no number from 0 to 100",
    "--max-seconds": "no number from 0.1 to 86400",
    "--sample-constants": "no number from 0.1 to 3600",
    "--execute-seconds": "no number from 0.1 to 86400",
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-inf", "1e308", "-1", "-0.5", "1e400", "", "much", "0x10"])
def test_a_number_that_is_none_or_out_of_its_limits_is_refused_with_them(option: str, value: str) -> None:
    outcome = CliRunner().invoke(main, ["advise", f"{option}={value}"])
    assert outcome.exit_code == 2
    assert OPTIONS[option] in " ".join(outcome.stderr.split())


@pytest.mark.parametrize("value", ["nan", "-5MB", "1e400", "9" * 400, "inf"])
def test_a_budget_that_is_no_size_is_refused(value: str) -> None:
    outcome = CliRunner().invoke(main, ["advise", f"--storage-budget={value}"])
    assert outcome.exit_code == 2
    assert "Invalid value for '--storage-budget'" in " ".join(outcome.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("advise", "--workload", ""), "--workload is empty"),
        (("grants", "--observer", ""), "neither may be empty"),
        (("grants", "--tuner", ""), "neither may be empty"),
        (("grants", "--observer", "one", "--tuner", "one"), "are two roles"),
    ],
)
def test_names_that_are_none_or_the_same_are_refused(arguments: tuple[str, ...], sentence: str) -> None:
    outcome = CliRunner().invoke(main, [*arguments])
    assert outcome.exit_code == 2
    assert sentence in " ".join(outcome.stderr.split())


@given(st.one_of(st.text(max_size=20), st.floats().map(repr)))
def test_what_is_taken_for_a_number_is_finite_and_within_limits(text: str) -> None:
    try:
        number = Number(0.1, 7.5).convert(text, None, None)
    except click.BadParameter:
        return
    assert 0.1 <= number <= 7.5
