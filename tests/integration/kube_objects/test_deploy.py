"""What deploy/ ships, at a real API server."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.kube_objects.kubectl import REPOSITORY, Kubectl

DEPLOY = REPOSITORY / "deploy"
SAMPLES = sorted(path.parent for path in (DEPLOY / "samples").glob("*/kustomization.yaml"))


def rendered(kubectl: Kubectl, folder: Path) -> list[dict[str, Any]]:
    """The objects of a kustomization."""
    return [each for each in yaml.safe_load_all(kubectl("kustomize", str(folder))) if each]


def test_everything_is_installed_with_one_command_and_again(installed: Kubectl) -> None:
    kubectl = replace(installed, namespace="")
    first = kubectl("apply", "--kustomize", str(DEPLOY / "base"))
    assert "deployment.apps/pgtend" in first
    again = kubectl("apply", "--kustomize", str(DEPLOY / "base"))
    assert [line for line in again.splitlines() if not line.endswith("unchanged")] == []


def test_the_pod_is_allowed_where_only_restricted_pods_are(installed: Kubectl) -> None:
    deployment = next(each for each in rendered(installed, DEPLOY / "base") if each["kind"] == "Deployment")
    template = copy.deepcopy(deployment["spec"]["template"])
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "try", "namespace": "pgtend-system", "labels": template["metadata"]["labels"]},
        "spec": template["spec"],
    }
    kubectl = replace(installed, namespace="pgtend-system")
    send = ("create", "--dry-run=server", "-f", "-")
    kubectl(*send, send=pod)
    del pod["spec"]["securityContext"]["runAsNonRoot"]
    assert "violates PodSecurity" in kubectl.refused(*send, send=pod)


def test_the_service_finds_the_pod(installed: Kubectl) -> None:
    objects = {each["kind"]: each for each in rendered(installed, DEPLOY / "base")}
    template = objects["Deployment"]["spec"]["template"]
    selector = objects["Service"]["spec"]["selector"]
    assert selector.items() <= template["metadata"]["labels"].items()
    ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
    assert objects["Service"]["spec"]["ports"][0]["targetPort"] in ports
    claim = objects["PersistentVolumeClaim"]["metadata"]["name"]
    assert claim in {volume.get("persistentVolumeClaim", {}).get("claimName") for volume in template["spec"]["volumes"]}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_taken_as_it_stands(shop: Kubectl, sample: Path) -> None:
    for manifest in rendered(shop, sample):
        del manifest["metadata"]["namespace"]
        shop("create", "--dry-run=server", "--validate=strict", "-f", "-", send=manifest)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_samples_role_names_the_secrets_of_its_policies(shop: Kubectl, sample: Path) -> None:
    objects = rendered(shop, sample)
    allowed = {
        name for each in objects if each["kind"] == "Role" for rule in each["rules"] for name in rule["resourceNames"]
    }
    named = {
        login["secretRef"]["name"]
        for each in objects
        if each["kind"] == "TuningPolicy"
        for login in each["spec"]["database"].values()
    }
    templates = {
        each["metadata"]["name"] for each in yaml.safe_load_all((sample / "secrets.template.yaml").read_text())
    }
    assert allowed == named == templates


def test_no_template_of_a_secret_holds_one() -> None:
    for path in DEPLOY.rglob("*.yaml"):
        for each in yaml.safe_load_all(path.read_text()):
            if each and each.get("kind") == "Secret":
                assert each["stringData"]["password"] == "", path


def test_no_role_for_people_writes_a_status_and_none_can_do_everything(shop: Kubectl) -> None:
    for each in rendered(shop, DEPLOY / "base"):
        for rule in each.get("rules", []):
            assert "*" not in {*rule["verbs"], *rule["resources"], *rule["apiGroups"]}
            if each["metadata"]["name"] not in {"pgtend-operator", "pgtend-leadership"}:
                assert [name for name in rule["resources"] if name.endswith("/status")] == []
