"""The reference that users read is the one that the models give."""

from __future__ import annotations

from pathlib import Path

from pgtend.commands.json_output import json_schema
from tools.reference import render

ROOT = Path(__file__).parents[2]


def test_api_reference_is_what_the_models_say() -> None:
    assert (ROOT / "docs/reference/api.md").read_text(encoding="utf-8") == render(), "run `make reference`"


def test_the_json_schema_is_what_the_models_say() -> None:
    assert (ROOT / "docs/reference/advise.schema.json").read_text(encoding="utf-8") == json_schema(), (
        "run `make reference`"
    )
