"""From a policy to a verified index, and what a person sees of it."""

from __future__ import annotations

import pytest

from tests.e2e.stage import Stage, condition_of

pytestmark = pytest.mark.side_by_side


def test_an_approved_recommendation_is_built_and_found_to_help(stage: Stage) -> None:
    shop = stage.open_shop("whole-way")
    shop.apply_policy()
    shop.until_ready()
    shop.until_condition("Approved", "Pending")
    shop.approve()
    shop.until_condition("Applied", "Done")
    found = shop.until_condition("Verified", "Improved")
    assert condition_of(found, "Applied")["status"] == "True"
    assert list(shop.indexes().values()) == [True]
