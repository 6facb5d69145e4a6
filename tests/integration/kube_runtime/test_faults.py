"""A real operator process behind an API server that misbehaves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pgtend.kube.client import Api
from pgtend.kube.kinds import TUNING_POLICY
from tests.servers.controlplane_cluster import Cluster
from tests.servers.fault_proxy import FaultProxy, fault_proxy
from tests.servers.operator_process import OperatorProcess, eventually, operator_process

Make = Callable[..., Awaitable[dict[str, Any]]]
WATCHES = r"^GET .*watch=true"


@pytest.fixture
async def proxy(kinds: Cluster, tmp_path: Path) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(kinds, kinds.kubeconfig, tmp_path) as running:
        yield running


@pytest.fixture
async def operator(proxy: FaultProxy, namespace: str, tmp_path: Path) -> AsyncIterator[OperatorProcess]:
    async with operator_process(proxy.kubeconfig, namespace, tmp_path) as process:
        yield process


async def delete_policy(api: Api, namespace: str, name: str = "bookings") -> None:
    await api._request("DELETE", TUNING_POLICY.path(namespace, name), {})


async def test_a_cut_watch_goes_on_where_it_was(
    operator: OperatorProcess, proxy: FaultProxy, make_policy: Make
) -> None:
    await make_policy("before")
    await operator.passes(1, "before")
    proxy.cut_watches()
    await make_policy("after")
    await operator.passes(1, "after")
    assert len(operator.seen("pass", "before")) == 1


async def test_a_policy_that_was_deleted_while_the_watch_had_expired_loses_its_loop(
    operator: OperatorProcess, proxy: FaultProxy, api: Api, namespace: str, make_policy: Make
) -> None:
    await make_policy("gone")
    await make_policy("stays")
    await operator.passes(1, "gone")
    await operator.passes(1, "stays")
    proxy.refuse(WATCHES, 503)
    proxy.expire_watches()
    await delete_policy(api, namespace, "gone")
    proxy.behave()
    await eventually(lambda: operator.seen("closed", "gone"))
    assert not operator.seen("closed", "stays")


async def test_a_busy_api_server_delays_and_breaks_nothing(
    operator: OperatorProcess, proxy: FaultProxy, make_policy: Make
) -> None:
    await operator.answers("/readyz")
    proxy.refuse(r"^PATCH .*/status", 429, times=1, retry_after="1")
    proxy.refuse(r"^PUT .*/leases/", 500, times=1)
    await make_policy()
    await operator.passes(1)
    assert 'pgtend_passes_total{outcome="failed"} 1.0' in await operator.answers("/metrics")


async def test_waits_for_the_kinds_and_says_so(
    proxy: FaultProxy, namespace: str, tmp_path: Path, make_policy: Make
) -> None:
    proxy.refuse(r"^GET /apis/pgtend.dev/v1alpha1$", 404)
    async with operator_process(proxy.kubeconfig, namespace, tmp_path) as operator:
        assert "are not installed: apply crds/" in await operator.answers("/readyz", 503)
        assert await operator.answers("/livez") == "ok\n"
        proxy.behave()
        await make_policy()
        await operator.passes(1)
        assert await operator.answers("/readyz") == "ok\n"


async def test_says_when_it_may_not_list(proxy: FaultProxy, namespace: str, tmp_path: Path) -> None:
    proxy.refuse(r"^GET /apis/pgtend.dev/.*limit=", 403)
    async with operator_process(proxy.kubeconfig, namespace, tmp_path) as operator:

        async def problem() -> str:
            return await operator.answers("/readyz", 503)

        assert await operator.answers("/livez") == "ok\n"
        await eventually(lambda: "does not allow GET" in operator.log.read_text())
        assert "cannot be listed" in await problem()


async def test_a_leader_that_cannot_renew_gives_up(operator: OperatorProcess, proxy: FaultProxy) -> None:
    await operator.answers("/readyz")
    proxy.refuse(r"/leases", 503)
    assert await operator.ended() == 3
    assert "could not be renewed in time" in operator.log.read_text()


async def test_a_leader_whose_lease_was_taken_gives_up(operator: OperatorProcess, api: Api, namespace: str) -> None:
    await operator.answers("/readyz")
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/pgtend"
    stolen = {"spec": {"holderIdentity": "somebody"}}
    await api._request("PATCH", path, {}, stolen, "application/merge-patch+json")
    assert await operator.ended() == 3
    assert "Another process has taken the Lease" in operator.log.read_text()


async def test_an_idle_operator_renews_its_lease_and_asks_nothing_else(
    operator: OperatorProcess, proxy: FaultProxy, make_policy: Make
) -> None:
    await make_policy()
    await operator.passes(1)
    renewals = r"^PUT .*/leases/pgtend"
    await eventually(lambda: proxy.count(renewals) >= 2)
    before, renewed = len(proxy.requests), proxy.count(renewals)
    await eventually(lambda: proxy.count(renewals) >= renewed + 3)
    idle = proxy.requests[before:]
    assert {request.partition(" ")[0] for request in idle} == {"PUT"}


async def test_writes_a_status_only_when_it_changes(
    operator: OperatorProcess, proxy: FaultProxy, make_policy: Make
) -> None:
    await make_policy(collectInterval="5s")
    await operator.passes(3)
    assert proxy.count(r"^PATCH .*/tuningpolicies/bookings/status") == 1
