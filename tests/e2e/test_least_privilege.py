"""The operator is refused nothing that it asks for, and asks for everything that it is given; the same for its database roles."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from kubernetes import client

from demo.actors import OPERATOR_ACCOUNT, OPERATOR_NAMESPACE
from demo.cluster import REPOSITORY
from tests.e2e.complaints import until_tuned
from tests.e2e.database import OBSERVER, OWNER, TUNER, ShopServer, print_grants
from tests.e2e.stage import GROUP, VERSION, Shop, Stage, condition_of
from tests.servers.controlplane_cluster import Cluster

USER = f"system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_ACCOUNT}"
WITHOUT_ACCESS = {"secret-closed"}
"""Namespaces whose tests keep the operator from the Secrets on purpose."""


@dataclass(frozen=True, order=True, kw_only=True)
class Right:
    """One verb on one resource, subresource included."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


@pytest.mark.side_by_side
def test_a_change_goes_its_way_while_a_person_keeps_editing(stage: Stage) -> None:
    """What the operator read is outdated whenever it writes, so it has to look again."""
    shop = stage.open_shop("least-privilege")
    shop.apply_policy()
    name = until_tuned(shop, "orders")
    shop.approve(name)
    objects, deadline = client.CustomObjectsApi(stage.api), time.monotonic() + 15
    edits = 0
    while not looked_again(stage, shop) and time.monotonic() < deadline:
        edits += 1
        body = {"spec": {"comment": f"edit {edits}"}}
        objects.patch_namespaced_custom_object(
            GROUP, VERSION, shop.namespace, "indexrecommendations", name, body, _request_timeout=30
        )
    found = shop.until_condition("Applied", "Done", name=name)
    assert condition_of(found, "Approved")["status"] == "True"
    assert list(shop.indexes().values()) == [True]
    shop.stop_load()


@pytest.mark.afterwards
def test_the_operator_is_refused_nothing(stage: Stage) -> None:
    there = {
        each["metadata"]["name"] for each in json.loads(stage.admin.run("get", "namespaces", "-o", "json"))["items"]
    }
    refused = sorted(
        f"{right_of(entry)} in {namespace_of(entry)}: HTTP {entry['responseStatus']['code']}"
        for entry in asked(stage.cluster)
        if entry.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"
        and namespace_of(entry) in {"", *there} - WITHOUT_ACCESS
    )
    assert not refused, "\n".join(dict.fromkeys(refused))


@pytest.mark.afterwards
def test_the_operator_uses_every_right_that_it_is_given(stage: Stage) -> None:
    used = {right for entry in asked(stage.cluster) for right in rights_used(entry)}
    unused = sorted(given() - used)
    assert not unused, f"granted in deploy/ and never used: {', '.join(map(str, unused))}"


@pytest.mark.afterwards
def test_the_database_roles_have_what_the_grants_print_and_nothing_else(stage: Stage, other_server: ShopServer) -> None:
    shop = stage.open_shop("granted", shapes=(), databases=other_server)
    before = privileges(shop)
    assert before["attributes"] == {OBSERVER: "", TUNER: "noinherit"}
    assert before["memberships"] == {OBSERVER: {"pg_read_all_stats"}, TUNER: {"pg_read_all_stats", OWNER}}
    assert before["tables"] == {OBSERVER: {"SELECT"}, TUNER: set()}
    assert before["owned"] == {OBSERVER: 0, TUNER: 0}
    with shop.connect() as connection:
        connection.execute(print_grants(shop.databases.server.dsn(shop.database)).encode())
    assert privileges(shop) == before


def looked_again(stage: Stage, shop: Shop) -> bool:
    """Whether the operator has read one recommendation of this namespace by its name."""
    wanted = Right(group=GROUP, resource="indexrecommendations", verb="get")
    return any(right_of(entry) == wanted and namespace_of(entry) == shop.namespace for entry in asked(stage.cluster))


def asked(cluster: Cluster) -> Iterator[Mapping[str, Any]]:
    """What `pgtend run` asked the API server under the shipped account; not what tests ask in its name by kubectl."""
    assert cluster.audit_log is not None, "this cluster keeps no audit log: unset KUBECONFIG_TEST"
    with cluster.audit_log.open() as lines:
        for line in lines:
            if USER not in line or not line.endswith("\n"):
                continue
            entry = json.loads(line)
            agent = entry.get("userAgent", "")
            if entry["user"]["username"] == USER and "objectRef" in entry and agent.startswith(("pgtend", "kopf")):
                yield entry


def right_of(entry: Mapping[str, Any]) -> Right:
    """The right that a request takes."""
    what = entry["objectRef"]
    subresource = f"/{what['subresource']}" if "subresource" in what else ""
    return Right(group=what.get("apiGroup", ""), resource=f"{what['resource']}{subresource}", verb=entry["verb"])


def rights_used(entry: Mapping[str, Any]) -> Iterator[Right]:
    """The rights that a request took: one that made an object by server-side apply took create besides patch."""
    right = right_of(entry)
    if entry["responseStatus"]["code"] >= 400 and entry["responseStatus"]["code"] != 404:
        return
    yield right
    if right.verb == "patch" and entry["responseStatus"]["code"] == 201:
        yield Right(group=right.group, resource=right.resource, verb="create")


def namespace_of(entry: Mapping[str, Any]) -> str:
    """The namespace of a request; empty for the whole cluster."""
    return str(entry["objectRef"].get("namespace", ""))


def given() -> set[Right]:
    """Every right that deploy/ grants to the operator."""
    found = set()
    for path in ("deploy/base/operator-roles.yaml", "deploy/access/role.yaml"):
        for each in yaml.safe_load_all((REPOSITORY / path).read_text()):
            for rule in each.get("rules", []):
                found |= {
                    Right(group=group, resource=resource, verb=verb)
                    for group in rule["apiGroups"]
                    for resource in rule["resources"]
                    for verb in rule["verbs"]
                }
    return found


def privileges(shop: Shop) -> dict[str, dict[str, Any]]:
    """What the two roles may do in a database."""
    queries = {
        "attributes": "select concat_ws(' ', case when rolsuper then 'superuser' end, case when rolcreatedb then 'createdb' end, "
        "case when rolcreaterole then 'createrole' end, case when rolreplication then 'replication' end, "
        "case when rolbypassrls then 'bypassrls' end, case when not rolinherit then 'noinherit' end) "
        "from pg_roles where rolname = %s",
        "memberships": "select array_agg(g.rolname::text) from pg_auth_members m join pg_roles g on g.oid = m.roleid "
        "join pg_roles r on r.oid = m.member where r.rolname = %s and not m.admin_option",
        "tables": "select array_agg(distinct a.privilege_type) from pg_class c cross join aclexplode(c.relacl) a "
        "join pg_roles r on r.oid = a.grantee where r.rolname = %s",
        "owned": "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = %s",
    }
    found: dict[str, dict[str, Any]] = {}
    with shop.connect() as connection:
        for what, query in queries.items():
            for role in (OBSERVER, TUNER):
                row = connection.execute(query.encode(), (role,)).fetchone()
                value = row[0] if row else None
                is_set = what in ("memberships", "tables")
                found.setdefault(what, {})[role] = set(value or ()) if is_set else value
    return found
