"""The control plane's binary is built once for each version; a Go that only pretends stands in for the compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.controlplane_binary import (
    MODULE,
    REPOSITORY,
    ControlPlaneUnavailableError,
    build_binary,
    build_command,
    find_go,
    find_programs,
    version_hash,
)


def pretend_go(
    folder: Path, *, version: str = "go1.26.9", build: str = "sleep 0.5; touch ${@: -2:1}"
) -> dict[str, str]:
    """Write a `go` that notes each build in builds.log; return an environment that has it first on its PATH."""
    programs = folder / "bin"
    programs.mkdir()
    go = programs / "go"
    go.write_text(
        "#!/bin/bash\n"
        f'if [ "$1" = version ]; then echo "go version {version} linux/amd64"; exit; fi\n'
        f'echo "$@" >> {folder}/builds.log\n{build}\n'
    )
    go.chmod(0o755)
    return {"PATH": f"{programs}:/usr/bin:/bin", "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}


def builds(folder: Path) -> int:
    return len((folder / "builds.log").read_text().splitlines())


def test_two_builders_at_once_build_once(tmp_path: Path) -> None:
    environment = pretend_go(tmp_path)
    command = [sys.executable, "-m", "tests.servers.controlplane_binary"]
    builders = [
        subprocess.Popen(command, cwd=REPOSITORY, env=environment, text=True, stdout=-1, stderr=-1) for _ in range(2)
    ]
    said = [builder.communicate() for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0], said
    assert said[0][0] == said[1][0]
    assert Path(said[0][0].strip()).is_relative_to(tmp_path / "cache" / "pgtend" / "controlplane")
    assert builds(tmp_path) == 1


def test_what_was_built_is_used_again(tmp_path: Path) -> None:
    environment = pretend_go(tmp_path)
    assert build_binary(environment) == build_binary(environment)
    assert builds(tmp_path) == 1


def test_failed_build_says_why_and_leaves_no_binary(tmp_path: Path) -> None:
    environment = pretend_go(tmp_path, build="touch ${@: -2:1}; echo 'dial tcp: no route to host' >&2; exit 1")
    with pytest.raises(ControlPlaneUnavailableError, match="no route to host"):
        build_binary(environment)
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["lock"]


def test_remains_of_a_killed_builder_are_removed(tmp_path: Path) -> None:
    environment = pretend_go(tmp_path)
    binary = build_binary(environment)
    binary.unlink()
    remains = binary.with_name("controlplane.1.partial")
    remains.touch()
    build_binary(environment)
    assert not remains.exists()


def test_too_old_go_is_not_taken_and_the_error_names_both_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.servers.controlplane_binary.GO_OF_ENVIRONMENT", tmp_path / "venv" / "go")
    environment = pretend_go(tmp_path, version="go1.19.8")
    with pytest.raises(ControlPlaneUnavailableError) as error:
        find_go(environment)
    assert f"{tmp_path}/bin/go is go version go1.19.8" in str(error.value)
    assert f"{tmp_path}/venv/go" in str(error.value)


def test_go_of_the_virtual_environment_is_taken_when_the_path_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = pretend_go(tmp_path)
    there = tmp_path / "bin" / "go"
    monkeypatch.setattr("tests.servers.controlplane_binary.GO_OF_ENVIRONMENT", there)
    assert find_go({**environment, "PATH": str(tmp_path)}) == (str(there), "go version go1.26.9 linux/amd64")


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_a_changed_source_is_another_version(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("go.mod", "go.sum", "main.go"):
        (tmp_path / source).write_bytes((MODULE / source).read_bytes())
    monkeypatch.setattr("tests.servers.controlplane_binary.MODULE", tmp_path)
    before = version_hash("go version go1.26.9", build_command())
    with (tmp_path / name).open("a") as file:
        file.write("\n")
    assert version_hash("go version go1.26.9", build_command()) != before


def test_another_go_is_another_version() -> None:
    assert version_hash("go version go1.26.8", build_command()) != version_hash("go version go1.26.9", build_command())


def test_servers_are_told_the_version_that_they_are() -> None:
    flags = build_command()[-1]
    assert "-X k8s.io/component-base/version.gitVersion=v1." in flags


def test_kubebuilder_assets_are_used_instead(tmp_path: Path) -> None:
    for name in ("etcd", "kube-apiserver"):
        (tmp_path / name).touch(mode=0o755)
    programs = find_programs({"KUBEBUILDER_ASSETS": str(tmp_path)})
    assert programs.etcd == (f"{tmp_path}/etcd",)
    assert programs.apiserver == (f"{tmp_path}/kube-apiserver",)
    assert programs.controller_manager is None
    (tmp_path / "kube-controller-manager").touch(mode=0o755)
    assert find_programs({"KUBEBUILDER_ASSETS": str(tmp_path)}).controller_manager is not None


def test_kubebuilder_assets_without_a_server_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ControlPlaneUnavailableError, match="there is no program etcd"):
        find_programs({"KUBEBUILDER_ASSETS": str(tmp_path)})
