"""What the database launchers need from the machine: an unprivileged account, a folder it can reach, a free port.

Postgres and PgBouncer refuse to run as root, and root's home, a clone or a virtual environment are often closed to
others. So root starts them as `postgres` (or `nobody`) in the temporary folder.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import stat
import tempfile
from pathlib import Path
from typing import TypedDict

# Below the range from which Linux takes ports for outgoing connections, so that a server that restarts finds its own
# port free again.
_PORTS = range(20000, 32000)


class Account(TypedDict, total=False):
    """Keyword arguments for `subprocess.Popen` that change the user; empty when there is nothing to change."""

    user: int
    group: int
    extra_groups: list[int]


def unprivileged_account() -> Account:
    """The account servers run under: this one, unless this is root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("Neither a user 'postgres' nor 'nobody' exists: Postgres does not run as root. Create one.")


def make_folder(prefix: str, account: Account) -> Path:
    """A new folder, owned by `account`, that every user may enter (private things inside have modes of their own)."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_temporary_root())).resolve()
    folder.chmod(0o755)
    give(folder, account)
    return folder


def give(path: Path, account: Account) -> None:
    """Make `account` the owner of `path`."""
    if account:
        os.chown(path, account["user"], account["group"])


def write_file(path: Path, text: str, account: Account, mode: int = 0o600) -> Path:
    """Write `text` so that `account` owns it, with `mode` from the first moment."""
    with open(path, "x", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(text)
    give(path, account)
    return path


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now; whoever uses it must still cope with having lost it."""
    for _ in range(200):
        port = secrets.choice(_PORTS)  # not `random`: tests seed that, and parallel runs would draw the same ports
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError("No free port between 20000 and 31999 on 127.0.0.1: end what occupies them.")


def require_program(name: str) -> str:
    """The path of a program, or an error that says how to get it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin")
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: run tools/install.sh")
    return found


def _temporary_root() -> Path:
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]
    for candidate in candidates:
        if candidate.is_dir() and all(_open_to_all(part) for part in [candidate, *candidate.parents]):
            return candidate
    if os.geteuid() != 0:
        return candidates[0]  # no change of user, so its own folder will do
    raise RuntimeError("No temporary folder that other users can enter: set TMPDIR to one.")


def _open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
