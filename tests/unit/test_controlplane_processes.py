"""The keeper stops what it started, however its launcher ends; `sleep` stands in for the servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.controlplane_binary import REPOSITORY
from tests.servers.controlplane_processes import Keeper, PortTakenError, Server, ServerFailedError, listens_on

SLEEP = ["sleep", "600"]
LAUNCHER = f"""
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job started in the background has it ignored
sys.path.insert(0, {str(REPOSITORY)!r})
from pathlib import Path
from tests.servers.controlplane_processes import Keeper
print(Keeper(Path(sys.argv[1])).start("sleeper", {SLEEP!r}).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "kept"
    made.mkdir()
    return made


@pytest.fixture
def keeper(folder: Path) -> Iterator[Keeper]:
    made = Keeper(folder)
    yield made
    made.end()


def runs(pid: int) -> bool:
    """Tell whether a process is there and not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_ended(pid: int) -> None:
    deadline = time.monotonic() + 30
    while runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_end_stops_servers_and_removes_the_folder(keeper: Keeper, folder: Path) -> None:
    pids = [keeper.start(name, SLEEP).pid for name in ("one", "two")]
    assert all(map(runs, pids))
    keeper.end()
    assert not any(map(runs, pids))
    assert not folder.exists()


def test_servers_are_stopped_in_reverse_order_of_their_start(keeper: Keeper, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for name in ("etcd", "apiserver", "manager"):
        ready = tmp_path / name
        script = f"trap 'echo {name} >> {order}; exit' TERM; touch {ready}; while :; do sleep 0.05; done"
        keeper.wait_until(keeper.start(name, ["bash", "-c", script]), ready.exists)
    keeper.end()
    assert order.read_text().split() == ["manager", "apiserver", "etcd"]


def test_server_that_ignores_sigterm_is_killed(keeper: Keeper, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    server = keeper.start("stubborn", ["bash", "-c", f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done"])
    keeper.wait_until(server, ready.exists)
    keeper.stop(server)
    assert not runs(server.pid)


def test_suspended_server_is_stopped(keeper: Keeper) -> None:
    server = keeper.start("sleeper", SLEEP)
    os.kill(server.pid, signal.SIGSTOP)
    keeper.stop(server)
    assert not runs(server.pid)


def test_server_outlives_the_thread_that_asked_for_it(keeper: Keeper) -> None:
    started: list[Server] = []
    thread = threading.Thread(target=lambda: started.append(keeper.start("sleeper", SLEEP)))
    thread.start()
    thread.join()
    assert keeper.exit_code(started[0]) is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_nothing_is_left_when_the_launcher_is_gone(number: signal.Signals, folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        launcher.send_signal(number)
    wait_until_ended(pid)
    deadline = time.monotonic() + 30
    while folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_servers_die_with_a_keeper_that_is_killed(keeper: Keeper) -> None:
    server = keeper.start("sleeper", SLEEP)
    os.kill(keeper.pid, signal.SIGKILL)
    wait_until_ended(server.pid)


@pytest.mark.parametrize(
    ("said", "kind"),
    [("listen tcp 127.0.0.1:1: bind: address already in use", PortTakenError), ("no such flag", ServerFailedError)],
    ids=["port-taken", "anything-else"],
)
def test_server_that_ends_early_is_an_error_with_its_log(keeper: Keeper, said: str, kind: type[Exception]) -> None:
    server = keeper.start("server", ["bash", "-c", f"echo '{said}'; exit 3"])
    with pytest.raises(kind, match=f"server ended with 3(.|\n)*{said}"):
        keeper.wait_until(server, lambda: False)


def test_port_belongs_to_the_process_that_listens_on_it(keeper: Keeper) -> None:
    server = keeper.start("sleeper", SLEEP)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert listens_on(os.getpid(), port)
        assert not listens_on(server.pid, port)
    assert not listens_on(os.getpid(), port)
