"""The shape of the repository that tools and readers rely on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted((REPOSITORY / "operator" / "pgtend").rglob("*.py"))
REQUIREMENTS = sorted((REPOSITORY / "requirements").glob("*.txt"))


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_there_is_something_to_look_at() -> None:
    assert SOURCES
    assert REQUIREMENTS


def test_the_source_root_is_no_package() -> None:
    assert not (REPOSITORY / "operator" / "__init__.py").exists(), "it would shadow the standard library's operator"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), "give it a docstring: its place in the flow, and why"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_module_has_grown_past_the_point_where_it_is_split(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 500


@pytest.mark.parametrize("path", REQUIREMENTS, ids=name_of)
def test_requirements_name_no_host_or_index(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"https?:|--(extra-)?index-url|--find-links|--trusted-host|@ (git|file)", text)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=name_of)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    entries = [line for line in path.read_text().splitlines() if line and not line.startswith((" ", "#"))]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+ (;.+ )?\\$", entry), entry
    assert path.read_text().count("--hash=sha256:") >= len(entries)


def test_what_runs_is_locked_alike_for_users_and_developers() -> None:
    run, dev = (
        set(re.findall(r"^([a-z0-9._-]+==\S+)", (REPOSITORY / "requirements" / name).read_text(), re.MULTILINE))
        for name in ("run.txt", "dev.txt")
    )
    assert run <= dev


def test_pre_commit_runs_the_tools_of_the_environment_and_fetches_none() -> None:
    configuration = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in configuration["repos"]] == ["local"]
    for hook in configuration["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")


@pytest.mark.parametrize("path", ["tools/install.sh", ".ci/run"])
def test_scripts_are_strict(path: str) -> None:
    text = (REPOSITORY / path).read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text


def test_the_licence_is_apache_2() -> None:
    text = (REPOSITORY / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
