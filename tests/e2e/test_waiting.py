"""Approved changes that may not be made yet, and builds that a freeze finds running."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.blocking import OLD_SNAPSHOT, blocked_build
from tests.e2e.database import OBSERVER
from tests.e2e.stage import NOW_FROZEN, POLICY, Shop, Stage, condition_of

pytestmark = pytest.mark.side_by_side


def test_an_approved_change_waits_while_suspended_and_frozen_and_then_goes_on(stage: Stage) -> None:
    shop = stage.open_shop("patient")
    shop.apply_policy(suspend=True, freezeWindows=NOW_FROZEN)
    shop.until_condition("Proposed", "Issued")
    shop.approve()
    shop.until_condition("Applied", "Suspended", status="False")
    assert condition_of(shop.policy(), "Frozen")["status"] == "True"
    shop.change_policy(suspend=False)
    waiting = shop.until_condition("Applied", "FreezeWindow", status="False")
    assert '"now"' in condition_of(waiting, "Applied")["message"]
    assert not waiting["status"]["approval"].get("consumed")
    assert shop.indexes() == {}
    shop.change_policy(freezeWindows=None)
    shop.until_condition("Applied", "Done")
    shop.until_said("Suspended", "FreezeWindow", "Done")
    shop.stop_load()


def test_a_freeze_cancels_a_running_build_which_is_done_again_after_it_under_the_same_approval(stage: Stage) -> None:
    shop = _approved_shop(stage, "cancel")
    with blocked_build(shop, OLD_SNAPSHOT):
        shop.change_policy(freezeWindows=NOW_FROZEN)
        waiting = shop.until_condition("Applied", "FreezeWindow", status="False")
        assert shop.indexes() == {}, "invalid remains were left behind"
        assert not waiting["status"]["approval"].get("consumed")
    approved_at = waiting["status"]["approval"]["at"]
    shop.change_policy(freezeWindows=None)
    done = shop.until_condition("Applied", "Done")
    shop.stop_load()
    assert done["status"]["approval"]["at"] == approved_at
    assert list(shop.indexes().values()) == [True]
    assert shop.audit() == ["Build Done"]


def test_a_freeze_cancels_a_running_build_though_the_observer_is_locked_out(stage: Stage) -> None:
    shop = _approved_shop(stage, "locked-out")
    wrong = shop.databases.secret(f"{POLICY}-observer", shop.database, OBSERVER, password="wrong")
    with blocked_build(shop, OLD_SNAPSHOT):
        shop.kubectl.apply(wrong)
        shop.until("a locked out observer", lambda: condition_of(shop.policy(), "Connected")["status"] == "False")
        assert list(shop.indexes().values()) == [False]
        shop.change_policy(freezeWindows=NOW_FROZEN)
        waiting = shop.until_condition("Applied", "FreezeWindow", status="False")
    shop.stop_load()
    assert condition_of(shop.policy(), "Connected")["reason"] == "AuthenticationFailed"
    assert not waiting["status"]["approval"].get("consumed")
    assert shop.indexes() == {}


def test_a_running_build_may_finish_in_a_freeze_where_the_policy_says_so(stage: Stage) -> None:
    shop = _approved_shop(stage, "finish", freeze={"runningBuild": "Finish"})
    with blocked_build(shop, OLD_SNAPSHOT):
        shop.change_policy(freezeWindows=NOW_FROZEN, suspend=True)
        shop.until("the freeze", lambda: condition_of(shop.policy(), "Frozen")["status"] == "True")
        shop.until("a suspended policy", lambda: condition_of(shop.policy(), "Ready")["reason"] == "Suspended")
        assert condition_of(shop.recommendation(), "Applied")["reason"] == "Building"
    shop.until_condition("Applied", "Done")
    shop.stop_load()
    assert list(shop.indexes().values()) == [True]


def test_taking_the_approval_away_ends_a_running_build(stage: Stage) -> None:
    shop = _approved_shop(stage, "withdrawn")
    with blocked_build(shop, OLD_SNAPSHOT):
        shop.decide("Pending")
        shop.until(
            "no trace of the build", lambda: shop.indexes() == {} and not shop.recommendation()["status"].get("intent")
        )
    shop.stop_load()
    found = shop.recommendation()
    assert condition_of(found, "Approved")["reason"] == "Pending"
    assert found["status"]["phase"] == "Pending"


def _approved_shop(stage: Stage, name: str, **spec: Any) -> Shop:
    shop = stage.open_shop(name)
    shop.apply_policy(**spec)
    shop.until_condition("Proposed", "Issued")
    shop.approve()
    return shop
