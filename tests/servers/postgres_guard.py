"""Leave nothing behind: a small process beside each test server that cleans up when its owner is gone.

A launcher that dies by `kill -9` cannot clean up, and a parent-death signal does not survive a change of user.
So each server gets a guard in a session of its own (Ctrl-C does not reach it). It holds one end of a pipe: when
the pipe closes, or its parent is another than before, it ends every process whose working directory lies in the
server's folder and removes the folder. Postgres and PgBouncer both stay in the folder they were started in.

This file runs as a script too, so it imports the standard library alone.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Literal

_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.5


class Guard:
    """The owner's end of one guard process."""

    def __init__(self, folder: Path) -> None:
        """Start guarding `folder`; it need not hold anything yet."""
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__).resolve()), str(folder), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )

    def end(self) -> None:
        """End what runs in the folder, remove the folder, and wait until both are done."""
        self._say("")

    def let_go(self) -> None:
        """End the guard alone: the server stays, and `end_folder` is now the caller's duty."""
        self._say("leave\n")

    def _say(self, word: Literal["", "leave\n"]) -> None:
        pipe: IO[bytes] | None = self._process.stdin
        if pipe is not None and not pipe.closed:
            try:
                pipe.write(word.encode())
                pipe.close()
            except BrokenPipeError:
                pass  # the guard was told to end by a signal and has already cleaned up
        self._process.wait()


def end_folder(folder: Path) -> None:
    """End every process that lives in `folder`, then remove it. A folder that is not there is no error."""
    folder = folder.resolve()
    if not folder.exists():
        return
    segments = _shared_memory_of(folder)
    _signal_all(folder, signal.SIGQUIT)  # Postgres: immediate shutdown; PgBouncer: immediate too
    deadline = time.monotonic() + _GRACE_SECONDS
    while processes_in(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    while processes_in(folder):
        _signal_all(folder, signal.SIGKILL)
        time.sleep(0.02)
    for segment in segments:
        _remove_shared_memory(segment)
    shutil.rmtree(folder)


def processes_in(folder: Path) -> list[int]:
    """The ids of the processes whose working directory is `folder` or below it, this process excepted."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            directory = (entry / "cwd").readlink()
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
        if state != "Z" and directory.is_relative_to(folder):
            found.append(int(entry.name))
    return found


def _signal_all(folder: Path, number: signal.Signals) -> None:
    for pid in processes_in(folder):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _shared_memory_of(folder: Path) -> list[tuple[str, str]]:
    """Key and id of the System V segments noted in the lock files below `folder` (line 7 of postmaster.pid)."""
    segments = []
    for lock in folder.glob("**/postmaster.pid"):
        lines = lock.read_text().splitlines()
        if len(lines) >= 7 and len(lines[6].split()) == 2:
            key, identifier = lines[6].split()
            segments.append((key, identifier))
    return segments


def _remove_shared_memory(segment: tuple[str, str]) -> None:
    """Remove a segment that a killed postmaster left, if it is still the one and nobody is attached to it."""
    for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[0], fields[1]) == segment and fields[6] == "0":
            subprocess.run(["ipcrm", "-m", segment[1]], check=False, capture_output=True)


def _watch(folder: Path, owner: int) -> None:
    def stop(number: int, frame: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while os.getppid() == owner:
            readable, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
            if readable:
                if os.read(sys.stdin.fileno(), 16).startswith(b"leave"):
                    return
                break
    except SystemExit:
        pass
    end_folder(folder)


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), int(sys.argv[2]))
