"""When advice is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pgtend.core.advice_terms import is_advice_due
from pgtend.domain.policy import Policy
from tests.unit.pipeline.fakes import NOW
from tests.unit.pipeline.world import PLAIN

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
FAST = replace(PLAIN, collect_interval=5 * SECOND)
OFTEN = replace(PLAIN, tune_interval=MINUTE)


def test_no_advice_is_due_before_anything_was_counted() -> None:
    assert not is_advice_due(PLAIN, None, None, NOW)


@pytest.mark.parametrize(
    ("policy", "first"),
    [(PLAIN, 3 * MINUTE), (FAST, 30 * SECOND), (OFTEN, MINUTE)],
    ids=["after three looks", "after half a minute at the least", "after tuneInterval at the latest"],
)
def test_the_first_advice_is_due(policy: Policy, first: timedelta) -> None:
    assert not is_advice_due(policy, None, NOW, NOW + first - SECOND)
    assert is_advice_due(policy, None, NOW, NOW + first)


def test_the_next_advice_is_due_at_its_time() -> None:
    assert not is_advice_due(PLAIN, NOW + HOUR, NOW, NOW + HOUR - SECOND)
    assert is_advice_due(PLAIN, NOW + HOUR, NOW, NOW + HOUR)
