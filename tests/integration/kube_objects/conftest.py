"""Definitions in a real API server, and namespaces to try objects in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.kube_objects.kubectl import REPOSITORY, Kubectl, recommendation, wait_until
from tests.servers.controlplane_cluster import Cluster


@pytest.fixture(scope="session")
def defined(control_plane: Cluster) -> Cluster:
    """The cluster with the definitions of the kinds."""
    kubectl = Kubectl(kubeconfig=control_plane.kubeconfig)
    kubectl("apply", "--server-side", "--force-conflicts", "--kustomize", str(REPOSITORY / "crds"))
    kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/tuningpolicies.pgtend.dev")
    kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/indexrecommendations.pgtend.dev")
    return control_plane


@pytest.fixture(scope="module")
def shop(defined: Cluster) -> Iterator[Kubectl]:
    """The administrator in a namespace of this module."""
    name = f"shop-{uuid.uuid4().hex[:8]}"
    kubectl = Kubectl(kubeconfig=defined.kubeconfig, namespace=name)
    kubectl("create", "namespace", name)
    yield kubectl
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture(scope="module")
def installed(shop: Kubectl) -> Iterator[Kubectl]:
    """The administrator in a cluster where everything of deploy/base is; the admission policy goes with the module."""
    base = str(REPOSITORY / "deploy" / "base")
    replace(shop, namespace="")("apply", "--server-side", "--force-conflicts", "--kustomize", base)
    wait_until(lambda: _refuses_a_forged_name(shop), "the policy pgtend-approval holds")
    yield shop
    shop(
        "delete",
        "validatingadmissionpolicy,validatingadmissionpolicybinding",
        "pgtend-approval",
        "--ignore-not-found",
    )
    wait_until(lambda: not _refuses_a_forged_name(shop), "the policy pgtend-approval is gone")


@pytest.fixture(scope="module")
def stamped(installed: Kubectl) -> Iterator[Kubectl]:
    """The same, where the cluster writes down who approved."""
    folder = str(REPOSITORY / "deploy" / "approver-name")
    installed("apply", "--server-side", "--force-conflicts", "--kustomize", folder)
    wait_until(lambda: _stamps(installed), "the policy pgtend-approver-name holds")
    yield installed
    installed("delete", "--kustomize", folder)
    wait_until(lambda: not _stamps(installed), "the policy pgtend-approver-name is gone")


def _try(kubectl: Kubectl, **spec: str) -> str:
    done = kubectl.attempt(
        "create", "--dry-run=server", "--output=json", "--filename=-", send=recommendation("try", **spec)
    )
    return done.stdout + done.stderr


def _refuses_a_forged_name(kubectl: Kubectl) -> bool:
    return "is not written by hand" in _try(kubectl, approvedBy="somebody")


def _stamps(kubectl: Kubectl) -> bool:
    return '"approvedBy"' in _try(kubectl, approval="Approved")
