"""The definitions that are shipped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgtend.kube.crds import RESOURCES, definition, render_crds

SHIPPED = Path(__file__).resolve().parents[3] / "crds"
YAML_BOOLEANS = {"on", "off", "yes", "no", "y", "n", "true", "false", "null", "~"}


def walk(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema with its path."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from walk(inner, f"{path}.{name}")
    if "items" in schema:
        yield from walk(schema["items"], f"{path}[]")


def everything() -> list[tuple[str, dict[str, Any]]]:
    """All schemas of all kinds but for the standard fields."""
    found: list[tuple[str, dict[str, Any]]] = []
    for resource in RESOURCES:
        schema = definition(resource)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for part in ("spec", "status"):
            found += walk(schema["properties"][part], f"{resource.kind.plural}.{part}")
    return found


@pytest.mark.parametrize("name", sorted(render_crds()))
def test_what_is_shipped_is_what_the_models_say(name: str) -> None:
    assert (SHIPPED / name).read_text() == render_crds()[name], "run `pgtend crds` and commit what it writes to crds/"


def test_nothing_else_is_shipped() -> None:
    assert {path.name for path in SHIPPED.iterdir()} == {*render_crds(), "kustomization.yaml"}


def test_every_field_teaches() -> None:
    assert [path for path, schema in everything() if not schema.get("description") and not path.endswith("[]")] == []


def test_every_number_of_a_spec_has_both_bounds() -> None:
    numbers = [(path, schema) for path, schema in everything() if schema.get("type") in {"integer", "number"}]
    assert [path for path, schema in numbers if ".spec" in path and not {"minimum", "maximum"} <= schema.keys()] == []


def test_no_word_that_people_write_is_a_boolean_to_a_yaml_reader() -> None:
    written = [(path, schema) for path, schema in everything() if ".spec" in path]
    words = {word for path, schema in written for word in [path.rpartition(".")[2], *schema.get("enum", [])]}
    assert {word for word in words if word.lower() in YAML_BOOLEANS} == set()


def test_a_status_gets_no_default_from_the_api_server() -> None:
    assert [path for path, schema in everything() if ".status" in path and "default" in schema] == []


def test_every_rule_has_a_sentence() -> None:
    rules = [rule for _, schema in everything() for rule in schema.get("x-kubernetes-validations", [])]
    assert len(rules) > 15
    assert [rule for rule in rules if not rule["message"]] == []


def test_what_is_written_is_yaml_of_the_definition() -> None:
    for resource in RESOURCES:
        assert yaml.safe_load(render_crds()[f"{resource.kind.plural}.yaml"]) == definition(resource)
