"""The process that owns the servers of one control plane, so that nothing outlives whoever started them.

A launcher may be killed at any moment and then cleans up nothing. So the servers are children of this small process,
which stops them in order and removes their folder as soon as the launcher closes the pipe or is gone. Should this
process itself be killed, the kernel kills the servers (PR_SET_PDEATHSIG).

It runs as `python controlplane_keeper.py FOLDER`, reads one JSON request a line from standard input and answers each
with one JSON line: `{"start": name, "argv": [...], "log": path}` gives `{"pid": n}`; `{"stop": name}` and
`{"poll": name}` give `{"code": n}` or, for one that runs, `{"code": null}`. Standard library only, one thread only:
the kernel's signal comes when the *thread* that started a child ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS_TO_STOP = 3.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None)


def start_server(argv: list[str], log: str) -> subprocess.Popen[bytes]:
    """Start one server with its output appended to a log; it is killed when this process dies."""
    keeper = os.getpid()

    def die_with_keeper() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:  # it died before the line above took effect
            os._exit(1)

    with Path(log).open("ab") as output:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0, preexec_fn=die_with_keeper
        )


def stop_server(server: subprocess.Popen[bytes]) -> int:
    """Ask one server to end, kill it after some seconds, and return its exit code."""
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
        server.send_signal(signal.SIGCONT)  # a suspended one cannot end
        try:
            server.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            server.kill()
    return server.wait()


def answer(request: dict[str, Any], servers: dict[str, subprocess.Popen[bytes]]) -> dict[str, int | None]:
    """Carry out one request."""
    match request:
        case {"start": str(name), "argv": list(argv), "log": str(log)}:
            servers[name] = start_server(argv, log)
            return {"pid": servers[name].pid}
        case {"stop": str(name)}:
            return {"code": stop_server(servers.pop(name))}
        case {"poll": str(name)}:
            return {"code": servers[name].poll()}
    raise ValueError(f"not a request: {request}")


def keep(folder: Path, launcher: int) -> None:
    """Serve requests until the launcher closes the pipe or is gone; then leave nothing behind."""
    servers: dict[str, subprocess.Popen[bytes]] = {}
    pending = b""
    try:
        # The pipe alone is not enough: a fork of the launcher can hold its end open.
        while os.getppid() == launcher:
            if not select.select([0], [], [], 0.5)[0]:
                continue
            chunk = os.read(0, 65536)
            if not chunk:
                break
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                print(json.dumps(answer(json.loads(line), servers)), flush=True)
    finally:
        for name in reversed(servers):
            stop_server(servers[name])
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Keep until told to end; Ctrl-C is for the launcher, which then closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    keep(Path(sys.argv[1]), launcher=int(sys.argv[2]))


if __name__ == "__main__":
    main()
