"""A manifest that holds the decision alone, as people commit it to Git: applied either way, before and after the operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pgtend.kube.conversion import status_to_object
from tests.integration.kube_objects.kubectl import (
    API_VERSION,
    AS_OPERATOR,
    Kubectl,
    policy,
    recommendation,
)
from tests.integration.kube_objects.people import account_of, hire, operators_client
from tests.integration.kube_objects.statuses import PROPOSED, written
from tests.servers.controlplane_cluster import Cluster

WAYS = {
    "client": ("apply", "-f", "-"),
    "server": ("apply", "--server-side", "--field-manager=argocd", "-f", "-"),
}


@pytest.fixture(scope="module")
def approver(defined: Cluster, stamped: Kubectl) -> Kubectl:
    """Who commits to Git, or what applies it."""
    stamped("create", "-f", "-", send=policy())
    return hire(defined, stamped, "approver", "pgtend-approver")


@pytest.fixture(scope="module")
def issue(defined: Cluster, stamped: Kubectl, approver: Kubectl) -> Iterator[Callable[[str], None]]:
    """Issue a proposal as the operator does: the policy and the owner, then the status, and never an approval."""
    uid = stamped.read("tp", "bookings")["metadata"]["uid"]

    def do(name: str) -> None:
        manifest = recommendation(name, policyRef={"name": "bookings"})
        manifest["metadata"]["ownerReferences"] = [
            {
                "apiVersion": API_VERSION,
                "kind": "TuningPolicy",
                "name": "bookings",
                "uid": uid,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ]
        where = ("pgtend.dev", "v1alpha1", stamped.namespace, "indexrecommendations", name)
        how: dict[str, Any] = {
            "field_manager": "pgtend",
            "force": True,
            "_content_type": "application/apply-patch+yaml",
        }
        status = written(manifest, status_to_object(PROPOSED))
        pgtend.patch_namespaced_custom_object(*where, manifest, **how)
        pgtend.patch_namespaced_custom_object_status(*where, status, **how)

    with operators_client(defined) as pgtend:
        yield do


def check(found: dict[str, Any], approval: str, by: str) -> None:
    """The person's decision and the operator's part stand side by side."""
    assert found["spec"]["approval"] == approval
    assert found["spec"]["approvedBy"] == by
    assert found["spec"]["policyRef"] == {"name": "bookings"}
    assert [owner["name"] for owner in found["metadata"]["ownerReferences"]] == ["bookings"]
    assert found["status"] == status_to_object(PROPOSED)
    owned = [entry["fieldsV1"] for entry in found["metadata"]["managedFields"] if entry["manager"] == "pgtend"]
    assert owned
    assert all("f:approval" not in fields.get("f:spec", {}) for fields in owned)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", ["person", "operator"])
def test_the_decision_alone_can_be_applied(
    stamped: Kubectl, approver: Kubectl, issue: Callable[[str], None], way: str, first: str
) -> None:
    name = f"bookings-{way}-{first}"
    by = account_of(approver, "approver")
    approved = recommendation(name, approval="Approved")
    if first == "operator":
        issue(name)
        assert stamped.read("idxrec", name)["spec"] == {"approval": "Pending", "policyRef": {"name": "bookings"}}
    approver(*WAYS[way], send=approved)
    if first == "person":
        issue(name)
    check(stamped.read("idxrec", name), "Approved", by)

    # Again and again, as GitOps does: nothing changes, nothing conflicts.
    generation = stamped.read("idxrec", name)["metadata"]["generation"]
    approver(*WAYS[way], send=approved)
    issue(name)
    approver(*WAYS[way], send=approved)
    assert stamped.read("idxrec", name)["metadata"]["generation"] == generation
    check(stamped.read("idxrec", name), "Approved", by)

    approver(*WAYS[way], send=recommendation(name, approval="Rejected", comment="too large"))
    check(stamped.read("idxrec", name), "Rejected", by)

    # A manifest that no longer holds the decision takes it back.
    approver(*WAYS[way], send=recommendation(name))
    issue(name)
    check(stamped.read("idxrec", name), "Pending", by)


@pytest.mark.parametrize("way", WAYS)
def test_an_approval_by_hand_is_not_undone_by_the_operator(
    stamped: Kubectl, approver: Kubectl, issue: Callable[[str], None], way: str
) -> None:
    name = f"bookings-{way}-patched"
    issue(name)
    approver("patch", "idxrec", name, "--type=merge", "--patch", '{"spec":{"approval":"Approved"}}')
    issue(name)
    check(stamped.read("idxrec", name), "Approved", account_of(approver, "approver"))


def test_recommendations_go_with_their_policy(stamped: Kubectl, issue: Callable[[str], None]) -> None:
    other = policy("short-lived")
    stamped("create", "-f", "-", send=other)
    owner = stamped.read("tp", "short-lived")["metadata"]["uid"]
    manifest = recommendation("short-lived-a-00000000", policyRef={"name": "short-lived"})
    manifest["metadata"]["ownerReferences"] = [
        {"apiVersion": API_VERSION, "kind": "TuningPolicy", "name": "short-lived", "uid": owner, "controller": True}
    ]
    stamped(*AS_OPERATOR, send=manifest)
    stamped("delete", "tp", "short-lived", "--timeout=20s")
    # The garbage collector learns of new kinds every 30 seconds.
    stamped("wait", "--for=delete", "--timeout=90s", "idxrec/short-lived-a-00000000")
