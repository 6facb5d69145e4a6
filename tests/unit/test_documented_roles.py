"""What the manual says of the shipped ClusterRoles is what they allow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
MANUAL = REPOSITORY / "docs" / "operations.md"
ROW = re.compile(r"^\| `([\w-]+)` \| ([^|]*) ?\| ([^|]*) ?\| (.+) \|$", re.MULTILINE)
KINDS = ("tuningpolicies", "indexrecommendations")
AGGREGATED = "rbac.authorization.k8s.io/aggregate-to-"


def shipped_roles() -> dict[str, dict[str, Any]]:
    manifests = [
        each
        for path in (REPOSITORY / "deploy").rglob("*.yaml")
        for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
        if each and each["kind"] == "ClusterRole"
    ]
    return {each["metadata"]["name"]: each for each in manifests}


def rows() -> dict[str, tuple[str, str, str]]:
    section = MANUAL.read_text(encoding="utf-8").partition("## Who may do what")[2].partition("\n## ")[0]
    return {name: (policies, recommendations, who) for name, policies, recommendations, who in ROW.findall(section)}


def verbs_on(role: dict[str, Any], kind: str) -> set[str]:
    return {verb for rule in role["rules"] if kind in rule["resources"] for verb in rule["verbs"]}


def test_every_shipped_cluster_role_is_in_the_manual_and_no_other() -> None:
    assert shipped_roles().keys() == rows().keys()


def test_the_manual_names_the_verbs_of_every_role() -> None:
    said = {name: [set(re.findall(r"\w+", cell)) for cell in cells[:2]] for name, cells in rows().items()}
    held = {name: [verbs_on(role, kind) for kind in KINDS] for name, role in shipped_roles().items()}
    assert said == held


def test_the_manual_names_the_roles_of_kubernetes_that_bring_a_role_along() -> None:
    for name, role in shipped_roles().items():
        labels = role["metadata"]["labels"]
        bringing = {label.removeprefix(AGGREGATED) for label in labels if label.startswith(AGGREGATED)}
        who = rows()[name][2].partition(":")[0]
        assert {each for each in re.findall(r"`(\w+)`", who) if each in {"view", "edit", "admin"}} == bringing, name


def test_what_else_the_operator_may_do_is_in_the_manual() -> None:
    operator = shipped_roles()["pgtend-operator"]
    others = {
        (resource, verb) for rule in operator["rules"] for resource in rule["resources"] for verb in rule["verbs"]
    }
    others -= {(kind, verb) for kind in KINDS for verb in verbs_on(operator, kind)}
    assert others == {*((f"{kind}/status", "patch") for kind in KINDS), ("events", "create")}
