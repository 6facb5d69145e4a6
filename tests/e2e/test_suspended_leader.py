"""A leader is suspended with DDL under way: its successor carries on, and it does nothing when it wakes.

All of these share one sleep (fixture long_sleep), which begins when everybody has come to the phase it wants it in.
"""

from __future__ import annotations

import pytest

from tests.e2e.blocking import OLD_SNAPSHOT, READ_LOCK, Held, blocked_build, builders, holding, slow_updates
from tests.e2e.load import SHOP, UPDATE, Shape
from tests.e2e.side_by_side import Meeting
from tests.e2e.stage import Shop, condition_of
from tests.e2e.succession import Succession

pytestmark = pytest.mark.side_by_side


def test_it_ends_with_a_code_of_its_own_and_writes_nothing(succession: Succession, long_sleep: Meeting) -> None:
    long_sleep.arrive(test_it_ends_with_a_code_of_its_own_and_writes_nothing.__name__)
    assert succession.exit_code == 3, succession.first.last_lines()
    assert "has not renewed its Lease in time" in succession.first.last_lines()
    assert succession.writes_before_sleeping() != []
    assert succession.writes_after_waking() == []


def test_a_build_that_goes_on_all_the_while(succession: Succession, long_sleep: Meeting) -> None:
    """The build was sent in the session of the one that sleeps, and ends after that is gone."""
    shop = _approved_shop(succession, "sleep-building")
    with blocked_build(shop, OLD_SNAPSHOT):
        (builder,) = builders(shop)
        long_sleep.arrive(test_a_build_that_goes_on_all_the_while.__name__, lambda: _tended_by_successor(shop))
        assert builders(shop) == [builder]
        assert condition_of(shop.recommendation(), "Applied")["reason"] == "Building"
    _ends_well(shop)


def test_a_build_that_ended_meanwhile(succession: Succession, long_sleep: Meeting) -> None:
    """The one that sleeps would send the comment next; its successor finds the index valid and does so."""
    shop = _approved_shop(succession, "sleep-built")
    with blocked_build(shop, OLD_SNAPSHOT) as held:
        long_sleep.arrive(test_a_build_that_ended_meanwhile.__name__, lambda: _let_it_be_built(shop, held))
    _ends_well(shop)


def test_a_rollback_that_ended_meanwhile(succession: Succession, long_sleep: Meeting) -> None:
    """The drop waits for a reader when its sender is suspended, and is done when that wakes."""
    shop = _approved_shop(succession, "sleep-undoing", shapes=(*SHOP, UPDATE))
    shop.until_condition("Applied", "Done")
    with slow_updates(shop), holding(shop, READ_LOCK) as held:
        shop.until_condition("Applied", "RollingBack")
        shop.until("a drop that waits on the server", lambda: builders(shop))
        long_sleep.arrive(test_a_rollback_that_ended_meanwhile.__name__, lambda: _let_it_be_dropped(shop, held))
    shop.stop_load()
    assert condition_of(shop.recommendation(), "Applied")["reason"] == "RolledBack"
    assert shop.indexes() == {}
    assert shop.audit() == ["Build Done", "UndoBuild Done"]
    assert _ddl(shop) == ["CREATE INDEX", "COMMENT ON", "DROP INDEX"]


def _approved_shop(succession: Succession, name: str, shapes: tuple[Shape, ...] = SHOP) -> Shop:
    shop = succession.stage.open_shop(name, shapes=shapes)
    shop.databases.log_ddl(shop.database)
    shop.apply_policy()
    shop.until_condition("Proposed", "Issued")
    shop.approve()
    return shop


def _tended_by_successor(shop: Shop) -> None:
    """Each change of a policy's spec is looked at by whoever tends it."""
    shop.change_policy(budgets={"maxIndexesPerTable": 9})
    generation = shop.policy()["metadata"]["generation"]
    shop.until("a pass of the successor", lambda: shop.policy()["status"]["observedGeneration"] == generation)


def _let_it_be_built(shop: Shop, held: Held) -> None:
    held.release()
    shop.until_condition("Applied", "Done")


def _let_it_be_dropped(shop: Shop, held: Held) -> None:
    held.release()
    shop.until_condition("Applied", "RolledBack")


def _ends_well(shop: Shop) -> None:
    """One index, built and commented on once, verified, and one line in the audit trail."""
    shop.until_condition("Verified", "Improved")
    shop.stop_load()
    assert list(shop.indexes().values()) == [True]
    assert shop.audit() == ["Build Done"]
    assert _ddl(shop) == ["CREATE INDEX", "COMMENT ON"]
    with shop.connect() as connection:
        (comment,) = connection.execute(
            "select obj_description(oid) from pg_class where relname = %s",
            (shop.recommendation()["status"]["indexName"],),
        ).fetchone() or ("",)
    assert comment == f"pgtend: {shop.namespace}/{shop.name()}"


def _ddl(shop: Shop) -> list[str]:
    return shop.databases.logged_ddl(shop.database)
