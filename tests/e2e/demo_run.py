"""Running the demo as a person does, and looking for what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class DemoRun:
    """A demo under way; everything that it starts lives in `folder`."""

    process: subprocess.Popen[str]
    folder: Path

    def read_until(self, text: str) -> str:
        """What it says up to and including the first line that holds this text."""
        said = ""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said += line
            if text in line:
                return said
        raise AssertionError(f"the demo ended with {self.process.wait()} and never said {text!r}:\n{said}")

    def read_rest(self) -> tuple[int, str]:
        """Its exit code and the rest of what it says."""
        said, _ = self.process.communicate()
        return self.process.returncode, said

    def remains(self) -> list[str]:
        """Processes and files of it that are still there; a killed demo's guards are given time to see that it is gone."""
        deadline = time.monotonic() + 30
        while (found := self._look()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def _look(self) -> list[str]:
        found = [str(entry) for entry in self.folder.iterdir()]
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    place = str((process / "cwd").readlink())
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue
                if str(self.folder) in words or place.startswith(str(self.folder)):
                    found.append(f"{process.name} {words}")
        return found


@contextmanager
def demo_under_way(folder: Path, **environment: str) -> Iterator[DemoRun]:
    """Start the demo, with its folders under this one; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "demo"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "TMPDIR": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    try:
        yield DemoRun(process=process, folder=folder)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
