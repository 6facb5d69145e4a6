"""A Kubernetes API as a client sees it: where it is and how to get into it, whoever started it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from kubernetes import client, config

REQUEST_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """One Kubernetes API.

    `kubeconfig` is that of an administrator, `ca` the certificate (PEM) that its server is checked against, None
    where the system's are used. `folder` is a place for files that go when the cluster or the test session ends.
    `audit_log` has a JSON line (audit.k8s.io/v1 Event, level Metadata) for each answered request but those of the
    control plane itself; None where somebody else runs the cluster.
    """

    kubeconfig: Path
    url: str
    ca: Path | None
    folder: Path
    audit_log: Path | None = None

    def open_admin_client(self) -> client.ApiClient:
        """Return a blocking client with the administrator's rights; close it (it is a context manager)."""
        settings = client.Configuration()
        config.load_kube_config(str(self.kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
        return client.ApiClient(settings)

    def kubeconfig_for_service_account(
        self, namespace: str, name: str, *, lifetime: timedelta = timedelta(hours=24)
    ) -> Path:
        """Write a kubeconfig with a fresh token of an existing ServiceAccount and return its path.

        Its context is in the account's namespace. Raises kubernetes.client.ApiException: status 404 when there is no
        such account.
        """
        with self.open_admin_client() as api:
            token = client.CoreV1Api(api).create_namespaced_service_account_token(
                name,
                namespace,
                client.AuthenticationV1TokenRequest(
                    spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=int(lifetime.total_seconds()))
                ),
                _request_timeout=REQUEST_TIMEOUT,
            )
        assert token.status is not None, "the API server answered a TokenRequest without a token"
        assert token.status.token is not None, "the API server answered a TokenRequest without a token"
        path = self.folder / f"{namespace}.{name}.kubeconfig"
        write_kubeconfig(path, url=self.url, ca=self.ca, token=token.status.token, namespace=namespace)
        return path


def write_kubeconfig(path: Path, *, url: str, ca: Path | None, token: str, namespace: str = "default") -> None:
    """Write a kubeconfig (JSON, which is YAML too) that only its owner can read and that holds all it needs."""
    server = {"server": url}
    if ca is not None:
        server["certificate-authority-data"] = base64.b64encode(ca.read_bytes()).decode()
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "pgtend", "cluster": server}],
        "users": [{"name": "pgtend", "user": {"token": token}}],
        "contexts": [{"name": "pgtend", "context": {"cluster": "pgtend", "user": "pgtend", "namespace": namespace}}],
        "current-context": "pgtend",
    }
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)


@contextmanager
def existing_cluster(kubeconfig: Path) -> Iterator[Cluster]:
    """Yield a cluster that somebody else runs, named by an administrator's kubeconfig (its current context)."""
    settings = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
    with TemporaryDirectory(prefix="pgtend-cluster-") as folder:
        ca = None
        if settings.ssl_ca_cert:
            ca = Path(folder) / "ca.crt"
            ca.write_bytes(Path(settings.ssl_ca_cert).read_bytes())
        yield Cluster(kubeconfig=kubeconfig, url=settings.host, ca=ca, folder=Path(folder))


def kubeconfig_of_environment(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return what `KUBECONFIG_TEST` names: a cluster to test on. Never the kubeconfig that happens to lie around."""
    named = environment.get("KUBECONFIG_TEST")
    return Path(named) if named else None
