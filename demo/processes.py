"""The operator and the load as processes of their own, which end with the demo however the demo ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.failure import DemoFailed

SECONDS_TO_END = 12
LOG_LINES = 25


@dataclass(frozen=True, kw_only=True)
class Running:
    """One process and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise DemoFailed when it has ended."""
        code = self.process.poll()
        if code is not None:
            raise DemoFailed(f"{self.name} ended by itself, with {code}.")

    def last_lines(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])


@contextmanager
def running(name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Running]:
    """Start a process in the folder of its log; at the end of the block SIGTERM, and SIGKILL for one that does not end in time."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environment),
            cwd=log.parent,  # its guard ends what runs there, should the demo itself be killed
            start_new_session=True,  # Ctrl-C is for the demo, which then ends its processes in order
        )
    try:
        yield Running(name=name, process=process, log=log)
    finally:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
