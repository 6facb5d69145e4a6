"""What the tests of the whole operator stand on: a cluster with pgtend in it, a Postgres with shops, and their people."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import yaml
from kubernetes import client
from sqlalchemy import NullPool, create_engine, select

from demo.cluster import REPOSITORY, install
from demo.kubectl import Kubectl
from pgtend.history.tables import actions
from tests.e2e.database import APPLICATION, OBSERVER, TUNER, ShopServer
from tests.e2e.load import SHOP, Load, Shape
from tests.e2e.operator_process import OperatorProcess
from tests.servers.controlplane_cluster import Cluster

Thing = dict[str, Any]
Found = TypeVar("Found")

GROUP, VERSION = "pgtend.dev", "v1alpha1"
POLICY = "bookings"
APPROVER = "dana"
HASTY: Thing = {
    "collectInterval": "5s",
    "tuneInterval": "15s",
    # Slices of 5 s. Ten of them before a change, on a machine that the other tests keep busy, are sure of little.
    "verification": {"minDuration": "1m", "maxDuration": "10m", "significance": "0.1"},
}
"""What suits those in a hurry, all of it within what the definition allows."""
NOW_FROZEN: list[Thing] = [{"name": "now", "start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}]
"""Freeze windows of which one is open."""
PATIENCE = 700.0


@dataclass(kw_only=True)
class Stage:
    """One cluster with pgtend installed and its operator running, and the databases it tends."""

    cluster: Cluster
    admin: Kubectl
    databases: ShopServer
    load: Load
    operator: OperatorProcess
    api: client.ApiClient
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open_shop(
        self,
        name: str,
        *,
        shapes: tuple[Shape, ...] = SHOP,
        access: bool = True,
        databases: ShopServer | None = None,
    ) -> Shop:
        """A namespace of this name (it must be new) with the two Secrets, an approver, a database and a load on it.

        `access` lets the operator read the Secrets, by deploy/access as it is shipped. `databases` is another server than the
        usual one. No policy is applied yet.
        """
        databases = databases or self.databases
        kubectl = Kubectl(kubeconfig=self.admin.kubeconfig, namespace=name, cache=self.admin.cache)
        database = name.replace("-", "_")
        with self._lock:  # Postgres copies one template at a time
            databases.copy(database)
        stop_load = self.load.put_on(databases.dsn(database, APPLICATION), shapes) if shapes else lambda: None
        kubectl.run("create", "namespace", name)
        if access:
            kubectl.run("--namespace", name, "apply", "--kustomize", str(REPOSITORY / "deploy/access"))
        kubectl.apply(
            databases.secret(f"{POLICY}-observer", database, OBSERVER),
            databases.secret(f"{POLICY}-tuner", database, TUNER),
            *_person(name, APPROVER),
        )
        kubeconfig = self.cluster.kubeconfig_for_service_account(name, APPROVER)
        dba = Kubectl(kubeconfig=kubeconfig, namespace=name, cache=self.admin.cache)
        return Shop(
            stage=self,
            databases=databases,
            namespace=name,
            database=database,
            kubectl=kubectl,
            dba=dba,
            stop_load=stop_load,
        )


def set_up(cluster: Cluster, databases: ShopServer, load: Load, folder: Path, *, history_url: str = "") -> Stage:
    """Apply what deploy/ ships but for the workload, and start the operator under the shipped account."""
    admin = Kubectl(kubeconfig=cluster.kubeconfig, namespace="e2e", cache=folder / "kubectl")
    install(admin)
    operator = OperatorProcess(cluster, folder, history_url=history_url)
    operator.start()
    return Stage(
        cluster=cluster,
        admin=admin,
        databases=databases,
        load=load,
        operator=operator,
        api=cluster.open_admin_client(),
    )


def _person(namespace: str, name: str) -> list[Thing]:
    """Somebody who may look and approve, by the shipped roles, and nothing else."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
    bindings = [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": f"{name}-{role}", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        }
        for role in ("view", "pgtend-approver")
    ]
    return [account, *bindings]


@dataclass(frozen=True, kw_only=True)
class Shop:
    """One namespace, the database it belongs to, and the people who may do things there."""

    stage: Stage
    databases: ShopServer
    namespace: str
    database: str
    kubectl: Kubectl
    """The administrator, in this namespace."""
    dba: Kubectl
    """Who may look and approve."""
    stop_load: Callable[[], None]

    # -- what people do

    def apply_policy(self, name: str = POLICY, **spec: Any) -> None:
        """Apply a hasty policy on the two Secrets; `spec` replaces or adds fields."""
        database = {
            "observer": {"secretRef": {"name": f"{POLICY}-observer"}},
            "tuner": {"secretRef": {"name": f"{POLICY}-tuner"}},
        }
        self.kubectl.apply(
            {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": "TuningPolicy",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {"database": database, **HASTY, **spec},
            }
        )

    def change_policy(self, name: str = POLICY, **spec: Any) -> None:
        """Change fields of the policy's spec; None takes one away."""
        self._patch(self.kubectl, "tuningpolicy", name, spec)

    def decide(self, approval: str, name: str | None = None) -> None:
        """Set spec.approval (of the only recommendation, unless it is named), as the approver."""
        self._patch(self.dba, "indexrecommendation", name or self.name(), {"approval": approval})

    def approve(self, name: str | None = None) -> None:
        """Approve the only recommendation, or the named one."""
        self.decide("Approved", name)

    def name(self) -> str:
        """The name of the only recommendation."""
        (found,) = self.recommendations()
        return str(found["metadata"]["name"])

    def _patch(self, kubectl: Kubectl, kind: str, name: str, spec: Thing) -> None:
        text = yaml.safe_dump({"spec": spec})
        kubectl.run("--namespace", self.namespace, "patch", kind, name, "--type=merge", f"--patch={text}")

    # -- what there is to see

    def policy(self, name: str = POLICY) -> Thing:
        """The policy."""
        (found,) = [each for each in self._list("tuningpolicies") if each["metadata"]["name"] == name]
        return found

    def recommendations(self) -> list[Thing]:
        """All recommendations of the namespace."""
        return self._list("indexrecommendations")

    def recommendation(self, name: str | None = None) -> Thing:
        """The only recommendation, or the named one."""
        found = [each for each in self.recommendations() if name in (None, each["metadata"]["name"])]
        assert len(found) == 1, f"{len(found)} recommendations instead of one in {self.namespace}"
        return found[0]

    def events(self) -> list[dict[str, str]]:
        """The Events of the namespace, as reason, note and type."""
        items = client.EventsV1Api(self.stage.api).list_namespaced_event(self.namespace, _request_timeout=30).items
        return [{"reason": str(each.reason), "note": str(each.note), "type": str(each.type)} for each in items]

    def reasons_said(self) -> set[str]:
        """The reasons of the namespace's Events."""
        return {each["reason"] for each in self.events()}

    def describe(self) -> str:
        """`kubectl describe` of the only recommendation, as the approver sees it."""
        return self.dba.run("--namespace", self.namespace, "describe", "indexrecommendation", self.name())

    def indexes(self) -> dict[str, bool]:
        """The indexes that are no primary keys, and whether each is valid."""
        with self.connect() as connection:
            rows = connection.execute(
                "select indexrelid::regclass::text, indisvalid from pg_index "
                "where not indisprimary and indrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace)"
            ).fetchall()
        return dict(rows)

    def audit(self) -> list[str]:
        """The actions of the audit trail that belong to this namespace's policies, oldest first, as "action outcome"."""
        query = select(actions.c.action, actions.c.outcome).where(
            actions.c.policy.startswith(f"{self.namespace}/"), actions.c.outcome.not_in(["Begun", "Ended"])
        )
        engine = create_engine(self.stage.operator.history_url.replace("+aiosqlite", ""), poolclass=NullPool)
        with engine.connect() as history:
            return [f"{row.action} {row.outcome}" for row in history.execute(query.order_by(actions.c.id))]

    def connect(self) -> psycopg.Connection:
        """The superuser's connection to the shop's database, in autocommit mode."""
        return self.databases.server.connect(self.database)

    def _list(self, plural: str) -> list[Thing]:
        objects = client.CustomObjectsApi(self.stage.api)
        answer: Any = objects.list_namespaced_custom_object(GROUP, VERSION, self.namespace, plural, _request_timeout=30)
        items: list[Thing] = answer["items"]
        return items

    # -- waiting

    def until(self, what: str, look: Callable[[], Found | None], seconds: float = PATIENCE) -> Found:
        """Look until there is something true to see. A failure shows the objects, the Events and the operator's log.

        An AssertionError or IndexError while looking counts as not yet.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = look()
            except (AssertionError, IndexError, KeyError):
                found = None
            if found:
                return found
            assert time.monotonic() < deadline, (
                f"{seconds:.0f} s went by in {self.namespace} without: {what}\n{self.report()}"
            )
            time.sleep(0.5)

    def until_condition(
        self, kind: str, reason: str, *, status: str | None = None, name: str | None = None, seconds: float = PATIENCE
    ) -> Thing:
        """Wait until a condition of the only (or the named) recommendation has this reason; returns the recommendation."""

        def look() -> Thing | None:
            found = self.recommendation(name)
            condition = condition_of(found, kind)
            return found if condition.get("reason") == reason and status in (None, condition.get("status")) else None

        return self.until(f"{kind} with the reason {reason}", look, seconds)

    def until_ready(self, status: str = "True", name: str = POLICY, seconds: float = PATIENCE) -> Thing:
        """Wait until the policy's Ready condition has this status; returns the policy."""

        def look() -> Thing | None:
            found = self.policy(name)
            return found if condition_of(found, "Ready").get("status") == status else None

        return self.until(f"Ready={status}", look, seconds)

    def until_said(self, *reasons: str) -> None:
        """Wait until there is an Event for each of these reasons. Events come after the status that they tell of."""
        self.until(f"an Event for each of {', '.join(reasons)}", lambda: set(reasons) <= self.reasons_said())

    def report(self) -> str:
        """What a failing test shows: objects, Events, indexes and the end of the log."""
        objects = [*self._list("tuningpolicies"), *self.recommendations()]
        for each in objects:
            each["metadata"].pop("managedFields", None)
            each.get("status", {}).pop("measurement", None)
        return "\n".join(
            [
                yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True),
                *(f"{each['type']} {each['reason']}: {each['note']}" for each in self.events()),
                f"indexes: {self.indexes()}",
                self.stage.operator.last_lines(),
            ]
        )


def condition_of(thing: Thing, kind: str) -> Thing:
    """One condition of an object, or an empty one."""
    conditions = thing.get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == kind), {})
