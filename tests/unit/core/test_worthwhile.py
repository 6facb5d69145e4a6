"""What is worth being proposed, by what the policy counts as improved."""

from __future__ import annotations

import pytest

from pgtend.core.worthwhile import worth_measuring
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.index import Index, IndexColumn
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action, Evidence

INDEX = Index(schema="public", table="orders", columns=(IndexColumn(column="a"),))
TEN_PERCENT = Verification(improvement_percent=10.0)


@pytest.mark.parametrize(
    ("action", "validated", "cost_after", "is_kept"),
    [
        (Action.CREATE, True, 89.0, True),
        (Action.CREATE, True, 91.0, False),
        (Action.CREATE, False, 91.0, True),
        (Action.DROP, True, 100.0, True),
    ],
)
def test_what_promises_less_than_would_count_as_improved_is_not_proposed(
    action: Action, validated: bool, cost_after: float, is_kept: bool
) -> None:
    evidence = Evidence(
        validated=validated,
        cost_before=100.0,
        cost_after=cost_after,
        saved_seconds_per_hour=1.0,
        size_bytes=1000,
        write_cost=1.0,
        queries=(),
    )
    change = AdvisedChange(action=action, index=INDEX, evidence=evidence)
    assert list(worth_measuring([change], TEN_PERCENT)) == [change] * is_kept
