"""The reference that users read is the one that the models give."""

from __future__ import annotations

from pathlib import Path

from tools.reference import render

ROOT = Path(__file__).parents[2]


def test_api_reference_is_what_the_models_say() -> None:
    assert (ROOT / "docs/reference/api.md").read_text(encoding="utf-8") == render(), "run `make reference`"
