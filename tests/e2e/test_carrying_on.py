"""kill -9 in every phase: the operator that is started again ends where the other would have ended.

All of these share two kills of one operator (fixtures first_kill and second_kill), each when everybody has come to the phase
it wants to be killed in.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.blocking import (
    OLD_SNAPSHOT,
    READ_LOCK,
    SHARE_LOCK,
    Held,
    blocked_build,
    builders,
    end_backends,
    holding,
    slow_updates,
)
from tests.e2e.load import SHOP, UPDATE, Shape
from tests.e2e.side_by_side import Meeting
from tests.e2e.stage import HASTY, NOW_FROZEN, Shop, Stage, condition_of
from tests.e2e.test_taking_back import slices_after

pytestmark = pytest.mark.side_by_side


def test_killed_when_it_has_proposed(harsh_stage: Stage, first_kill: Meeting) -> None:
    shop = _proposed_shop(harsh_stage, "proposed")
    before = shop.recommendation()
    first_kill.arrive(test_killed_when_it_has_proposed.__name__)
    assert shop.recommendation()["metadata"]["uid"] == before["metadata"]["uid"]
    assert shop.recommendation()["status"]["proposal"] == before["status"]["proposal"]
    shop.approve()
    _ends_well(shop)


def test_killed_while_an_approved_change_waits(harsh_stage: Stage, first_kill: Meeting) -> None:
    shop = _proposed_shop(harsh_stage, "waiting", freezeWindows=NOW_FROZEN)
    shop.approve()
    shop.until_condition("Applied", "FreezeWindow")
    first_kill.arrive(
        test_killed_while_an_approved_change_waits.__name__, lambda: shop.change_policy(freezeWindows=None)
    )
    _ends_well(shop)


def test_killed_between_the_intent_and_the_build(harsh_stage: Stage, first_kill: Meeting) -> None:
    """The build is at its very beginning and has left no trace; its backend goes with the operator."""
    shop = _proposed_shop(harsh_stage, "intent")
    shop.approve()
    with blocked_build(shop, SHARE_LOCK) as held:
        assert shop.indexes() == {}
        first_kill.arrive(test_killed_between_the_intent_and_the_build.__name__, lambda: _begin_nothing(shop, held))
    _ends_well(shop)


def test_killed_while_the_server_builds(harsh_stage: Stage, first_kill: Meeting) -> None:
    """The server goes on building without its client, and has not finished when the operator is back."""
    shop = _proposed_shop(harsh_stage, "building")
    shop.approve()
    with blocked_build(shop, OLD_SNAPSHOT):
        (builder,) = builders(shop)
        assert list(shop.indexes().values()) == [False]
        first_kill.arrive(test_killed_while_the_server_builds.__name__)
        assert builders(shop) == [builder]
        assert condition_of(shop.recommendation(), "Applied")["reason"] == "Building"
    _ends_well(shop)


def test_killed_together_with_the_backend_that_builds(harsh_stage: Stage, first_kill: Meeting) -> None:
    """An invalid index is left behind, and nobody is building it."""
    shop = _proposed_shop(harsh_stage, "remains")
    shop.approve()
    with blocked_build(shop, OLD_SNAPSHOT):
        first_kill.arrive(test_killed_together_with_the_backend_that_builds.__name__, lambda: _leave_remains(shop))
    _ends_well(shop)


def test_killed_while_it_measures(harsh_stage: Stage, first_kill: Meeting, second_kill: Meeting) -> None:
    """It is approved when all is ready for the second kill but this: nobody knows how long the others take, and no verdict waits."""
    name = test_killed_while_it_measures.__name__
    # Of all minDurations with slices of 5 s the longest: time enough to be killed in.
    shop = _proposed_shop(harsh_stage, "measuring", verification={**HASTY["verification"], "minDuration": "2m30s"})
    first_kill.arrive(name)
    second_kill.wait_to_be_last(name)
    shop.approve()
    shop.until_condition("Applied", "Done")
    shop.until("a few slices", lambda: slices_after(shop) >= 3)
    before: list[int] = []
    second_kill.arrive(name, lambda: before.append(slices_after(shop)))
    seen = before[0]

    def improved() -> bool:
        nonlocal seen
        if condition_of(shop.recommendation(), "Verified")["reason"] == "Improved":
            return True
        now = slices_after(shop)
        if now < seen:  # no "not yet": it ends the test
            raise RuntimeError(f"{seen} slices had been taken in, and now there are {now}")
        seen = now
        return False

    shop.until("Improved", improved)
    assert "began again" not in condition_of(shop.recommendation(), "Verified")["message"]
    _ends_well(shop)


def test_killed_while_it_takes_a_change_back(harsh_stage: Stage, first_kill: Meeting, second_kill: Meeting) -> None:
    """The drop waits on the server for a reader when the operator is killed, and goes on when that is gone.

    It is approved after the first kill only: a verdict would not wait for that.
    """
    name = test_killed_while_it_takes_a_change_back.__name__
    shop = _proposed_shop(harsh_stage, "undoing", shapes=(*SHOP, UPDATE))
    first_kill.arrive(name)
    shop.approve()
    shop.until_condition("Applied", "Done")
    with slow_updates(shop), holding(shop, READ_LOCK):
        shop.until_condition("Applied", "RollingBack")
        shop.until("a drop that waits on the server", lambda: builders(shop))
        second_kill.arrive(name)
        assert condition_of(shop.recommendation(), "Applied")["reason"] == "RollingBack"
    shop.until_condition("Applied", "RolledBack", status="False")
    shop.stop_load()
    assert shop.indexes() == {}
    assert shop.audit() == ["Build Done", "UndoBuild Done"]


def _proposed_shop(stage: Stage, name: str, shapes: tuple[Shape, ...] = SHOP, **spec: Any) -> Shop:
    shop = stage.open_shop(name, shapes=shapes)
    shop.apply_policy(**spec)
    shop.until_condition("Proposed", "Issued")
    return shop


def _begin_nothing(shop: Shop, held: Held) -> None:
    end_backends(shop)
    held.release()
    assert shop.indexes() == {}


def _leave_remains(shop: Shop) -> None:
    end_backends(shop)
    assert list(shop.indexes().values()) == [False]


def _ends_well(shop: Shop) -> None:
    """As without the kill: one index, valid, verified, and one line in the audit trail."""
    shop.until_condition("Verified", "Improved")
    shop.stop_load()
    assert list(shop.indexes().values()) == [True]
    assert shop.audit() == ["Build Done"]
    status = shop.recommendation()["status"]
    assert status["approval"]["consumed"]
    assert "intent" not in status
