"""Loops of a real operator process follow the objects of a real API server."""

from __future__ import annotations

import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient, CoreV1Api, V1Namespace, V1ObjectMeta

from pgtend.domain.finding import ObjectGone
from pgtend.kube.client import Api
from pgtend.kube.kinds import INDEX_RECOMMENDATION, TUNING_POLICY, Kind
from tests.servers.controlplane_cluster import Cluster
from tests.servers.operator_process import OperatorProcess, eventually, eventually_awaited, operator_process

Make = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def operator(kinds: Cluster, namespace: str, tmp_path: Path) -> AsyncIterator[OperatorProcess]:
    async with operator_process(kinds.kubeconfig, namespace, tmp_path) as process:
        yield process


async def is_gone(api: Api, kind: Kind, namespace: str, name: str) -> bool:
    try:
        await api.get(kind.path(namespace, name))
    except ObjectGone:
        return True
    return False


async def patch(api: Api, kind: Kind, namespace: str, name: str, spec: dict[str, object]) -> None:
    await api._request("PATCH", kind.path(namespace, name), {}, {"spec": spec}, "application/merge-patch+json")


async def delete(api: Api, kind: Kind, namespace: str, name: str) -> None:
    await api._request("DELETE", kind.path(namespace, name), {})


async def test_a_policy_gets_a_loop_and_a_status(
    operator: OperatorProcess, api: Api, namespace: str, make_policy: Make
) -> None:
    await make_policy()
    await operator.passes(1)
    found = await api.get(TUNING_POLICY.path(namespace, "bookings"))
    assert found["status"]["conditions"][0]["reason"] == "Counting"
    assert "finalizers" not in found["metadata"]
    assert "annotations" not in found["metadata"]
    assert await operator.answers("/readyz") == "ok\n"
    assert await operator.answers("/livez") == "ok\n"
    metrics = await operator.answers("/metrics")
    for line in (
        "pgtend_leader 1.0",
        'pgtend_policies{ready="True"} 1.0',
        'pgtend_passes_total{outcome="ready"} 1.0',
        "pgtend_what_if_explains_total 3.0",
        "pgtend_database_connections 7.0",
    ):
        assert line in metrics


async def test_policies_that_were_there_before_get_loops(
    kinds: Cluster, namespace: str, tmp_path: Path, make_policy: Make
) -> None:
    for name in ("one", "two", "three"):
        await make_policy(name)
    async with operator_process(kinds.kubeconfig, namespace, tmp_path) as operator:
        for name in ("one", "two", "three"):
            await operator.passes(1, name)


async def test_looks_again_at_the_policys_own_interval(operator: OperatorProcess, make_policy: Make) -> None:
    await make_policy("slow")
    await make_policy("fast", collectInterval="5s")
    await operator.passes(3, "fast")
    assert len(operator.seen("pass", "slow")) == 1


async def test_a_changed_spec_wakes_the_loop(
    operator: OperatorProcess, api: Api, namespace: str, make_policy: Make
) -> None:
    await make_policy()
    await operator.passes(1)
    await patch(api, TUNING_POLICY, namespace, "bookings", {"mode": "Observe"})
    assert (await operator.passes(2))[1] == "Observe"


async def test_an_approval_wakes_the_loop(
    operator: OperatorProcess, api: Api, namespace: str, make_policy: Make, make_recommendation: Make
) -> None:
    await make_policy()
    await operator.passes(1)
    name = "bookings-payments-3fa9c1d2"
    await make_recommendation(name, policyRef={"name": "bookings"})
    assert (await operator.passes(2))[1] == f"Recommend {name}=Pending"
    await patch(api, INDEX_RECOMMENDATION, namespace, name, {"approval": "Approved"})
    assert (await operator.passes(3))[2] == f"Recommend {name}=Approved"
    await delete(api, INDEX_RECOMMENDATION, namespace, name)
    assert (await operator.passes(4))[3] == "Recommend"


async def test_a_recommendation_that_names_no_policy_belongs_to_the_one_its_name_begins_with(
    operator: OperatorProcess, make_policy: Make, make_recommendation: Make
) -> None:
    await make_policy("shop")
    await make_policy("shop-eu")
    await operator.passes(1, "shop")
    await operator.passes(1, "shop-eu")
    await make_recommendation("shop-eu-payments-3fa9c1d2", approval="Approved")
    assert (await operator.passes(2, "shop-eu"))[1] == "Recommend shop-eu-payments-3fa9c1d2=Approved"
    assert operator.seen("pass", "/shop") == ["Recommend"]


async def test_deleting_a_policy_stops_its_loop(
    operator: OperatorProcess, api: Api, namespace: str, make_policy: Make
) -> None:
    await make_policy()
    await operator.passes(1)
    await delete(api, TUNING_POLICY, namespace, "bookings")
    assert await is_gone(api, TUNING_POLICY, namespace, "bookings")
    await eventually(lambda: operator.seen("closed"))


async def test_a_policy_made_anew_gets_a_loop_anew(
    operator: OperatorProcess, api: Api, namespace: str, make_policy: Make
) -> None:
    await make_policy()
    await operator.passes(1)
    await delete(api, TUNING_POLICY, namespace, "bookings")
    await make_policy()
    await operator.passes(2)
    await eventually(lambda: len(operator.seen("opened")) == 2 and len(operator.seen("closed")) == 1)


@pytest.fixture
async def doomed(admin_client: ApiClient) -> str:
    """A namespace that the test deletes."""
    name = f"doomed-{uuid.uuid4().hex[:10]}"
    await CoreV1Api(admin_client).create_namespace(V1Namespace(metadata=V1ObjectMeta(name=name)))
    return name


@pytest.mark.parametrize("state", ["running", "killed"])
async def test_a_namespace_and_all_in_it_can_be_deleted(
    state: str, kinds: Cluster, api: Api, admin_client: ApiClient, doomed: str, tmp_path: Path
) -> None:
    policy = TUNING_POLICY.head(doomed, "bookings")
    policy["spec"] = {"database": {"observer": {"secretRef": {"name": "bookings"}}}}
    recommendation = INDEX_RECOMMENDATION.head(doomed, "bookings-payments-3fa9c1d2")
    async with operator_process(kinds.kubeconfig, doomed, tmp_path) as operator:
        await api.create(TUNING_POLICY.path(doomed), policy)
        await api.create(INDEX_RECOMMENDATION.path(doomed), recommendation)
        await operator.passes(1)
        if state == "killed":
            operator.signal(signal.SIGKILL)
            await operator.ended()
        core = CoreV1Api(admin_client)
        await core.delete_namespace(doomed)

        async def is_away() -> bool:
            return doomed not in [each.metadata and each.metadata.name for each in (await core.list_namespace()).items]

        await eventually_awaited(is_away)
        if state == "running":
            await eventually(lambda: operator.seen("closed"))


async def test_a_mistake_in_a_pass_is_said_without_its_text_and_the_loop_goes_on(
    kinds: Cluster, api: Api, namespace: str, tmp_path: Path, make_policy: Make
) -> None:
    async with operator_process(kinds.kubeconfig, namespace, tmp_path, COUNTING_CRASH="1") as operator:
        await make_policy()

        async def ready_condition() -> dict[str, Any] | None:
            found = await api.get(TUNING_POLICY.path(namespace, "bookings"))
            return next(iter(found.get("status", {}).get("conditions", [])), None)

        condition = await eventually_awaited(ready_condition)
        assert condition is not None
        assert condition["status"] == "False"
        assert condition["reason"] == "InternalError"
        assert "ZeroDivisionError, counting_operator.py:" in condition["message"]
        assert 'pgtend_passes_total{outcome="crashed"}' in await operator.answers("/metrics")
        await patch(api, TUNING_POLICY, namespace, "bookings", {"mode": "Observe"})
        await eventually(lambda: operator.log.read_text().count("ended with ZeroDivisionError") >= 2)
        assert "secret" not in operator.log.read_text() + condition["message"]
