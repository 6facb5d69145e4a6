"""Objects that mean nothing, contradict each other or were made by somebody who may not: said, and nothing is executed."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest
from kubernetes import client, config

from demo.failure import DemoFailed
from tests.e2e.complaints import until_said, until_tuned, until_unready, until_well
from tests.e2e.stage import GROUP, POLICY, VERSION, Shop, Stage, condition_of

pytestmark = pytest.mark.side_by_side

SOMEBODYS = f"{POLICY}-orders-deadbeef"
TWO_PASSES = 11.0


@pytest.mark.parametrize(
    ("name", "window", "words"),
    [
        pytest.param(
            "no-such-zone",
            {"name": "night", "schedule": "0 0 * * *", "duration": "1h", "timeZone": "Mars/Olympus_Mons"},
            ("night", "timeZone that nobody knows", "Europe/London"),
            id="an unknown time zone",
        ),
        pytest.param(
            "no-such-time",
            {"name": "late", "schedule": "61 25 * * *", "duration": "1h", "timeZone": "UTC"},
            ("late", "a schedule that means nothing", "61 25 * * *"),
            id="an impossible time",
        ),
        pytest.param(
            "no-such-day",
            {"name": "leap", "schedule": "0 0 31 2 *", "duration": "1h", "timeZone": "UTC"},
            ("leap", "0 0 31 2 *"),
            id="a day that never comes",
        ),
    ],
)
def test_a_window_that_means_nothing_is_said_and_the_policy_waits(
    stage: Stage, name: str, window: dict[str, str], words: tuple[str, ...]
) -> None:
    shop = stage.open_shop(f"window-{name}", shapes=())
    shop.apply_policy(freezeWindows=[window])
    until_unready(shop, "Invalid", *words)
    shop.change_policy(freezeWindows=[{**window, "schedule": "0 0 * * 6", "timeZone": "Europe/London"}])
    until_well(shop, "Connected", "Permitted")


def test_of_two_policies_on_one_database_the_older_one_tends_it(stage: Stage) -> None:
    shop = stage.open_shop("two-policies", shapes=())
    shop.apply_policy()
    until_well(shop, "Permitted")
    time.sleep(1.1)  # creation times are whole seconds
    shop.apply_policy("second")
    until_said(
        shop, "Permitted", "False", "DatabaseClaimed", f"two-policies/{POLICY} is older", "delete one", name="second"
    )
    until_unready(shop, "DatabaseClaimed", name="second")
    until_well(shop, "Permitted")
    shop.kubectl.run("--namespace", shop.namespace, "delete", "tuningpolicy", POLICY, "--timeout=20s")
    until_well(shop, "Permitted", name="second")


def test_a_policy_name_that_is_too_long_is_refused(stage: Stage) -> None:
    shop = stage.open_shop("long-name", shapes=())
    with pytest.raises(DemoFailed, match="the name of a TuningPolicy has at most 40 characters"):
        shop.apply_policy("a" * 41)


def test_a_recommendation_made_by_hand_waits_and_nothing_is_executed(stage: Stage) -> None:
    shop = stage.open_shop("by-hand")
    shop.apply_policy()
    shop.until_ready()
    shop.dba.apply(by_hand(SOMEBODYS))
    found = shop.until_condition("Proposed", "NotIssued", name=SOMEBODYS)
    assert "nothing is executed from the object" in condition_of(found, "Proposed")["message"]
    shop.until_said("NotIssued")
    name = until_tuned(shop, "orders")
    assert name != SOMEBODYS
    assert shop.indexes() == {}
    shop.stop_load()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"policyRef": {"name": "nosuchpolicy"}}, "There is no TuningPolicy nosuchpolicy in namespace no-policy-0"),
        ({}, "It names no TuningPolicy in spec.policyRef"),
    ],
)
def test_a_recommendation_without_a_policy_is_told_so(stage: Stage, spec: dict[str, Any], words: str) -> None:
    shop = stage.open_shop(f"no-policy-{0 if spec else 1}", shapes=())
    shop.dba.apply({**by_hand("made-by-hand"), "spec": spec})
    shop.until_said("NoPolicy")
    assert words in shop.report()


def test_a_recommendation_edited_into_nonsense_is_refused_or_not_executed(stage: Stage) -> None:
    shop = stage.open_shop("nonsense")
    shop.apply_policy()
    name = until_tuned(shop, "orders")
    for edit, sentence in (
        ({"approval": "Maybe"}, 'supported values: "Pending", "Approved", "Rejected"'),
        ({"policyRef": {"name": "another"}}, "a recommendation stays with its policy"),
        ({"approvedBy": "the boss"}, "spec.approvedBy is not written by hand"),
    ):
        with pytest.raises(DemoFailed) as refusal:
            patch(shop, name, {"spec": edit})
        assert sentence in str(refusal.value)
    statement = {"index": "create index on orders (note)"}
    with pytest.raises(DemoFailed, match='unknown field "index"'):
        shop.kubectl.apply({**by_hand(name), "spec": {"policyRef": {"name": POLICY}, **statement}})
    forged = copy.deepcopy(shop.recommendation(name)["status"]["proposal"])
    forged["index"]["columns"][0]["column"] = "note"
    with pytest.raises(DemoFailed, match="a proposal cannot become another one"):
        patch(shop, name, {"status": {"proposal": forged}}, "--subresource=status")
    # An administrator of the whole cluster can write any status; a proposal under a name that is not its own is still not done.
    shop.dba.apply(by_hand(SOMEBODYS))
    shop.until_condition("Proposed", "NotIssued", name=SOMEBODYS)
    patch(shop, SOMEBODYS, {"status": {"proposal": forged}}, "--subresource=status")
    shop.until(
        "the name that does not belong to the proposal",
        lambda: (
            "does not belong to its proposal" in condition_of(shop.recommendation(SOMEBODYS), "Proposed")["message"]
        ),
    )
    time.sleep(TWO_PASSES)
    assert shop.indexes() == {}
    until_well(shop, "Permitted")
    shop.stop_load()


def test_nobody_with_a_shipped_role_writes_a_status(stage: Stage) -> None:
    shop = stage.open_shop("forged", shapes=())
    shop.apply_policy()
    shop.until_ready()
    shop.dba.apply(by_hand(SOMEBODYS))
    forged = {"status": {"phase": "Improved"}}
    settings = client.Configuration()
    config.load_kube_config(str(shop.dba.kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
    with client.ApiClient(settings) as api:
        objects = client.CustomObjectsApi(api)
        for plural, name in (("indexrecommendations", SOMEBODYS), ("tuningpolicies", POLICY)):
            with pytest.raises(client.ApiException, match=f"cannot patch resource .*{plural}/status") as refusal:
                objects.patch_namespaced_custom_object_status(
                    GROUP, VERSION, shop.namespace, plural, name, forged, _request_timeout=30
                )
            assert refusal.value.status == 403


def by_hand(name: str) -> dict[str, Any]:
    """An approved recommendation that pgtend did not make."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "IndexRecommendation",
        "metadata": {"name": name},
        "spec": {"policyRef": {"name": POLICY}, "approval": "Approved"},
    }


def patch(shop: Shop, name: str, body: dict[str, Any], *arguments: str) -> None:
    """Edit a recommendation as the administrator of the cluster."""
    shop.kubectl.run(
        *("--namespace", shop.namespace, "patch", "indexrecommendation", name, "--type=merge", *arguments),
        *("--patch", json.dumps(body)),
    )
