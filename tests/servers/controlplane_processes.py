"""Starting and stopping single servers through their keeper, and knowing whether they answer."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import controlplane_keeper

SECONDS_TO_START = 60.0
SECONDS_TO_END = 20.0


class ServerFailedError(Exception):
    """A server ended early or did not become ready; the message holds the end of its log."""


class PortTakenError(ServerFailedError):
    """Another process took the port between its choice and its use."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """One running server."""

    name: str
    pid: int
    log: Path


class Keeper:
    """This side of the process that owns the servers; see controlplane_keeper. `folder` goes when it ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", controlplane_keeper.__file__, str(folder), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the launcher
        )

    @property
    def pid(self) -> int:
        """The keeper's process."""
        return self._process.pid

    def start(self, name: str, argv: list[str]) -> Server:
        """Start a server; its output is appended to NAME.log in the folder."""
        log = self.folder / f"{name}.log"
        return Server(name=name, pid=self._ask(start=name, argv=argv, log=str(log))["pid"], log=log)

    def stop(self, server: Server) -> None:
        """Stop a server: SIGTERM, and SIGKILL after a few seconds."""
        self._ask(stop=server.name)

    def exit_code(self, server: Server) -> int | None:
        """Return how a server ended, None while it runs."""
        code: int | None = self._ask(poll=server.name)["code"]
        return code

    def wait_until(self, server: Server, ready: Callable[[], bool]) -> None:
        """Wait until a server is ready.

        Raises ServerFailedError when it ends before (PortTakenError when that is the cause) or is not ready within a
        minute.
        """
        deadline = time.monotonic() + SECONDS_TO_START
        while not ready():
            code = self.exit_code(server)
            if code is not None or time.monotonic() > deadline:
                text = server.log.read_text(errors="replace")
                what = f"ended with {code}" if code is not None else f"was not ready in {SECONDS_TO_START:.0f} s"
                kind = PortTakenError if code is not None and "address already in use" in text else ServerFailedError
                raise kind(f"{server.name} {what}. The end of its log:\n" + "\n".join(text.splitlines()[-20:]))
            time.sleep(0.05)

    def end(self) -> None:
        """Have all servers stopped, the last started first, and the folder removed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()  # the kernel kills its servers then
            self._process.wait()
        self._process.stdout.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            try:
                self._process.stdin.write(json.dumps(request) + "\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except BrokenPipeError:
                line = ""
        if not line:
            raise ServerFailedError(f"the keeper of the servers ended with {self._process.wait()}; it says why above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses now; see listens_on for what may happen next."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens_on(pid: int, port: int) -> bool:
    """Tell whether this very process listens on the port, so that nobody talks to a stranger (proc(5))."""
    inodes = {
        fields[9]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A" and fields[1].endswith(f":{port:04X}")
    }
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:  # closed in between
            continue
        if target.removeprefix("socket:[").removesuffix("]") in inodes:
            return True
    return False


def answers(url: str, ca: Path | None = None) -> bool:
    """Tell whether an HTTP GET of the URL is answered with 200 by the server whose certificate authority this is."""
    if ca is not None and not ca.exists():
        return False
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if ca is not None:
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca))))
    try:
        with urllib.request.build_opener(*handlers).open(url, timeout=5) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except (OSError, ssl.SSLError):  # nobody there yet, or a certificate half written
        return False
