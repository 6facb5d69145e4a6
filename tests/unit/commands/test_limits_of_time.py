"""The limit of time holds for reading and planning together, but that something is left to planning."""

from __future__ import annotations

import pytest

from pgtend.commands.advise import AdviseOptions, limits_of
from pgtend.domain.advice import Constraints


@pytest.mark.parametrize(
    ("limit", "read", "left"),
    [(60.0, 20.0, 40.0), (60.0, 50.0, 15.0), (60.0, 500.0, 15.0), (4.0, 3.0, 2.0), (1.0, 3.0, 1.0), (None, 20.0, None)],
)
def test_reading_is_taken_from_the_limit(limit: float | None, read: float, left: float | None) -> None:
    assert limits_of(AdviseOptions(constraints=Constraints(seconds=limit)), read).seconds == left
