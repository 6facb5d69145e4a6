"""Starts `counting_operator` as a process, asks it things, and ends it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds until a test gives up; generous, since nothing is measured by it: a loaded machine takes long to start a process."""
T = TypeVar("T")


async def eventually(look: Callable[[], T], patience: float = PATIENCE) -> T:
    """What `look` gives, once that is true."""

    async def look_now() -> T:
        return look()

    return await eventually_awaited(look_now, patience)


async def eventually_awaited(look: Callable[[], Awaitable[T]], patience: float = PATIENCE) -> T:
    """What awaiting `look` gives, once that is true."""
    async with asyncio.timeout(patience):
        while not (seen := await look()):  # noqa: ASYNC110 - what is looked at is in another process
            await asyncio.sleep(0.05)
    return seen


@dataclass(kw_only=True)
class OperatorProcess:
    """A running operator whose loops note their passes."""

    process: asyncio.subprocess.Process
    notes: Path
    log: Path

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def seen(self, what: str, policy: str = "") -> list[str]:
        """The messages of its notes of this kind, about policies whose namespace/name ends so."""
        if not self.notes.exists():
            return []
        lines = [json.loads(line) for line in self.notes.read_text().splitlines()]
        mine = [line for line in lines if line["pid"] == self.pid and line["what"] == what]
        return [line["message"] for line in mine if line["policy"].endswith(policy)]

    async def passes(self, least: int, policy: str = "") -> list[str]:
        """Wait for at least so many passes; returns the messages of all."""
        return await eventually(lambda: found if len(found := self.seen("pass", policy)) >= least else [])

    async def ask(self, path: str) -> tuple[int, str]:
        """Status and text of one of its own pages."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self._port()}{path}") as answer:
            return answer.status, await answer.text()

    async def answers(self, path: str, status: int = 200) -> str:
        """Wait until a page has this status; returns its text."""

        async def look() -> str:
            try:
                found, text = await self.ask(path)
            except (aiohttp.ClientError, IndexError):
                return ""
            return text if found == status else ""

        return await eventually_awaited(look)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self, patience: float = PATIENCE) -> int:
        """Wait for its end; returns the exit code."""
        async with asyncio.timeout(patience):
            return await self.process.wait()

    def _port(self) -> int:
        return int(re.findall(r"/metrics on port (\d+)", self.log.read_text())[0])


@asynccontextmanager
async def operator_process(
    kubeconfig: Path, namespace: str, folder: Path, name: str = "one", **environment: str
) -> AsyncIterator[OperatorProcess]:
    """An operator for one namespace, which keeps its Lease there too; killed at the end."""
    log, notes = folder / f"{name}.log", folder / "notes.jsonl"
    given: dict[str, Any] = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "operator"),
        "KUBECONFIG": str(kubeconfig),
        "PGTEND_NAMESPACE": namespace,
        "PGTEND_WATCH_NAMESPACES": namespace,
        "PGTEND_HISTORY_URL": f"sqlite:///{folder / 'history.db'}",
        "PGTEND_LISTEN": "127.0.0.1:0",
        "COUNTING_FILE": str(notes),
        **environment,
    }
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.servers.counting_operator",
            cwd=ROOT,
            env=given,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield OperatorProcess(process=process, notes=notes, log=log)
    finally:
        print(f"--- log of operator {name}\n{log.read_text()}")
        if process.returncode is None:
            process.kill()
            await process.wait()
