"""`kubectl delete` finishes at once, with the operator there or gone, and the indexes stay."""

from __future__ import annotations

import pytest

from tests.e2e.blocking import OLD_SNAPSHOT, blocked_build, builders, end_backends
from tests.e2e.side_by_side import Meeting
from tests.e2e.stage import POLICY, Shop, Stage, condition_of

pytestmark = pytest.mark.side_by_side

SOON = "--timeout=30s"
"""kubectl fails when something is not gone by then: what waits for a finalizer never goes."""


def test_deletes_finish_while_the_operator_runs(stage: Stage) -> None:
    shop = _shop_with_index(stage, "deleting")
    _delete_all(shop)
    stage.operator.check()


def test_deletes_finish_while_the_operator_is_gone(harsh_stage: Stage, first_kill: Meeting) -> None:
    shop = _shop_with_index(harsh_stage, "deleting-alone")
    first_kill.arrive(test_deletes_finish_while_the_operator_is_gone.__name__, lambda: _delete_all(shop))
    harsh_stage.operator.check()


def test_a_build_whose_recommendation_is_deleted_is_ended_and_cleared(stage: Stage) -> None:
    """Its policy goes on, and proposes the same again under the same name."""
    shop = _shop_with_build(stage, "orphaned")
    with blocked_build(shop, OLD_SNAPSHOT):
        uid = shop.recommendation()["metadata"]["uid"]
        shop.kubectl.run("--namespace", shop.namespace, "delete", "indexrecommendation", shop.name(), SOON)
        shop.until("no trace of the build", lambda: shop.indexes() == {} and not builders(shop))
    shop.until("the same advice", lambda: shop.recommendation()["metadata"]["uid"] != uid)
    shop.stop_load()
    assert condition_of(shop.recommendation(), "Approved")["reason"] == "Pending"
    assert shop.indexes() == {}


def test_what_a_build_left_whose_policy_is_deleted_is_cleared_when_that_is_made_again(stage: Stage) -> None:
    shop = _shop_with_build(stage, "abandoned")
    with blocked_build(shop, OLD_SNAPSHOT):
        shop.kubectl.run("--namespace", shop.namespace, "delete", "tuningpolicy", POLICY, SOON)
        shop.until("no recommendation", lambda: not shop.recommendations())
        end_backends(shop)
    assert list(shop.indexes().values()) == [False]
    with shop.connect() as connection:
        connection.execute("create index by_hand on orders (product)")
        connection.execute("update pg_index set indisvalid = false where indexrelid = 'by_hand'::regclass")
    shop.apply_policy(suspend=True)
    shop.until("only what is not pgtend's own", lambda: shop.indexes() == {"by_hand": False})
    shop.until_ready("False")
    shop.stop_load()
    assert shop.indexes() == {"by_hand": False}


def _shop_with_build(stage: Stage, name: str) -> Shop:
    shop = stage.open_shop(name)
    shop.apply_policy()
    shop.until_condition("Proposed", "Issued")
    shop.approve()
    return shop


def _shop_with_index(stage: Stage, name: str) -> Shop:
    shop = stage.open_shop(name)
    shop.apply_policy(mode="Auto")
    shop.until_condition("Applied", "Done")
    return shop


def _delete_all(shop: Shop) -> None:
    uid = shop.recommendation()["metadata"]["uid"]
    shop.kubectl.run("--namespace", shop.namespace, "delete", "indexrecommendation", shop.name(), SOON)
    assert uid not in [each["metadata"]["uid"] for each in shop.recommendations()]
    shop.kubectl.run("--namespace", shop.namespace, "delete", "tuningpolicy", POLICY, SOON)
    shop.until("no recommendation", lambda: not shop.recommendations())
    assert list(shop.indexes().values()) == [True]
    shop.apply_policy(mode="Observe")
    shop.kubectl.run("delete", "namespace", shop.namespace, SOON)
    shop.stop_load()
    assert list(shop.indexes().values()) == [True]
