"""Write docs/reference/api.md from the CustomResourceDefinitions: `python tools/reference.py [FILE]` (default: stdout).

A file that ends in .json gets the JSON Schema of what `pgtend advise --output json` prints instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pgtend.commands.json_output import json_schema
from pgtend.kube.crds import render_crds

HEAD = """# API reference

Generated from the models by `make reference`; `kubectl explain tuningpolicies --recursive` tells the same from a cluster.
"""


def render() -> str:
    """The page as Markdown."""
    definitions = [yaml.safe_load(text) for text in render_crds().values()]
    definitions.sort(key=lambda each: each["spec"]["names"]["kind"], reverse=True)
    return "\n".join([HEAD, *(line for definition in definitions for line in _kind(definition))]) + "\n"


def _kind(definition: dict[str, Any]) -> Iterator[str]:
    names, version = definition["spec"]["names"], definition["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    yield f"## {names['kind']}\n"
    yield f"`{definition['spec']['group']}/{version['name']}`, short name `{names['shortNames'][0]}`."
    yield f"{schema.get('description', '')}\n"
    for part in ("spec", "status"):
        yield f"### {names['kind']}.{part}\n"
        yield "| field | type | default | meaning |"
        yield "|---|---|---|---|"
        yield from _fields(schema["properties"][part], part)
        yield ""
    rules = list(_rules(schema, ""))
    if rules:
        yield "Refused by the API server:\n"
        yield from (f"- {rule}" for rule in rules)
        yield ""


def _fields(schema: dict[str, Any], path: str) -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        star = " (required)" if name in required else ""
        default = f"`{_plain(field['default'])}`" if "default" in field else ""
        yield f"| `{here}`{star} | {_type(field)} | {default} | {_cell(field.get('description', ''))} |"
        if field.get("type") == "object":
            yield from _fields(field, here)
        if field.get("type") == "array":
            yield from _fields(field["items"], f"{here}[]")


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field.get("x-kubernetes-int-or-string"):
        return "quantity"
    kind = str(field.get("type", "any"))
    if kind == "array":
        return f"list of {_type(field['items'])}, at most {field['maxItems']}"
    return str(field.get("format", kind))


def _rules(schema: dict[str, Any], path: str) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", ()):
        if "message" in rule:
            yield f"{f'`{path}`: ' if path else ''}{rule['message']}"
    for name, field in schema.get("properties", {}).items():
        yield from _rules(field, f"{path}.{name}".lstrip("."))
    if "items" in schema:
        yield from _rules(schema["items"], f"{path}[]")


def _plain(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("...\n").strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        target = Path(sys.argv[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json_schema() if target.suffix == ".json" else render(), encoding="utf-8")
    else:
        sys.stdout.write(render())
