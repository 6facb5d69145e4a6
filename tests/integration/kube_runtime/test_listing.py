"""Lists over several pages, of which the API server may forget the state they began with.

The proxy says so: a server of the tests has a state in memory for minutes after etcd has forgotten it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pgtend.domain.finding import ListExpired
from pgtend.kube.client import Api, open_api
from pgtend.kube.kinds import TUNING_POLICY
from pgtend.kube.listing import MOST_BEGUN, list_all
from tests.integration.kube_runtime.conftest import Make
from tests.servers.controlplane_cluster import Cluster
from tests.servers.fault_proxy import FaultProxy, fault_proxy

NAMES = ["guests", "payments", "vendors"]
NEXT_PAGE = r"^GET .*[?&]continue="
FIRST_PAGE = r"^GET (?!.*continue=).*limit=1"


@pytest.fixture
async def proxy(kinds: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FaultProxy]:
    monkeypatch.setattr("pgtend.kube.listing.PAGE", 1)
    async with fault_proxy(kinds, kinds.kubeconfig, tmp_path) as running:
        yield running


@pytest.fixture
async def proxied(proxy: FaultProxy, make_policy: Make, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """Our Api through the proxy, with three policies behind it."""
    for name in NAMES:
        await make_policy(name)
    monkeypatch.setenv("KUBECONFIG", str(proxy.kubeconfig))
    async with open_api() as api:
        yield api


async def names(api: Api, namespace: str) -> list[str]:
    items, _ = await list_all(api, TUNING_POLICY.path(namespace))
    return [item["metadata"]["name"] for item in items]


async def test_all_pages_are_read(proxied: Api, proxy: FaultProxy, namespace: str) -> None:
    assert await names(proxied, namespace) == NAMES
    assert (proxy.count(FIRST_PAGE), proxy.count(NEXT_PAGE)) == (1, 2)


async def test_a_list_whose_pages_expired_begins_anew_and_tells_each_object_once(
    proxied: Api, proxy: FaultProxy, namespace: str
) -> None:
    proxy.refuse(NEXT_PAGE, 410, times=MOST_BEGUN - 1)
    assert await names(proxied, namespace) == NAMES
    assert proxy.count(FIRST_PAGE) == MOST_BEGUN


async def test_a_list_whose_pages_expire_each_time_is_left_for_later(
    proxied: Api, proxy: FaultProxy, namespace: str
) -> None:
    proxy.refuse(NEXT_PAGE, 410)
    with pytest.raises(ListExpired, match="HTTP 410"):
        await names(proxied, namespace)
    assert proxy.count(FIRST_PAGE) == MOST_BEGUN
