"""pytest fixtures for whatever speaks to a Kubernetes API."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from kubernetes.aio import client, config

from tests.servers.controlplane import cluster_for_tests
from tests.servers.controlplane_cluster import Cluster

SECONDS_TO_APPEAR = 30.0


@pytest.fixture(scope="session")
def control_plane() -> Iterator[Cluster]:
    """One Kubernetes API for the session: `KUBECONFIG_TEST` where that is set, else one of our own."""
    with cluster_for_tests() as cluster:
        yield cluster


@pytest.fixture
async def admin_client(control_plane: Cluster) -> AsyncIterator[client.ApiClient]:
    """An async client with the administrator's rights, for the API classes of kubernetes.aio.client."""
    async with await config.new_client_from_config(  # type: ignore[no-untyped-call]
        config_file=str(control_plane.kubeconfig), persist_config=False
    ) as api:
        yield api


@pytest.fixture
async def namespace(admin_client: client.ApiClient) -> AsyncIterator[str]:
    """A fresh namespace with its `default` ServiceAccount; its deletion is asked for at the end, not waited for."""
    core = client.CoreV1Api(admin_client)
    name = f"test-{uuid.uuid4().hex[:10]}"
    await core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    try:
        async with asyncio.timeout(SECONDS_TO_APPEAR):
            while True:
                if (await core.list_namespaced_service_account(name)).items:
                    break
                await asyncio.sleep(0.05)
        yield name
    finally:
        await core.delete_namespace(name)
