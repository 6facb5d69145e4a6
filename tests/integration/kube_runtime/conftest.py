"""Fixtures: the kinds in the API server, and policies to tend."""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient

from pgtend.kube.client import Api
from pgtend.kube.kinds import INDEX_RECOMMENDATION, KINDS, TUNING_POLICY
from tests.servers.controlplane_cluster import Cluster

ROOT = Path(__file__).parents[3]
Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def kinds(control_plane: Cluster) -> Cluster:
    """The API server with the CRDs in it."""
    kubectl = ["kubectl", f"--kubeconfig={control_plane.kubeconfig}", f"--cache-dir={control_plane.folder}/cache"]
    subprocess.run([*kubectl, "apply", "--server-side", "-k", str(ROOT / "crds")], check=True, capture_output=True)
    names = [f"crd/{kind.plural}.pgtend.dev" for kind in KINDS]
    subprocess.run(
        [*kubectl, "wait", "--for=condition=Established", "--timeout=30s", *names], check=True, capture_output=True
    )
    # For a moment after that the API server says 429 to lists; kubectl tries again.
    lists = ",".join(kind.plural for kind in KINDS)
    subprocess.run([*kubectl, "get", lists, "--all-namespaces"], check=True, capture_output=True)
    return control_plane


@pytest.fixture
def api(kinds: Cluster, admin_client: ApiClient) -> Api:
    """Our own Api, with an administrator's rights."""
    return Api(admin_client)


@pytest.fixture
def make_policy(api: Api, namespace: str) -> Make:
    """Creates a TuningPolicy of this name and these fields of spec; by default it looks once an hour."""

    async def make(name: str = "bookings", **spec: object) -> dict[str, Any]:
        body = TUNING_POLICY.head(namespace, name)
        database = {"observer": {"secretRef": {"name": f"{name}-observer"}}}
        body["spec"] = {"database": database, "collectInterval": "1h", "tuneInterval": "1h", **spec}
        return await api.create(TUNING_POLICY.path(namespace), body)

    return make


@pytest.fixture
def make_recommendation(api: Api, namespace: str) -> Make:
    """Creates an IndexRecommendation of this name and spec, as a person would."""

    async def make(name: str, **spec: object) -> dict[str, Any]:
        body = INDEX_RECOMMENDATION.head(namespace, name)
        body["spec"] = spec
        return await api.create(INDEX_RECOMMENDATION.path(namespace), body)

    return make
