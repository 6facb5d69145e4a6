"""Changes that hurt are taken back; what others undo is left alone; a disturbed measurement begins again."""

from __future__ import annotations

import time

import pytest

from tests.e2e.blocking import slow_updates
from tests.e2e.database import ShopServer
from tests.e2e.load import SHOP, UPDATE, Shape
from tests.e2e.stage import NOW_FROZEN, Shop, Stage, condition_of

pytestmark = pytest.mark.side_by_side


def test_a_change_after_which_statements_got_slower_is_taken_back(stage: Stage) -> None:
    shop = applied_shop(stage, "regress")
    with slow_updates(shop):
        shop.until_condition("Verified", "Regressed", status="False")
        rolled_back = shop.until_condition("Applied", "RolledBack", status="False")
    shop.stop_load()
    assert shop.indexes() == {}
    assert shop.audit() == ["Build Done", "UndoBuild Done"]
    assert rolled_back["status"]["phase"] == "RolledBack"
    shop.until_said("Regressed", "RollingBack", "RolledBack")


def test_a_rollback_waits_for_the_end_of_a_freeze_and_says_that_it_is_due(stage: Stage) -> None:
    shop = applied_shop(stage, "deferred")
    shop.change_policy(freezeWindows=NOW_FROZEN)
    with slow_updates(shop):
        shop.until_condition("Verified", "Regressed")
        shop.until_said("RollbackDue")
    assert list(shop.indexes().values()) == [True]
    shop.change_policy(freezeWindows=None)
    shop.until_condition("Applied", "RolledBack")
    shop.stop_load()
    assert shop.indexes() == {}


def test_an_index_that_somebody_dropped_is_not_built_again_until_it_is_approved_again(stage: Stage) -> None:
    shop = applied_shop(stage, "dropped")
    with shop.connect() as connection:
        connection.execute(f"drop index {shop.recommendation()['status']['indexName']}".encode())
    shop.until_condition("Applied", "RemovedByOthers", status="False")
    passes = time.monotonic() + 17  # three passes
    while time.monotonic() < passes:
        assert shop.indexes() == {}
        time.sleep(1)
    assert condition_of(shop.recommendation(), "Applied")["reason"] == "RemovedByOthers"
    shop.decide("Pending")
    shop.approve()
    shop.until_condition("Applied", "Done", status="True")
    shop.stop_load()
    assert list(shop.indexes().values()) == [True]


def test_the_measuring_begins_again_when_the_statistics_are_reset_and_says_so(
    stage: Stage, other_server: ShopServer
) -> None:
    shop = applied_shop(stage, "recount", shapes=SHOP, databases=other_server)
    shop.until("a few slices", lambda: slices_after(shop) >= 3)
    with shop.connect() as connection:
        connection.execute("select pg_stat_statements_reset()")
    shop.until("an empty window", lambda: shop.recommendation()["status"]["measurement"].get("restarts") == 1)
    assert slices_after(shop) <= 1
    shop.until_said("MeasuringAgain")
    found = shop.until_condition("Verified", "Improved")
    shop.stop_load()
    assert "reset" in condition_of(found, "Verified")["message"]


def applied_shop(
    stage: Stage, name: str, shapes: tuple[Shape, ...] = (*SHOP, UPDATE), databases: ShopServer | None = None
) -> Shop:
    """A shop whose index has been approved and built just now, and whose load also updates the table."""
    shop = stage.open_shop(name, shapes=shapes, databases=databases)
    shop.apply_policy()
    shop.until_condition("Proposed", "Issued")
    shop.approve()
    shop.until_condition("Applied", "Done")
    return shop


def slices_after(shop: Shop) -> int:
    """How many slices of the helped statement have been taken in since the change."""
    treated = shop.recommendation()["status"]["measurement"]["treated"]
    return max(int(each["after"].get("n", 0)) for each in treated if each["role"] == "Helped")
