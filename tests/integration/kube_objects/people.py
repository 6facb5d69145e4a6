"""Who works in a namespace: real ServiceAccounts with real tokens, bound to the shipped roles and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubernetes import client, config

from tests.integration.kube_objects.kubectl import Kubectl
from tests.servers.controlplane_cluster import Cluster

OPERATOR_NAMESPACE = "pgtend-system"
OPERATOR = "pgtend"


def hire(cluster: Cluster, administrator: Kubectl, name: str, role: str) -> Kubectl:
    """Make an account, bind it to a ClusterRole in this namespace, and return its kubectl."""
    namespace = administrator.namespace
    administrator("create", "serviceaccount", name)
    administrator("create", "rolebinding", name, f"--clusterrole={role}", f"--serviceaccount={namespace}:{name}")
    return Kubectl(kubeconfig=_token(cluster, namespace, name), namespace=namespace)


def operator(cluster: Cluster, namespace: str) -> Kubectl:
    """The operator's own account, at work in a namespace."""
    return Kubectl(kubeconfig=_token(cluster, OPERATOR_NAMESPACE, OPERATOR), namespace=namespace)


@contextmanager
def operators_client(cluster: Cluster) -> Iterator[client.CustomObjectsApi]:
    """The operator's own account without kubectl, which on a server-side apply first moves the ownership of what was
    applied client-side to whoever applies now. The operator does not.
    """
    settings = client.Configuration()
    kubeconfig = _token(cluster, OPERATOR_NAMESPACE, OPERATOR)
    config.load_kube_config(str(kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
    with client.ApiClient(settings) as api:
        yield client.CustomObjectsApi(api)


def account_of(person: Kubectl, name: str) -> str:
    """What the API server calls an account."""
    return f"system:serviceaccount:{person.namespace}:{name}"


def _token(cluster: Cluster, namespace: str, name: str) -> Path:
    return cluster.kubeconfig_for_service_account(namespace, name)
