"""kubectl as somebody: the tool that users have in their hands."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
API_VERSION = "pgtend.dev/v1alpha1"
AS_OPERATOR = ("apply", "--server-side", "--field-manager=pgtend", "--force-conflicts", "-f", "-")
APPLY_STATUS = (*AS_OPERATOR, "--subresource=status")


@dataclass(frozen=True, kw_only=True)
class Kubectl:
    """kubectl with one identity in one namespace; without one, manifests say where their objects belong."""

    kubeconfig: Path
    namespace: str = ""

    def __call__(self, *arguments: str, send: object = None) -> str:
        """Run it and return what it prints; ``send`` goes to its standard input as JSON."""
        done = self.attempt(*arguments, send=send)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def refused(self, *arguments: str, send: object = None) -> str:
        """Run what must fail and return its complaint."""
        done = self.attempt(*arguments, send=send)
        assert done.returncode != 0, f"kubectl {' '.join(arguments)} was not refused: {done.stdout}"
        return done.stderr

    def read(self, *arguments: str) -> dict[str, Any]:
        """Get an object."""
        content: dict[str, Any] = json.loads(self("get", *arguments, "--output=json", "--show-managed-fields"))
        return content

    def may(self, verb: str, resource: str, *more: str) -> bool:
        """Whether this identity holds a right."""
        return self.attempt("auth", "can-i", verb, resource, *more).stdout.strip() == "yes"

    def attempt(self, *arguments: str, send: object = None) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        return subprocess.run(
            ["kubectl", *([f"--namespace={self.namespace}"] if self.namespace else []), *arguments],
            input=None if send is None else json.dumps(send),
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.kubeconfig.parent),
                "KUBECONFIG": str(self.kubeconfig),
                "KUBECACHEDIR": str(self.kubeconfig.parent / "kubectl-cache"),
            },
            capture_output=True,
            text=True,
            check=False,
        )


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Poll; admission policies and aggregated roles take a moment to hold."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.2)


def recommendation(name: str, **spec: object) -> dict[str, Any]:
    """A manifest as a person writes it."""
    return {"apiVersion": API_VERSION, "kind": "IndexRecommendation", "metadata": {"name": name}, "spec": spec}


def policy(name: str = "bookings", **spec: object) -> dict[str, Any]:
    """The smallest policy, with more."""
    database = {"observer": {"secretRef": {"name": "bookings-observer"}}}
    return {
        "apiVersion": API_VERSION,
        "kind": "TuningPolicy",
        "metadata": {"name": name},
        "spec": {"database": database, **spec},
    }
