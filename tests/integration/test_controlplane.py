"""The test control plane is a Kubernetes API as clients know it, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as blocking
from kubernetes.aio import client, config

from tests.servers.controlplane import ControlPlane
from tests.servers.controlplane_binary import REPOSITORY
from tests.servers.controlplane_cluster import Cluster, existing_cluster


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.1)


@asynccontextmanager
async def client_of(kubeconfig: Path) -> AsyncIterator[client.ApiClient]:
    async with await config.new_client_from_config(  # type: ignore[no-untyped-call]
        config_file=str(kubeconfig), persist_config=False
    ) as api:
        yield api


def config_map(name: str, **metadata: Any) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, **metadata), data={"key": "value"})


def processes_of(folder: Path) -> list[int]:
    """Return the processes whose command line names the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if os.fsencode(folder) in words:
            found.append(int(path.parent.name))
    return found


def wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while processes_of(folder) or folder.exists():
        assert time.monotonic() < deadline, f"{folder} or its processes {processes_of(folder)} are still there"
        time.sleep(0.1)


async def test_service_account_without_rights_is_refused(control_plane: Cluster, namespace: str) -> None:
    async with client_of(control_plane.kubeconfig_for_service_account(namespace, "default")) as api:
        with pytest.raises(client.ApiException) as refused:
            await client.CoreV1Api(api).list_namespaced_secret(namespace)
    assert refused.value.status == 403
    assert f"system:serviceaccount:{namespace}:default" in str(refused.value.body)


async def test_service_account_may_do_what_its_role_grants_and_no_more(
    control_plane: Cluster, namespace: str, admin_client: client.ApiClient
) -> None:
    rbac = client.RbacAuthorizationV1Api(admin_client)
    await rbac.create_namespaced_role(
        namespace,
        client.V1Role(
            metadata=client.V1ObjectMeta(name="reader"),
            rules=[client.V1PolicyRule(api_groups=[""], resources=["configmaps"], verbs=["list"])],
        ),
    )
    await rbac.create_namespaced_role_binding(
        namespace,
        client.V1RoleBinding(
            metadata=client.V1ObjectMeta(name="reader"),
            role_ref=client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name="reader"),
            subjects=[client.RbacV1Subject(kind="ServiceAccount", name="default", namespace=namespace)],
        ),
    )
    async with client_of(control_plane.kubeconfig_for_service_account(namespace, "default")) as api:
        core = client.CoreV1Api(api)

        async def granted() -> bool:
            try:
                await core.list_namespaced_config_map(namespace)
            except client.ApiException as error:
                assert error.status == 403
                return False
            return True

        await eventually(granted)  # the authorizer hears of a new binding a moment later
        with pytest.raises(client.ApiException) as refused:
            await core.create_namespaced_config_map(namespace, config_map("mine"))
    assert refused.value.status == 403


async def test_token_of_an_unknown_service_account_is_not_given(control_plane: Cluster, namespace: str) -> None:
    with pytest.raises(blocking.ApiException) as refused:
        await asyncio.to_thread(control_plane.kubeconfig_for_service_account, namespace, "nobody")
    assert refused.value.status == 404


async def test_kubeconfig_can_be_read_by_its_owner_only(control_plane: Cluster, namespace: str) -> None:
    path = control_plane.kubeconfig_for_service_account(namespace, "default")
    assert path.stat().st_mode & 0o777 == 0o600


async def test_what_an_object_owns_goes_with_it(namespace: str, admin_client: client.ApiClient) -> None:
    core = client.CoreV1Api(admin_client)
    owner = await core.create_namespaced_config_map(namespace, config_map("owner"))
    assert owner.metadata is not None
    assert owner.metadata.uid is not None
    reference = client.V1OwnerReference(api_version="v1", kind="ConfigMap", name="owner", uid=owner.metadata.uid)
    await core.create_namespaced_config_map(namespace, config_map("owned", owner_references=[reference]))
    await core.delete_namespaced_config_map("owner", namespace)

    async def owned_is_gone() -> bool:
        return not (await core.list_namespaced_config_map(namespace, field_selector="metadata.name=owned")).items

    await eventually(owned_is_gone)


async def test_deletion_of_a_namespace_finishes(namespace: str, admin_client: client.ApiClient) -> None:
    core = client.CoreV1Api(admin_client)
    name = f"{namespace}-more"
    await core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    await core.create_namespaced_config_map(name, config_map("inside"))
    await core.delete_namespace(name)

    async def namespace_is_gone() -> bool:
        return not (await core.list_namespace(field_selector=f"metadata.name={name}")).items

    await eventually(namespace_is_gone)


async def test_validating_admission_policy_refuses_with_its_message(
    namespace: str, admin_client: client.ApiClient
) -> None:
    admission, core = client.AdmissionregistrationV1Api(admin_client), client.CoreV1Api(admin_client)
    await admission.create_validating_admission_policy(
        {  # type: ignore[arg-type]
            "metadata": {"name": namespace},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": match_config_maps(namespace),
                "validations": [{"expression": "object.metadata.name != 'bad'", "message": "choose another name"}],
            },
        }
    )
    await admission.create_validating_admission_policy_binding(
        {  # type: ignore[arg-type]
            "metadata": {"name": namespace},
            "spec": {"policyName": namespace, "validationActions": ["Deny"]},
        }
    )

    async def is_refused() -> bool:
        try:
            await core.create_namespaced_config_map(namespace, config_map("bad"))
        except client.ApiException as error:
            return error.status == 422 and "choose another name" in str(error.body)
        await core.delete_namespaced_config_map("bad", namespace)
        return False

    try:
        await eventually(is_refused)
        await core.create_namespaced_config_map(namespace, config_map("good"))
    finally:
        await admission.delete_validating_admission_policy_binding(namespace)
        await admission.delete_validating_admission_policy(namespace)


async def test_mutating_admission_policy_stamps_who_asked(namespace: str, admin_client: client.ApiClient) -> None:
    admission, core = client.AdmissionregistrationV1Api(admin_client), client.CoreV1Api(admin_client)
    stamp = 'Object{data: {"by": request.userInfo.username}}'
    await admission.create_mutating_admission_policy(
        {  # type: ignore[arg-type]
            "metadata": {"name": namespace},
            "spec": {
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "matchConstraints": match_config_maps(namespace),
                "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": stamp}}],
            },
        }
    )
    await admission.create_mutating_admission_policy_binding(
        {"metadata": {"name": namespace}, "spec": {"policyName": namespace}}  # type: ignore[arg-type]
    )

    async def is_stamped() -> bool:
        made = await core.create_namespaced_config_map(namespace, config_map("stamped"))
        await core.delete_namespaced_config_map("stamped", namespace)
        return made.data is not None and made.data.get("by") not in (None, "")

    try:
        await eventually(is_stamped)
    finally:
        await admission.delete_mutating_admission_policy_binding(namespace)
        await admission.delete_mutating_admission_policy(namespace)


def match_config_maps(namespace: str) -> dict[str, Any]:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "resourceRules": [rule],
    }


def test_restart_of_the_api_server_keeps_objects_and_stop_leaves_nothing() -> None:
    with ControlPlane() as control_plane:
        folder = control_plane.cluster.folder
        with control_plane.cluster.open_admin_client() as api:
            core = blocking.CoreV1Api(api)
            core.create_namespaced_config_map("default", {"metadata": {"name": "kept"}, "data": {"a": "b"}})  # type: ignore[arg-type]
            before = control_plane.pids()
            control_plane.restart_apiserver()
            after = control_plane.pids()
            assert core.read_namespaced_config_map("kept", "default").data == {"a": "b"}
        assert before["etcd"] == after["etcd"]
        assert before["apiserver"] != after["apiserver"]
        assert audited(control_plane.cluster) >= {("admin", "create", "configmaps"), ("admin", "get", "configmaps")}
        assert set(processes_of(folder)) >= set(after.values())
    assert processes_of(folder) == []
    assert not folder.exists()


def audited(cluster: Cluster) -> set[tuple[str, str, str]]:
    assert cluster.audit_log is not None
    events = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    return {(e["user"]["username"], e["verb"], e.get("objectRef", {}).get("resource", "")) for e in events}


def test_nothing_is_left_when_the_launcher_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.servers.controlplane"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as launcher:
        try:
            assert launcher.stdout is not None
            line = launcher.stdout.readline()
            assert line.startswith("export KUBECONFIG=")
            folder = Path(line.strip().removeprefix("export KUBECONFIG=")).parent
            assert len(processes_of(folder)) == 4  # etcd, API server, controller manager and their keeper
        finally:
            launcher.send_signal(signal.SIGKILL)
    wait_until_gone(folder)


async def test_cluster_of_somebody_else_is_used_as_it_is(control_plane: Cluster, namespace: str) -> None:
    with existing_cluster(control_plane.kubeconfig) as same:
        assert same.url == control_plane.url
        path = same.kubeconfig_for_service_account(namespace, "default")
        with same.open_admin_client() as api:
            assert blocking.VersionApi(api).get_code().git_version.startswith("v1.")
        assert path.exists()
    assert not path.exists()
