"""A reader of the documents: an administrator's shell with a cluster, a database, and the repository at hand."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120
NOT_YET = "There can be a delay between when CustomResourceDefinitions are created and when they are available"
NAMESPACE = "shop"
# The recommendation that the documents speak of: pgtend would have made it by the time that the reader gets there.
RECOMMENDATION = "bookings-payments-3fa9c1d2"
ISSUED = f"""\
apiVersion: pgtend.dev/v1alpha1
kind: IndexRecommendation
metadata: {{name: {RECOMMENDATION}, namespace: {NAMESPACE}}}
spec: {{policyRef: {{name: bookings}}}}
"""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Runs what a document says, in a folder where what it writes does no harm."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, text: str) -> tuple[int, str]:
        """The exit code and the output of a block."""
        if RECOMMENDATION in text:
            code, output = self._bash(
                f"kubectl apply --server-side --field-manager=pgtend -f - <<'YAML'\n{ISSUED}YAML\n"
            )
            if code != 0:
                return code, output
        return self._patiently(text)

    def _patiently(self, text: str) -> tuple[int, str]:
        """Run it again as long as the API server asks for patience with definitions that are seconds old."""
        deadline = time.monotonic() + SECONDS
        while True:
            code, output = self._bash(text)
            if code == 0 or NOT_YET not in output or time.monotonic() > deadline:
                return code, output
            time.sleep(0.5)

    def _bash(self, text: str) -> tuple[int, str]:
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        return run.returncode, run.stdout


def shell_environment(**more: str) -> dict[str, str]:
    """A clean environment with this repository's programs first on the PATH."""
    programs = Path(sys.executable).parent
    return {"PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **more}
