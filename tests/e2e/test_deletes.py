"""`kubectl delete` finishes at once, with the operator there or gone, and the indexes stay."""

from __future__ import annotations

import pytest

from tests.e2e.side_by_side import Meeting
from tests.e2e.stage import POLICY, Shop, Stage

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
