"""The two processes of the story: the operator under its ServiceAccount, and the application's load."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from demo import cluster as clusters
from demo.narration import tell
from demo.processes import Running, running
from demo.scene import Scene
from tests.servers.postgres_host import free_port

OPERATOR_NAMESPACE = "pgtend-system"
OPERATOR_ACCOUNT = "pgtend"


def start_load(scene: Scene, stack: ExitStack) -> tuple[Running, Path]:
    """Start the client load; returns its process and the file it writes its measurements to."""
    measurements = scene.folder / "measurements.jsonl"
    environment = {**_path(), "DEMO_LOAD_DSN": scene.market.dsn(scene.market.application)}
    command = [sys.executable, "-m", "demo.load", "--out", str(measurements)]
    environment["PYTHONPATH"] = str(clusters.REPOSITORY)
    load = stack.enter_context(running("The load", command, environment, scene.folder / "load.log"))
    return load, measurements


def start_operator(scene: Scene, stack: ExitStack) -> Running:
    """Start `pgtend run` with a token of the shipped ServiceAccount."""
    port = free_port()
    environment = {
        **_path(),
        "KUBECONFIG": str(
            clusters.kubeconfig_of(scene.administrator, scene.cluster, OPERATOR_NAMESPACE, OPERATOR_ACCOUNT)
        ),
        "PGTEND_NAMESPACE": OPERATOR_NAMESPACE,
        "PGTEND_HISTORY_URL": f"sqlite+aiosqlite:///{scene.folder / 'history.db'}",
        "PGTEND_LISTEN": f"127.0.0.1:{port}",
    }
    operator = stack.enter_context(
        running("The operator", [scene.pgtend, "run"], environment, scene.folder / "operator.log")
    )
    tell(f"Its log is {operator.log}, its metrics are at http://127.0.0.1:{port}/metrics.")
    return operator


def _path() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
