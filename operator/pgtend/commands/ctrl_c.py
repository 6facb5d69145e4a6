"""Ctrl-C: before and after the search it ends the command, during the search it asks for the best found so far."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the signal's number, as shells have it."""
_SHOW_CURSOR = b"\x1b[?25h"


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Within this, Ctrl-C ends the process without more ado: there is nothing to put back, and nothing found to be kept.

    Closing in order would wait for threads that compute, for longer than somebody who presses Ctrl-C wants to wait.
    """
    before = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(_signal: int, _frame: FrameType | None) -> None:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR + b"\n")
    os._exit(INTERRUPTED)


class Interruption:
    """Whether a person pressed Ctrl-C. The first one asks for the best found so far, a second one ends everything at once."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def heeded(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Within this, Ctrl-C only asks; to be entered in a running event loop."""
        loop = asyncio.get_running_loop()
        before = signal.getsignal(signal.SIGINT)

        def ask() -> None:
            self.asked = True
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, _end)
            tell("Ending the search; press Ctrl-C again to end everything")

        loop.add_signal_handler(signal.SIGINT, ask)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)
