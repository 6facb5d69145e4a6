"""Operator processes beginning, ending, and taking over from each other."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pgtend.kube.client import Api
from pgtend.kube.kinds import TUNING_POLICY
from tests.servers.controlplane_cluster import Cluster
from tests.servers.operator_process import OperatorProcess, eventually, operator_process

Make = Callable[..., Awaitable[dict[str, Any]]]
TAKEOVER_SECONDS = 20.0


async def holder(api: Api, namespace: str) -> str:
    lease = await api.get(f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/pgtend")
    return str(lease["spec"].get("holderIdentity", ""))


async def is_leading(operator: OperatorProcess) -> bool:
    return "pgtend_leader 1.0" in await operator.answers("/metrics")


async def test_of_two_processes_one_works_and_the_other_takes_over_when_it_is_killed(
    kinds: Cluster, namespace: str, tmp_path: Path, make_policy: Make
) -> None:
    await make_policy(collectInterval="5s")
    async with operator_process(kinds.kubeconfig, namespace, tmp_path, "first") as first:
        await first.passes(1)
        async with operator_process(kinds.kubeconfig, namespace, tmp_path, "second") as second:
            assert await second.answers("/readyz") == "ok\n"
            assert not await is_leading(second)
            await first.passes(len(first.seen("pass")) + 1)
            assert second.seen("opened") == []
            first.signal(signal.SIGKILL)
            await eventually(lambda: second.seen("pass"), TAKEOVER_SECONDS)
            assert await is_leading(second)


async def test_a_leader_that_was_suspended_does_not_act_when_it_wakes(
    kinds: Cluster, api: Api, namespace: str, tmp_path: Path, make_policy: Make
) -> None:
    await make_policy(collectInterval="5s")
    async with operator_process(kinds.kubeconfig, namespace, tmp_path, "first", COUNTING_WRITES="1") as first:
        await first.passes(1)
        async with operator_process(kinds.kubeconfig, namespace, tmp_path, "second", COUNTING_WRITES="1") as second:
            await second.answers("/readyz")
            first.signal(signal.SIGSTOP)
            done = len(first.seen("pass"))
            await eventually(lambda: second.seen("pass"), TAKEOVER_SECONDS)
            first.signal(signal.SIGCONT)
            assert await first.ended() == 3
            assert len(first.seen("pass")) == done
            assert "has not renewed its Lease in time" in first.log.read_text()
            found = await api.get(TUNING_POLICY.path(namespace, "bookings"))
            assert found["status"]["message"].endswith(f"of {second.pid}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("busy", [{}, {"COUNTING_SLOW": "1"}], ids=["asleep", "in the middle of a pass"])
async def test_a_signal_ends_it_in_order_within_ten_seconds(
    number: signal.Signals,
    busy: dict[str, str],
    kinds: Cluster,
    api: Api,
    namespace: str,
    tmp_path: Path,
    make_policy: Make,
) -> None:
    await make_policy()
    async with operator_process(kinds.kubeconfig, namespace, tmp_path, **busy) as operator:
        await eventually(lambda: operator.seen("slow" if busy else "pass"))
        operator.signal(number)
        assert await operator.ended(10.0) == 0
        assert len(operator.seen("closed")) == 1
        assert await holder(api, namespace) == ""


async def test_a_process_that_ended_in_order_is_followed_at_once(
    kinds: Cluster, namespace: str, tmp_path: Path, make_policy: Make
) -> None:
    await make_policy()
    async with operator_process(kinds.kubeconfig, namespace, tmp_path, "first") as first:
        await first.passes(1)
        async with operator_process(kinds.kubeconfig, namespace, tmp_path, "second") as second:
            await second.answers("/readyz")
            first.signal(signal.SIGTERM)
            await second.passes(1)


async def test_a_process_that_stands_by_ends_on_a_signal_too(kinds: Cluster, namespace: str, tmp_path: Path) -> None:
    async with operator_process(kinds.kubeconfig, namespace, tmp_path, "first") as first:
        await first.answers("/readyz")
        async with operator_process(kinds.kubeconfig, namespace, tmp_path, "second") as second:
            await second.answers("/readyz")
            second.signal(signal.SIGTERM)
            assert await second.ended(10.0) == 0


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        pytest.param({"KUBECONFIG": "/no/such/file"}, "no way to the Kubernetes API", id="no kubeconfig"),
        pytest.param({"KUBECONFIG": ""}, "no way to the Kubernetes API", id="neither a Pod nor a kubeconfig"),
        pytest.param({"PGTEND_HISTORY_URL": "sqlite:////no/h.db"}, "the folder /no does not exist", id="history"),
        pytest.param({"PGTEND_LISTEN": "192.0.2.1:80"}, "nothing can listen on 192.0.2.1:80", id="address"),
    ],
)
async def test_a_wrong_set_up_ends_it_with_one_sentence(
    environment: dict[str, str], sentence: str, kinds: Cluster, namespace: str, tmp_path: Path
) -> None:
    async with operator_process(kinds.kubeconfig, namespace, tmp_path, **environment) as operator:
        assert await operator.ended() == 1
        log = operator.log.read_text()
        assert sentence in log
        assert "Traceback" not in log


async def test_without_a_right_to_the_lease_it_says_so(
    kinds: Cluster, api: Api, namespace: str, tmp_path: Path
) -> None:
    kubeconfig = kinds.kubeconfig_for_service_account(namespace, "default")
    async with operator_process(kubeconfig, namespace, tmp_path) as operator:
        assert await operator.ended() == 1
        assert 'cannot get resource "leases"' in operator.log.read_text()
