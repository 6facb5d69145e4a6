"""The Kubernetes API of the demo, and what of deploy/ goes into it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.failure import DemoFailed
from demo.kubectl import Kubectl, find_program
from demo.narration import doing, show_command, tell
from tests.servers.controlplane import ControlPlane
from tests.servers.controlplane_binary import ControlPlaneUnavailableError
from tests.servers.controlplane_cluster import Cluster, existing_cluster, write_kubeconfig

REPOSITORY = Path(__file__).resolve().parents[1]
PGTEND = "demo/deploy/cluster"
APPROVER_NAME = "deploy/approver-name"
KIND_CLUSTER = "pgtend-demo"
DEFINITIONS = ("tuningpolicies.pgtend.dev", "indexrecommendations.pgtend.dev")


@contextmanager
def open_cluster(environment: Mapping[str, str], folder: Path) -> Iterator[Cluster]:
    """A Kubernetes API with administrator's rights: our own, that of DEMO_KUBECONFIG, or one made with kind."""
    named, maker = environment.get("DEMO_KUBECONFIG", ""), environment.get("DEMO_CLUSTER", "")
    if maker not in ("", "kind"):
        raise DemoFailed(f"DEMO_CLUSTER is {maker!r}: only kind is known.")
    if named:
        with existing_cluster(Path(named)) as cluster:
            yield cluster
    elif maker:
        with _kind(folder / "kind.kubeconfig") as kubeconfig, existing_cluster(kubeconfig) as cluster:
            yield cluster
    else:
        with doing("etcd, kube-apiserver and kube-controller-manager on 127.0.0.1"):
            try:
                control_plane = ControlPlane()
                control_plane.start()
            except ControlPlaneUnavailableError as error:
                raise DemoFailed(str(error)) from None
        try:
            yield control_plane.cluster
        finally:
            control_plane.stop()


@contextmanager
def _kind(kubeconfig: Path) -> Iterator[Path]:
    kind = find_program("kind")
    with doing("a cluster made with kind"):
        subprocess.run([kind, "create", "cluster", "--name", KIND_CLUSTER, "--kubeconfig", kubeconfig], check=True)
    try:
        yield kubeconfig
    finally:
        subprocess.run([kind, "delete", "cluster", "--name", KIND_CLUSTER, "--kubeconfig", kubeconfig], check=True)


def install(kubectl: Kubectl) -> None:
    """Apply deploy/ but for its workload, and make the namespace."""
    apply_folder(kubectl, PGTEND)
    if _stamps_approvers(kubectl):
        apply_folder(kubectl, APPROVER_NAME)
    else:
        tell("This API cannot stamp who approved (that takes Kubernetes 1.36): the approval will say so.")
    kubectl.run("wait", "--for=condition=Established", "--timeout=30s", *(f"crd/{each}" for each in DEFINITIONS))
    kubectl.run("create", "namespace", kubectl.namespace)


def apply_folder(kubectl: Kubectl, folder: str) -> None:
    """Apply a kustomization of the repository, and show it."""
    output = kubectl.run("apply", "--kustomize", str(REPOSITORY / folder))
    show_command(f"kubectl apply -k {folder}", output)


def uninstall(kubectl: Kubectl) -> None:
    """Take the namespace away, and all that was applied."""
    with doing("taking everything out of the cluster again"):
        kubectl.run("delete", "namespace", kubectl.namespace, "--ignore-not-found", "--timeout=50s")
        for folder in (APPROVER_NAME, PGTEND):
            rendered = kubectl.run("kustomize", str(REPOSITORY / folder))
            kubectl.run("delete", "--ignore-not-found", "--timeout=50s", "--filename", "-", stdin=rendered)


def kubeconfig_of(administrator: Kubectl, cluster: Cluster, namespace: str, account: str) -> Path:
    """Write a kubeconfig with a fresh token of a ServiceAccount."""
    token = administrator.run("--namespace", namespace, "create", "token", account, "--duration=12h").strip()
    path = administrator.cache.parent / f"{account}.kubeconfig"
    write_kubeconfig(path, url=cluster.url, ca=cluster.ca, token=token, namespace=namespace)
    return path


def _stamps_approvers(kubectl: Kubectl) -> bool:
    """Whether this API serves MutatingAdmissionPolicy v1 (Kubernetes 1.36)."""
    served = kubectl.run("api-resources", "--api-group=admissionregistration.k8s.io", "--no-headers")
    return any("mutatingadmissionpolicies " in line and "/v1 " in line for line in served.splitlines())


def refuse_to_meddle(kubectl: Kubectl) -> None:
    """Raise DemoFailed where the cluster has pgtend, or a namespace of that name, already."""
    found = kubectl.run("get", "crd", *DEFINITIONS, "--ignore-not-found", "--output", "name")
    found += kubectl.run("get", "namespace", kubectl.namespace, "--ignore-not-found", "--output", "name")
    if found.strip():
        raise DemoFailed(
            f"This cluster already has {', '.join(found.split())}, and the demo takes away what it installs. Use a "
            "cluster without pgtend, or, where a demo was killed, remove its remains: kubectl delete namespace "
            f"{kubectl.namespace}; kubectl delete -k deploy/base"
        )
