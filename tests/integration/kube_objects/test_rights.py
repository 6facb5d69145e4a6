"""Who may do what, with the shipped roles and admission policies and real tokens."""

from __future__ import annotations

import pytest

from pgtend.kube.conversion import status_to_object
from tests.integration.kube_objects.kubectl import (
    APPLY_STATUS,
    AS_OPERATOR,
    REPOSITORY,
    Kubectl,
    policy,
    recommendation,
    wait_until,
)
from tests.integration.kube_objects.people import account_of, hire, operator
from tests.integration.kube_objects.statuses import PROPOSED, written
from tests.servers.controlplane_cluster import Cluster

APPROVE = '{"spec":{"approval":"Approved"}}'
NEEDS_THE_VERB = "changing spec.approval takes the permission (verb) approve"
NOT_BY_HAND = "spec.approvedBy is not written by hand"
NO_GENERATION_BY_HAND = "spec.approvalGeneration is not written by hand"


@pytest.fixture(scope="module")
def viewer(defined: Cluster, stamped: Kubectl) -> Kubectl:
    """Holds the role view."""
    person = hire(defined, stamped, "viewer", "view")
    wait_until(lambda: person.may("get", "indexrecommendations.pgtend.dev"), "view includes pgtend-viewer")
    return person


@pytest.fixture(scope="module")
def editor(defined: Cluster, stamped: Kubectl) -> Kubectl:
    """Holds the role edit."""
    person = hire(defined, stamped, "editor", "edit")
    wait_until(lambda: person.may("patch", "indexrecommendations.pgtend.dev"), "edit includes pgtend-editor")
    return person


@pytest.fixture(scope="module")
def chief(defined: Cluster, stamped: Kubectl) -> Kubectl:
    """Holds the role admin in the namespace."""
    person = hire(defined, stamped, "chief", "admin")
    wait_until(lambda: person.may("create", "tuningpolicies.pgtend.dev"), "admin includes pgtend-policy-editor")
    return person


@pytest.fixture(scope="module")
def approver(defined: Cluster, stamped: Kubectl) -> Kubectl:
    """Holds the role pgtend-approver."""
    return hire(defined, stamped, "approver", "pgtend-approver")


@pytest.fixture(scope="module")
def pgtend(defined: Cluster, stamped: Kubectl) -> Kubectl:
    """The operator's own account."""
    return operator(defined, stamped.namespace)


def patch(name: str, body: str) -> tuple[str, ...]:
    """The arguments of a merge patch."""
    return ("patch", "idxrec", name, "--type=merge", "--patch", body)


def test_a_viewer_sees_and_changes_nothing(stamped: Kubectl, viewer: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("seen"))
    assert "seen" in viewer("get", "idxrec")
    assert "cannot patch resource" in viewer.refused(*patch("seen", APPROVE))


def test_an_approver_approves_and_is_named(stamped: Kubectl, approver: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("good"))
    approver(*patch("good", APPROVE))
    spec = stamped.read("idxrec", "good")["spec"]
    assert (spec["approval"], spec["approvedBy"]) == ("Approved", account_of(approver, "approver"))


def test_the_name_follows_who_decided_last(stamped: Kubectl, approver: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("twice"))
    approver(*patch("twice", APPROVE))
    stamped(*patch("twice", '{"spec":{"approval":"Rejected"}}'))
    assert stamped.read("idxrec", "twice")["spec"]["approvedBy"] not in {"", account_of(approver, "approver")}
    approver(*patch("twice", '{"spec":{"approval":"Pending"}}'))
    assert stamped.read("idxrec", "twice")["spec"]["approvedBy"] == account_of(approver, "approver")


def test_an_editor_comments_but_does_not_approve(stamped: Kubectl, editor: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("commented"))
    editor(*patch("commented", '{"spec":{"comment":"please"}}'))
    complaint = editor.refused(*patch("commented", APPROVE))
    assert NEEDS_THE_VERB in complaint
    assert account_of(editor, "editor") in complaint
    assert "a RoleBinding to the ClusterRole pgtend-approver gives it" in complaint


def test_an_editor_does_not_bring_an_approval_along(stamped: Kubectl, editor: Kubectl, approver: Kubectl) -> None:
    assert NEEDS_THE_VERB in editor.refused("create", "-f", "-", send=recommendation("brought", approval="Approved"))
    approver("create", "-f", "-", send=recommendation("brought", approval="Approved"))
    assert stamped.read("idxrec", "brought")["spec"]["approvedBy"] == account_of(approver, "approver")


def test_an_editor_does_not_take_a_rejection_back(stamped: Kubectl, editor: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("rejected", approval="Rejected"))
    assert NEEDS_THE_VERB in editor.refused(*patch("rejected", '{"spec":{"approval":"Pending"}}'))
    assert NEEDS_THE_VERB in editor.refused(*patch("rejected", '{"spec":{"approval":null}}'))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"spec":{"approvedBy":"the boss"}}', id="alone"),
        pytest.param('{"spec":{"approval":"Approved","approvedBy":"the boss"}}', id="with an approval"),
        pytest.param('{"spec":{"approvedBy":"the boss","comment":"fine"}}', id="with a comment"),
    ],
)
def test_nobody_writes_another_name(stamped: Kubectl, approver: Kubectl, body: str) -> None:
    stamped("apply", "-f", "-", send=recommendation("forged"))
    assert NOT_BY_HAND in approver.refused(*patch("forged", body))
    assert NOT_BY_HAND in stamped.refused(*patch("forged", body))


def test_a_name_cannot_be_wiped_out(stamped: Kubectl, approver: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("kept"))
    approver(*patch("kept", APPROVE))
    approver(*patch("kept", '{"spec":{"approvedBy":null}}'))
    assert stamped.read("idxrec", "kept")["spec"]["approvedBy"] == account_of(approver, "approver")


def test_a_manifest_without_the_name_can_be_put_in_place_of_the_object(stamped: Kubectl, approver: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("replaced"))
    approver(*patch("replaced", APPROVE))
    stamped("replace", "-f", "-", send=recommendation("replaced", approval="Approved"))
    assert stamped.read("idxrec", "replaced")["spec"]["approvedBy"] == account_of(approver, "approver")


def generations(stamped: Kubectl, name: str) -> tuple[int, int]:
    """The generation of the object, and the one at which its approval was changed last."""
    found = stamped.read("idxrec", name)
    return found["metadata"]["generation"], found["spec"].get("approvalGeneration", 0)


def test_the_change_of_the_approval_is_told_from_other_changes(
    stamped: Kubectl, editor: Kubectl, approver: Kubectl
) -> None:
    stamped("create", "-f", "-", send=recommendation("toggled"))
    assert generations(stamped, "toggled") == (1, 0)
    approver(*patch("toggled", APPROVE))
    assert generations(stamped, "toggled") == (2, 2)
    editor(*patch("toggled", '{"spec":{"comment":"thank you"}}'))
    editor(*patch("toggled", '{"spec":{"comment":"thanks"}}'))
    assert generations(stamped, "toggled") == (4, 2)
    approver(*patch("toggled", '{"spec":{"approval":"Pending"}}'))
    approver(*patch("toggled", APPROVE))
    assert generations(stamped, "toggled") == (6, 6)
    editor(*patch("toggled", '{"spec":{"approvalGeneration":null,"comment":"again"}}'))
    assert generations(stamped, "toggled") == (7, 6)
    stamped("replace", "-f", "-", send=recommendation("toggled", approval="Approved"))
    assert generations(stamped, "toggled") == (8, 6)


def test_an_approval_that_is_brought_along_has_the_first_generation(stamped: Kubectl, approver: Kubectl) -> None:
    approver("create", "-f", "-", send=recommendation("along", approval="Approved"))
    assert generations(stamped, "along") == (1, 1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"spec":{"approvalGeneration":1}}', id="alone"),
        pytest.param('{"spec":{"approvalGeneration":2}}', id="that of the next change"),
        pytest.param('{"spec":{"approval":"Approved","approvalGeneration":7}}', id="with an approval"),
        pytest.param('{"spec":{"approvalGeneration":2,"comment":"fine"}}', id="with a comment"),
    ],
)
def test_nobody_writes_another_generation(stamped: Kubectl, editor: Kubectl, approver: Kubectl, body: str) -> None:
    stamped("apply", "-f", "-", send=recommendation("dated"))
    assert NO_GENERATION_BY_HAND in approver.refused(*patch("dated", body))
    assert "Forbidden" in editor.refused(*patch("dated", body)) or NEEDS_THE_VERB in editor.refused(
        *patch("dated", body)
    )


def test_the_operator_issues_and_reports_but_does_not_approve(stamped: Kubectl, pgtend: Kubectl) -> None:
    manifest = recommendation("issued", policyRef={"name": "bookings"})
    pgtend(*AS_OPERATOR, send=manifest)
    pgtend(*APPLY_STATUS, send=written(manifest, status_to_object(PROPOSED)))
    assert stamped.read("idxrec", "issued")["status"]["phase"] == "Pending"
    approving = recommendation("issued", policyRef={"name": "bookings"}, approval="Approved")
    assert NEEDS_THE_VERB in pgtend.refused(*AS_OPERATOR, send=approving)
    assert NEEDS_THE_VERB in pgtend.refused(*AS_OPERATOR, send=recommendation("another", approval="Approved"))


def test_the_operator_has_no_more_rights_than_it_needs(pgtend: Kubectl) -> None:
    for right in (
        ("get", "secrets"),
        ("list", "secrets"),
        ("delete", "indexrecommendations.pgtend.dev"),
        ("update", "indexrecommendations.pgtend.dev"),
        ("patch", "tuningpolicies.pgtend.dev"),
        ("approve", "indexrecommendations.pgtend.dev"),
        ("list", "namespaces"),
        ("list", "leases.coordination.k8s.io"),
    ):
        assert not pgtend.may(*right), right


def test_a_namespace_lets_the_operator_read_the_secrets_it_names(stamped: Kubectl, pgtend: Kubectl) -> None:
    for name in ("bookings-observer", "bookings-tuner", "payroll"):
        stamped("create", "secret", "generic", name, "--from-literal=uri=postgresql://example")
    assert "cannot get resource" in pgtend.refused("get", "secret", "bookings-observer")
    stamped("apply", "--kustomize", str(REPOSITORY / "deploy" / "access"))
    wait_until(lambda: pgtend.may("get", "secrets/bookings-observer"), "the Role pgtend-secrets holds")
    pgtend("get", "secret", "bookings-observer")
    pgtend("get", "secret", "bookings-tuner")
    assert "cannot get resource" in pgtend.refused("get", "secret", "payroll")
    assert "cannot list resource" in pgtend.refused("get", "secrets")


def test_no_person_writes_a_status(viewer: Kubectl, editor: Kubectl, chief: Kubectl, approver: Kubectl) -> None:
    for person in (viewer, editor, chief, approver):
        for kind in ("indexrecommendations.pgtend.dev", "tuningpolicies.pgtend.dev"):
            for verb in ("patch", "update"):
                assert not person.may(verb, kind, "--subresource=status")
    manifest = recommendation("status")
    approver("create", "-f", "-", send=manifest)
    complaint = approver.refused(*APPLY_STATUS, send=written(manifest, status_to_object(PROPOSED)))
    assert "cannot patch resource" in complaint


def test_a_policy_is_for_administrators_of_the_namespace(editor: Kubectl, chief: Kubectl, approver: Kubectl) -> None:
    for person in (editor, approver):
        assert "cannot create resource" in person.refused("create", "-f", "-", send=policy("mine", mode="Auto"))
    chief("create", "-f", "-", send=policy("ours", mode="Auto"))


def test_an_administrator_of_the_namespace_does_not_approve_by_that_alone(stamped: Kubectl, chief: Kubectl) -> None:
    stamped("create", "-f", "-", send=recommendation("power"))
    assert NEEDS_THE_VERB in chief.refused(*patch("power", APPROVE))
