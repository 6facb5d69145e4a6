"""`python -m demo` (or `make demo`): tell the story, and leave nothing behind.

KEEP=1 leaves everything running at the end and waits until Ctrl-C. DEMO_KUBECONFIG and DEMO_DSN (a superuser's) name a cluster and a
server to use in place of our own; DEMO_CLUSTER=kind makes a cluster with kind.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from demo.failure import DemoFailed
from demo.narration import console, tell, tell_failure
from demo.story import keeps_running, tell_story
from tests.servers.postgres_guard import Guard

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: the second Ctrl-C of somebody impatient must not break the clearing up.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Tell the story; returns the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    console.print("[bold]pgtend: from a TuningPolicy to a verified index, on real servers[/]")
    if keeps_running(os.environ):
        tell(
            "It takes a few minutes. Then, as KEEP=1 says, everything goes on running and the demo waits here, until Ctrl-C "
            "ends it all. Nothing is left behind."
        )
    else:
        tell("It takes a few minutes and ends by itself; Ctrl-C ends it at any moment. Nothing is left behind.")
    try:
        with ExitStack() as stack:
            guard = Guard(Path(tempfile.mkdtemp(prefix="pgtend-demo-")))
            stack.callback(guard.end)
            try:
                tell_story(os.environ, guard.folder, stack)
            except DemoFailed as failure:
                tell_failure(str(failure))
                return EXIT_FAILED
            finally:
                console.print("\n[dim]Ending everything that was started …[/]")
    except KeyboardInterrupt:
        console.print("[dim]Interrupted; nothing is left running.[/]")
        return EXIT_INTERRUPTED
    console.print(f"[bold green]Done[/] in {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
