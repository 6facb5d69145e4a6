from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.demo_run import demo_under_way
from tests.servers.controlplane import ControlPlane
from tests.servers.postgres import PostgresServer

PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the unprivileged user of Postgres can reach, which pytest's own is not."""
    made = Path(tempfile.mkdtemp(prefix="pgtend-e2e-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.timeout(1200)
def test_goes_the_whole_way_and_leaves_nothing_behind(folder: Path) -> None:
    with demo_under_way(folder) as run:
        code, said = run.read_rest()
        assert code == 0, said
        assert run.remains() == []
    assert "× faster" in said, said
    assert "Reason:                Improved" in said, said


@pytest.mark.parametrize(
    ("moment", "number", "expected"),
    [
        ("etcd, kube-apiserver", signal.SIGINT, 130),
        ("1,200,000 payments", signal.SIGINT, 130),
        ("What pgtend finds", signal.SIGKILL, -signal.SIGKILL),
    ],
    ids=["Ctrl-C while servers start", "Ctrl-C while loading", "SIGKILL under load"],
)
def test_leaves_nothing_behind_when_it_is_stopped(
    folder: Path, moment: str, number: signal.Signals, expected: int
) -> None:
    with demo_under_way(folder) as run:
        run.read_until(moment)
        run.process.send_signal(number)
        code, said = run.read_rest()
        assert code == expected, said
        assert run.remains() == []


def test_leaves_a_given_cluster_and_server_as_they_were(folder: Path, postgres15: PostgresServer) -> None:
    with (
        ControlPlane() as control_plane,
        demo_under_way(folder, DEMO_KUBECONFIG=str(control_plane.kubeconfig), DEMO_DSN=postgres15.superuser_dsn) as run,
    ):
        run.read_until("What pgtend finds")
        run.process.send_signal(signal.SIGTERM)
        code, said = run.read_rest()
        assert code == 130, said
        assert run.remains() == []
        objects = subprocess.run(
            ["kubectl", "get", "namespaces,customresourcedefinitions,clusterroles", "--output=name"],
            env={"PATH": PATH, "KUBECONFIG": str(control_plane.kubeconfig), "HOME": str(folder)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "pgtend" not in objects
        assert "shop" not in objects
    with postgres15.connect() as connection:
        names = connection.execute("select datname from pg_database union all select rolname from pg_roles").fetchall()
    assert [name for (name,) in names if "marketplace" in name] == []


def test_refuses_a_cluster_that_has_pgtend(folder: Path) -> None:
    with ControlPlane() as control_plane:
        subprocess.run(
            ["kubectl", "apply", "--server-side", "--kustomize", "crds"],
            env={"PATH": PATH, "KUBECONFIG": str(control_plane.kubeconfig), "HOME": str(folder)},
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            check=True,
        )
        with demo_under_way(folder, DEMO_KUBECONFIG=str(control_plane.kubeconfig)) as run:
            code, said = run.read_rest()
    assert code == 1
    assert "This cluster already has customresourcedefinition" in said
