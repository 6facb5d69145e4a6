"""kubectl as a person would use it: what is shown is what was run."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.failure import DemoFailed
from demo.narration import show_command

SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Kubectl:
    """kubectl with one kubeconfig, in one namespace; `cache` is where it may keep what it finds out."""

    kubeconfig: Path
    namespace: str
    cache: Path

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run it and return what it said. Raises DemoFailed with its own words."""
        run = subprocess.run(
            [find_program("kubectl"), *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            env=self.environment(),
        )
        if run.returncode != 0:
            raise DemoFailed(f"kubectl {shlex.join(arguments)} failed:\n{run.stderr.strip()}")
        return run.stdout

    def show(self, *arguments: str, stdin: str | None = None) -> str:
        """Run it in the namespace, show the command and what it said, and return that."""
        output = self.run("--namespace", self.namespace, *arguments, stdin=stdin)
        show_command(f"kubectl -n {self.namespace} {shlex.join(arguments)}", output)
        return output

    def read(self, *arguments: str) -> list[dict[str, Any]]:
        """The objects that `get` finds in the namespace."""
        answer = json.loads(self.run("--namespace", self.namespace, "get", *arguments, "--output", "json"))
        items: list[dict[str, Any]] = answer.get("items", [answer])
        return items

    def apply(self, *objects: Mapping[str, object]) -> str:
        """Apply objects without showing them: some are secrets."""
        content = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        return self.run("--namespace", self.namespace, "apply", "--filename", "-", stdin=json.dumps(content))

    def environment(self) -> dict[str, str]:
        """What kubectl is told from outside: no configuration but this one."""
        return {
            "PATH": os.environ["PATH"],
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.cache),
            "HOME": str(self.cache),
        }


def find_program(name: str) -> str:
    """Where a program is: on the PATH, or beside this Python. Raises DemoFailed where it is nowhere."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise DemoFailed(f"{name} is not installed: run tools/install.sh demo.")
    return found
