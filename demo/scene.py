"""What the story stands on: the servers, pgtend in the cluster, the marketplace, its people and its policy."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from demo import cluster as clusters
from demo.database import Marketplace, fill, grant, open_marketplace
from demo.kubectl import Kubectl, find_program
from demo.narration import open_chapter, show_command, tell
from tests.servers.controlplane_cluster import Cluster

NAMESPACE = "shop"
SHOP = "demo/deploy/shop"
POLICY = "deploy/samples/marketplace/policy.yaml"
APPROVER_ROLE = "pgtend-approver"
PERSON = "dana"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the chapters stand on."""

    folder: Path
    market: Marketplace
    cluster: Cluster
    administrator: Kubectl
    person: Kubectl
    """Someone of the shop who may look and approve, and nothing else."""
    pgtend: str
    """The program."""


def set_scene(environment: Mapping[str, str], folder: Path, stack: ExitStack) -> Scene:
    """Start or find the servers, install pgtend in the cluster, and make the shop's namespace and people."""
    open_chapter(
        "A Kubernetes API and a Postgres",
        "Both are real servers. Unless DEMO_KUBECONFIG or DEMO_DSN name others, they are started on this machine's "
        "loopback for the time of the demo; there is no container engine and no kubelet.",
    )
    cluster = stack.enter_context(clusters.open_cluster(environment, folder))
    market = stack.enter_context(open_marketplace(environment.get("DEMO_DSN") or None))
    administrator = Kubectl(kubeconfig=cluster.kubeconfig, namespace=NAMESPACE, cache=folder / "kubectl")
    if cluster.audit_log is None:  # somebody else's: leave it as it was
        clusters.refuse_to_meddle(administrator)
        stack.callback(clusters.uninstall, administrator)

    open_chapter(
        "pgtend, as deploy/ ships it",
        "Its two kinds, its roles, and the admission policies that say who may approve. Its Deployment is left out: "
        "the demo runs the operator as a process of this machine, under the Deployment's own ServiceAccount.",
    )
    clusters.install(administrator)
    return Scene(
        folder=folder,
        market=market,
        cluster=cluster,
        administrator=administrator,
        person=_make_person(administrator, cluster, folder),
        pgtend=find_program("pgtend"),
    )


def _make_person(administrator: Kubectl, cluster: Cluster, folder: Path) -> Kubectl:
    administrator.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": PERSON, "namespace": NAMESPACE}},
        *(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": f"{PERSON}-{role}", "namespace": NAMESPACE},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "ServiceAccount", "name": PERSON, "namespace": NAMESPACE}],
            }
            for role in ("view", APPROVER_ROLE)
        ),
    )
    tell(f"In the namespace {NAMESPACE} works {PERSON}, who holds view and the shipped role {APPROVER_ROLE}.")
    kubeconfig = clusters.kubeconfig_of(administrator, cluster, NAMESPACE, PERSON)
    return Kubectl(kubeconfig=kubeconfig, namespace=NAMESPACE, cache=folder / "kubectl")


def fill_database(scene: Scene) -> None:
    """Make the marketplace and the roles of pgtend in it."""
    open_chapter(
        "A wedding marketplace",
        "Vendors, couples, bookings, payments, timelines and guests: 5.5 million rows with realistic skew. Its developers "
        "made primary keys, one index that nobody uses, one index twice, and nothing else.",
    )
    fill(scene.market)
    open_chapter(
        "Two roles with least privilege",
        "The observer reads statistics, the tuner may act for the tables' owner. `pgtend grants` prints the SQL; "
        "a superuser runs it once, and pgtend never sees that superuser.",
    )
    sql = grant(scene.market, scene.pgtend)
    market = scene.market
    shown = [line for line in sql.splitlines() if line.strip() and not line.startswith("--")]
    show_command(
        f"pgtend grants --observer {market.observer.name} --tuner {market.tuner.name} | psql {market.name}",
        "\n".join(shown),
    )


def declare_policy(scene: Scene) -> None:
    """Hand pgtend a policy, and the secrets that it names."""
    open_chapter(
        "A TuningPolicy",
        "It says how the database may be tuned. The demo applies the sample as it is shipped, but for a few values that suit "
        "those in a hurry. Its two Secrets hold the passwords of the two roles.",
    )
    for path in (POLICY, f"{SHOP}/kustomization.yaml"):
        show_command(f"cat {path}", (clusters.REPOSITORY / path).read_text())
    clusters.apply_folder(scene.administrator, SHOP)
    (policy,) = scene.administrator.read("tuningpolicies")
    database = policy["spec"]["database"]
    scene.administrator.apply(
        scene.market.secret(database["observer"]["secretRef"]["name"], scene.market.observer),
        scene.market.secret(database["tuner"]["secretRef"]["name"], scene.market.tuner),
    )
