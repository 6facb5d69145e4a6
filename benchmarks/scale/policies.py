"""One policy for each database, in one namespace, with the Secrets and the Role that they need."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import yaml
from kubernetes import client

from benchmarks.scale.databases import Database
from demo.cluster import REPOSITORY
from tests.e2e.database import OBSERVER, TUNER

NAMESPACE = "scale"
GROUP, VERSION = "pgtend.dev", "v1alpha1"
TIMEOUT = 60


def apply_policies(api: client.ApiClient, databases: Sequence[Database]) -> None:
    """Make everything; the policies have the intervals that are the default."""
    core = client.CoreV1Api(api)
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)), _request_timeout=TIMEOUT)
    roles, objects = client.RbacAuthorizationV1Api(api), client.CustomObjectsApi(api)
    roles.create_namespaced_role(NAMESPACE, _role(databases), _request_timeout=TIMEOUT)
    binding = yaml.safe_load((REPOSITORY / "deploy/access/role-binding.yaml").read_text())
    roles.create_namespaced_role_binding(NAMESPACE, binding, _request_timeout=TIMEOUT)

    def make(database: Database) -> None:
        for role in (OBSERVER, TUNER):
            core.create_namespaced_secret(NAMESPACE, _secret(database, role), _request_timeout=TIMEOUT)
        objects.create_namespaced_custom_object(
            GROUP, VERSION, NAMESPACE, "tuningpolicies", _policy(database), _request_timeout=TIMEOUT
        )

    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(make, databases))


def count_ready(api: client.ApiClient) -> int:
    """How many policies are ready."""
    found: Any = client.CustomObjectsApi(api).list_namespaced_custom_object(
        GROUP, VERSION, NAMESPACE, "tuningpolicies", _request_timeout=TIMEOUT
    )
    return sum(
        any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in policy.get("status", {}).get("conditions", [])
        )
        for policy in found["items"]
    )


def _name(database: Database) -> str:
    return database.name.replace("_", "-")


def _secret_name(database: Database, role: str) -> str:
    return f"{_name(database)}-{role.removeprefix('pgtend_')}"


def _role(databases: Sequence[Database]) -> Any:
    role: dict[str, Any] = yaml.safe_load((REPOSITORY / "deploy/access/role.yaml").read_text())
    role["rules"][0]["resourceNames"] = [
        _secret_name(database, name) for database in databases for name in (OBSERVER, TUNER)
    ]
    return role


def _secret(database: Database, role: str) -> Any:
    return {
        "metadata": {"name": _secret_name(database, role)},
        "stringData": {
            "host": database.server.host,
            "port": str(database.server.port),
            "dbname": database.name,
            "username": role,
            "password": database.passwords[role],
        },
    }


def _policy(database: Database) -> Any:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "TuningPolicy",
        "metadata": {"name": _name(database)},
        "spec": {
            "database": {
                "observer": {"secretRef": {"name": _secret_name(database, OBSERVER)}},
                "tuner": {"secretRef": {"name": _secret_name(database, TUNER)}},
            }
        },
    }
