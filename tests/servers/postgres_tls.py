"""A certificate authority of our own and a server certificate for 127.0.0.1 and localhost, made by openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.postgres_host import Account, give, require_program


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Paths of PEM files; `ca` may be read by everyone, `key` by the server alone."""

    ca: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, account: Account) -> Certificates:
    """Make both in `folder`; each call has a new authority, valid for a week."""
    ca, ca_key = folder / "ca.crt", folder / "ca.key"
    certificate, key = folder / "server.crt", folder / "server.key"
    key_type = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    new = ("req", "-x509", *key_type, "-sha256", "-days", "7")
    _openssl(
        *new,
        *("-subj", "/CN=pgtend test authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        *("-keyout", str(ca_key), "-out", str(ca)),
    )
    _openssl(
        *new,
        *("-subj", "/CN=localhost", "-CA", str(ca), "-CAkey", str(ca_key)),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"),
        *("-keyout", str(key), "-out", str(certificate)),
    )
    ca_key.unlink()
    for path, mode in ((ca, 0o644), (certificate, 0o644), (key, 0o600)):
        path.chmod(mode)
        give(path, account)
    return Certificates(ca=ca, certificate=certificate, key=key)


def _openssl(*arguments: str) -> None:
    run = subprocess.run([require_program("openssl"), *arguments], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{run.stderr}")
