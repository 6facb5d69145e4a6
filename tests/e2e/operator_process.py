"""`pgtend run` as a process of this machine, under the shipped ServiceAccount, that can be killed and started again."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from demo.actors import OPERATOR_ACCOUNT, OPERATOR_NAMESPACE
from demo.kubectl import find_program
from tests.servers.controlplane_cluster import Cluster
from tests.servers.postgres_host import free_port

SECONDS_TO_LEAD = 45.0
SECONDS_TO_END = 15.0


class OperatorProcess:
    """One operator; it keeps its history, its port, its log and its token over restarts."""

    def __init__(self, cluster: Cluster, folder: Path, *, history_url: str = "", **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder / "operator.log"
        self.history = folder / "history.db"
        self.history_url = history_url or f"sqlite+aiosqlite:///{self.history}"
        # Each account has one file, and this operator is to keep the token it began with.
        account = cluster.kubeconfig_for_service_account(OPERATOR_NAMESPACE, OPERATOR_ACCOUNT)
        self._kubeconfig = Path(shutil.copy(account, folder / "operator.kubeconfig"))
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "KUBECONFIG": str(self._kubeconfig),
            "PGTEND_NAMESPACE": OPERATOR_NAMESPACE,
            "PGTEND_HISTORY_URL": self.history_url,
            "PGTEND_LISTEN": f"127.0.0.1:{self.port}",
            "PGTEND_MAX_CONNECTIONS_PER_SERVER": "100",
            **environment,
        }

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "the operator does not run"
        return self._process.pid

    @property
    def credential(self) -> str:
        """What the API server's audit log calls its token."""
        token = json.loads(self._kubeconfig.read_text())["users"][0]["user"]["token"].split(".")[1]
        return f"JTI={json.loads(base64.urlsafe_b64decode(token + '==='))['jti']}"

    def start(self) -> None:
        """Start it, and wait until it leads and watches."""
        assert self._process is None, "the operator runs already"
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [find_program("setpriv"), "--pdeathsig", "KILL", find_program("pgtend"), "run"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + SECONDS_TO_LEAD
        while self.ask("/readyz")[0] != 200 or "pgtend_leader 1.0" not in self.ask("/metrics")[1]:
            self.check()
            assert time.monotonic() < deadline, f"the operator does not lead:\n{self.last_lines()}"
            time.sleep(0.2)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def suspend(self) -> None:
        """Let it sleep, as in a machine that is suspended: its connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on from where it was."""
        os.kill(self.pid, signal.SIGCONT)

    def wait(self) -> int:
        """Wait until it ends by itself; returns the exit code."""
        assert self._process is not None, "the operator does not run"
        code = self._process.wait(SECONDS_TO_LEAD)
        self._process = None
        return code

    def ask(self, path: str) -> tuple[int, str]:
        """Status and text of one of its pages; status 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def check(self) -> None:
        """Fail when it has ended by itself."""
        if self._process is not None and (code := self._process.poll()) is not None:
            raise AssertionError(f"the operator ended with {code}:\n{self.last_lines()}")

    def last_lines(self, containing: str = "", count: int = 40) -> str:
        """The end of its log, or of those of its lines that contain something."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([line for line in lines if containing in line][-count:])

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the operator did not end by {number.name}:\n{self.last_lines()}") from None
