"""A Kubernetes API of its own for tests, the demo and developers: real servers, no containers, no root.

etcd, kube-apiserver and kube-controller-manager run on loopback with RBAC, ServiceAccount tokens, garbage collection
and namespace deletion; there is no kubelet, so Pods stay pending. About three seconds to start, about 500 MB of memory.

`python -m tests.servers.controlplane` starts one and keeps it until Ctrl-C.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.controlplane_binary import ControlPlaneUnavailableError, Programs, find_programs
from tests.servers.controlplane_cluster import Cluster, existing_cluster, kubeconfig_of_environment, write_kubeconfig
from tests.servers.controlplane_processes import Keeper, PortTakenError, Server, answers, free_port, listens_on

ATTEMPTS = 5
CONTROLLERS = (
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
    "persistentvolumeclaim-protection-controller",  # takes its finalizer away, without which no claim would ever be gone
)
# What clients asked and what they were told, for tests about rights and about how much an idle operator asks.
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: ["system:apiserver", "controller-manager"]}
- {level: None, nonResourceURLs: ["/readyz*", "/livez*", "/healthz*"]}
- {level: Metadata}
"""


class ControlPlane:
    """One Kubernetes API, as a context manager or by start and stop; `cluster`, once started, says how to use it."""

    cluster: Cluster

    def __init__(self, programs: Programs | None = None) -> None:
        self._programs = programs or find_programs()
        self._servers: dict[str, Server] = {}

    def start(self) -> None:
        """Start all servers and wait until they are ready. Raises ServerFailedError."""
        for _ in range(ATTEMPTS - 1):
            try:
                return self._start()
            except PortTakenError:
                continue
        return self._start()

    def stop(self) -> None:
        """Stop the servers, the API's clients first, and remove their folder."""
        self._servers.clear()
        self._keeper.end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The API's address."""
        return self.cluster.url

    @property
    def ca(self) -> Path:
        """The certificate (PEM) that the API server shows."""
        return self._folder / "apiserver" / "apiserver.crt"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.cluster.kubeconfig

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """See Cluster.kubeconfig_for_service_account."""
        return self.cluster.kubeconfig_for_service_account(namespace, name)

    def pids(self) -> dict[str, int]:
        """Return the process of each running server by its name."""
        return {name: server.pid for name, server in self._servers.items()}

    def stop_apiserver(self) -> None:
        """Stop the API server alone; etcd keeps the objects."""
        self._keeper.stop(self._servers.pop("apiserver"))

    def start_apiserver(self) -> None:
        """Start the API server on its port and wait until it is ready. Raises ServerFailedError."""
        server = self._servers["apiserver"] = self._keeper.start("apiserver", self._apiserver_arguments())
        self._keeper.wait_until(
            server,
            lambda: answers(f"https://127.0.0.1:{self._port}/readyz", self.ca) and listens_on(server.pid, self._port),
        )

    def restart_apiserver(self) -> None:
        """Stop and start the API server alone."""
        self.stop_apiserver()
        self.start_apiserver()

    def suspend_apiserver(self) -> None:
        """Let the API server hang: connections stay, nothing is answered."""
        os.kill(self._servers["apiserver"].pid, signal.SIGSTOP)

    def resume_apiserver(self) -> None:
        """Let a suspended API server go on."""
        os.kill(self._servers["apiserver"].pid, signal.SIGCONT)

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="pgtend-controlplane-"))
        try:
            self._keeper = Keeper(self._folder)
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        try:
            self._etcd_port, self._port = free_port(), free_port()
            self._write_files()
            self._start_etcd()
            self.start_apiserver()
            self._start_controller_manager()
        except BaseException:
            self.stop()
            raise
        # What the API server shows is made at its first start, and a kubeconfig holds it.
        admin = self._folder / "admin.kubeconfig"
        write_kubeconfig(admin, url=f"https://127.0.0.1:{self._port}", ca=self.ca, token=self._admin_token)
        self.cluster = Cluster(
            kubeconfig=admin,
            url=f"https://127.0.0.1:{self._port}",
            ca=self.ca,
            folder=self._folder,
            audit_log=self._folder / "audit.log",
        )

    def _write_files(self) -> None:
        self._admin_token, self._manager_token = secrets.token_hex(16), secrets.token_hex(16)
        tokens = self._folder / "tokens.csv"
        tokens.write_text(
            f'{self._admin_token},admin,admin,"system:masters"\n'
            f'{self._manager_token},controller-manager,controller-manager,"system:masters"\n'
        )
        (self._folder / "audit.yaml").write_text(AUDIT_POLICY)
        try:
            make_key_pair(self._folder / "service-accounts.key", self._folder / "service-accounts.pub")
        except FileNotFoundError:
            raise ControlPlaneUnavailableError(
                "openssl is missing: install it (Debian: apt-get install openssl)."
            ) from None

    def _start_etcd(self) -> None:
        url = f"http://127.0.0.1:{self._etcd_port}"
        server = self._servers["etcd"] = self._keeper.start(
            "etcd",
            [
                *self._programs.etcd,
                f"--data-dir={self._folder / 'etcd'}",
                f"--listen-client-urls={url}",
                f"--advertise-client-urls={url}",
                "--listen-peer-urls=http://127.0.0.1:0",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
        )
        self._keeper.wait_until(server, lambda: answers(f"{url}/health") and listens_on(server.pid, self._etcd_port))

    def _apiserver_arguments(self) -> list[str]:
        return [
            *self._programs.apiserver,
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            f"--cert-dir={self._folder / 'apiserver'}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--service-account-issuer=https://127.0.0.1:{self._port}/",
            f"--service-account-key-file={self._folder / 'service-accounts.pub'}",
            f"--service-account-signing-key-file={self._folder / 'service-accounts.key'}",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none",
            f"--audit-policy-file={self._folder / 'audit.yaml'}",
            f"--audit-log-path={self._folder / 'audit.log'}",
        ]

    def _start_controller_manager(self) -> None:
        if self._programs.controller_manager is None:
            return
        kubeconfig = self._folder / "controller-manager.kubeconfig"
        write_kubeconfig(kubeconfig, url=f"https://127.0.0.1:{self._port}", ca=self.ca, token=self._manager_token)
        self._servers["controller-manager"] = self._keeper.start(
            "controller-manager",
            [
                *self._programs.controller_manager,
                f"--kubeconfig={kubeconfig}",
                "--leader-elect=false",
                "--secure-port=0",
                f"--controllers={','.join(CONTROLLERS)}",
            ],
        )


def make_key_pair(private: Path, public: Path) -> None:
    """Write an ECDSA key pair (PEM) that signs the tokens of ServiceAccounts and checks them."""
    for arguments in (
        ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(private)],
        ["pkey", "-in", str(private), "-pubout", "-out", str(public)],
    ):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@contextmanager
def cluster_for_tests() -> Iterator[Cluster]:
    """Yield the cluster that `KUBECONFIG_TEST` names, neither started nor stopped, or else one of our own."""
    named = kubeconfig_of_environment()
    if named is not None:
        with existing_cluster(named) as cluster:
            yield cluster
    else:
        with ControlPlane() as control_plane:
            yield control_plane.cluster


def main() -> int:
    """Start a control plane, say how to use it, and keep it until SIGINT or SIGTERM."""
    try:
        control_plane = ControlPlane()
    except ControlPlaneUnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with control_plane:
        print(f"export KUBECONFIG={control_plane.kubeconfig}", flush=True)
        print("Ctrl-C ends it.", file=sys.stderr)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
