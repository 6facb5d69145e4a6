"""A cluster that is too old to write down who approved: approving works, and no name can be made up."""

from __future__ import annotations

from tests.integration.kube_objects.kubectl import Kubectl, recommendation
from tests.integration.kube_objects.people import account_of, hire
from tests.servers.controlplane_cluster import Cluster

APPROVE = ("--type=merge", "--patch", '{"spec":{"approval":"Approved"}}')


def test_an_approval_has_no_name_then(defined: Cluster, installed: Kubectl) -> None:
    approver = hire(defined, installed, "approver", "pgtend-approver")
    installed("create", "-f", "-", send=recommendation("plain"))
    approver("patch", "idxrec", "plain", *APPROVE)
    assert "approvedBy" not in installed.read("idxrec", "plain")["spec"]


def test_a_name_can_only_be_ones_own(defined: Cluster, installed: Kubectl) -> None:
    approver = hire(defined, installed, "another", "pgtend-approver")
    mine = account_of(approver, "another")
    assert "is not written by hand" in approver.refused(
        "create", "-f", "-", send=recommendation("signed", approval="Approved", approvedBy="the boss")
    )
    approver("create", "-f", "-", send=recommendation("signed", approval="Approved", approvedBy=mine))
    complaint = installed.refused(
        "patch", "idxrec", "signed", "--type=merge", "--patch", '{"spec":{"approval":"Rejected"}}'
    )
    assert "is not written by hand" in complaint
    installed(
        "patch", "idxrec", "signed", "--type=merge", "--patch", '{"spec":{"approval":"Rejected","approvedBy":null}}'
    )
