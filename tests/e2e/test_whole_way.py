"""From a policy to a verified index, and what a person sees of it."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from kubernetes import client

from tests.e2e.stage import GROUP, NOW_FROZEN, VERSION, Shop, Stage, condition_of

pytestmark = pytest.mark.side_by_side


def test_an_approved_recommendation_is_built_and_found_to_help(stage: Stage) -> None:
    shop = stage.open_shop("whole-way")
    shop.apply_policy()
    policy = shop.until_ready()
    assert [condition_of(policy, kind)["status"] for kind in ("Connected", "Permitted", "TunerReady", "Frozen")] == [
        "True",
        "True",
        "True",
        "False",
    ]
    proposed = shop.until_condition("Approved", "Pending")
    assert proposed["metadata"]["ownerReferences"][0]["kind"] == "TuningPolicy"
    assert "finalizers" not in proposed["metadata"]
    assert (proposed["spec"]["policyRef"], proposed["spec"]["approval"]) == ({"name": "bookings"}, "Pending")
    assert condition_of(proposed, "Proposed")["reason"] == "Issued"
    assert proposed["status"]["evidence"]["validated"]
    assert shop.indexes() == {}

    shop.approve()
    applied = shop.until_condition("Applied", "Done", status="True")
    assert applied["status"]["approval"]["consumed"]
    assert applied["status"]["approval"]["by"] == f"system:serviceaccount:{shop.namespace}:dana"
    assert "intent" not in applied["status"]
    verified = shop.until_condition("Verified", "Improved", status="True")
    name = verified["status"]["indexName"]
    assert shop.indexes() == {name: True}
    with shop.connect() as connection:
        (definition, comment) = connection.execute(
            "select pg_get_indexdef(oid), obj_description(oid) from pg_class where relname = %s", (name,)
        ).fetchone() or ("", "")
    assert "ON public.orders USING btree (customer, " in definition or "btree (customer)" in definition
    assert comment == f"pgtend: {shop.namespace}/{verified['metadata']['name']}"
    assert shop.audit() == ["Build Done"]
    assert [
        (each["type"], each["reason"]) for each in verified["status"]["transitions"] if each["reason"] != "Baseline"
    ] == [
        ("Proposed", "Issued"),
        ("Approved", "Pending"),
        ("Approved", "Human"),
        ("Applied", "Building"),
        ("Applied", "Done"),
        ("Verified", "Measuring"),
        ("Verified", "Improved"),
    ]
    shop.until_said("Issued", "Human", "Building", "Done", "Measuring", "Improved")
    told = shop.describe()
    for word in ("Improved", "orders", "customer", "Cost Before", "Before Ms", "After Ms", "Approved by", "Events:"):
        assert word in told, told
    (effect, *_) = verified["status"]["judgement"]["effects"]
    assert effect["afterMs"] < effect["beforeMs"] / 2
    shop.until(
        "the same in the policy's status, at the end of the pass",
        lambda: _told_by_policy(shop) == ("Create", "Improved"),
    )
    shop.stop_load()


def _told_by_policy(shop: Shop) -> tuple[str, str]:
    (line,) = shop.policy()["status"]["recommendations"]
    return line["action"], line["phase"]


def test_mode_auto_approves_by_itself(stage: Stage) -> None:
    shop = stage.open_shop("auto")
    shop.apply_policy(mode="Auto")
    found = shop.until_condition("Applied", "Done")
    shop.stop_load()
    assert condition_of(found, "Approved")["reason"] == "Policy"
    assert found["spec"]["approval"] == "Pending"
    assert found["status"]["approval"]["by"] == "policy (mode Auto)"
    assert list(shop.indexes().values()) == [True]


def test_mode_observe_makes_no_object_and_shows_the_advice_in_the_policy(stage: Stage) -> None:
    shop = stage.open_shop("observe")
    shop.apply_policy(mode="Observe")
    shop.until("advice", lambda: shop.policy()["status"].get("recommendations"))
    shop.stop_load()
    (line,) = shop.policy()["status"]["recommendations"]
    assert line["action"] == "Create"
    assert "orders" in line["table"]
    assert line["benefitPercent"] > 50
    assert shop.recommendations() == []
    assert shop.indexes() == {}


def test_an_approval_is_taken_in_soon(stage: Stage) -> None:
    """The time is measured and printed, and asserted generously only: machines differ."""
    shop = stage.open_shop("approvals")
    shop.apply_policy(freezeWindows=NOW_FROZEN)
    shop.until_condition("Approved", "Pending")
    seconds = []
    for _ in range(5):
        seconds += [_seconds_until(shop, "Approved", "Human"), _seconds_until(shop, "Pending", "Pending")]
    shop.stop_load()
    shown = " ".join(f"{each:.2f}" for each in sorted(seconds))
    print(
        f"{datetime.now(UTC):%H:%M:%S} approval to transition: median {statistics.median(seconds):.2f} s, all {shown}"
    )
    assert statistics.median(seconds) < 20
    assert shop.indexes() == {}


def _seconds_until(shop: Shop, approval: str, reason: str) -> float:
    """Change spec.approval; how long it takes until the condition Approved has the reason."""
    objects = client.CustomObjectsApi(shop.stage.api)
    place = (GROUP, VERSION, shop.namespace, "indexrecommendations", shop.name())
    time.sleep(1.7)
    objects.patch_namespaced_custom_object(*place, {"spec": {"approval": approval}}, _request_timeout=30)
    began = time.monotonic()
    while True:
        found: Any = objects.get_namespaced_custom_object(*place, _request_timeout=30)
        if condition_of(found, "Approved")["reason"] == reason:
            return time.monotonic() - began
        assert time.monotonic() - began < 60, shop.report()
        time.sleep(0.02)
