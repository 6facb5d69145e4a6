"""Ctrl-C: before and after the search it ends the command, during the search it asks for the best found so far.

While indexes are there that a trial built, it asks for the end of the trial, and a second one ends the process with the names of
what is left.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the signal's number, as shells have it."""
STOPPED = "Stopped."
"""What is said where there is nothing else to say: silence might be a failure, too."""
_SHOW_CURSOR = b"\x1b[?25h"
_SEARCH_ENDS = "Ending the search; press Ctrl-C again to end everything"


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
    _end_saying(f"{STOPPED}\n")


def _end_saying(last_words: str) -> None:
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR + b"\n")
    if last_words:
        os.write(sys.stderr.fileno(), last_words.encode(errors="backslashreplace"))
    os._exit(INTERRUPTED)


class Interruption:
    """Whether a person pressed Ctrl-C. The first one asks for an end in order, a second one ends everything at once."""

    def __init__(self) -> None:
        self.asked = False
        self._endable: asyncio.Future[None] | None = None

    async def unless_asked(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this work, or as much of it as is done when a person asks for the end."""
        if self.asked:
            work.close()
            return
        self._endable = asyncio.ensure_future(work)
        try:
            await self._endable
        except asyncio.CancelledError:
            if not self.asked:
                raise
        finally:
            self._endable = None

    @contextmanager
    def heeded(
        self,
        tell: Callable[[str], None],
        saying: str = _SEARCH_ENDS,
        *,
        last_words: Callable[[], str] = lambda: "",
    ) -> Iterator[None]:
        """Within this, Ctrl-C only asks; to be entered in a running event loop.

        The first one says so and ends what runs ``unless_asked``; a second one prints ``last_words`` to standard error.
        """
        loop = asyncio.get_running_loop()
        before = signal.getsignal(signal.SIGINT)

        def ask(_signal: int, _frame: FrameType | None) -> None:
            # Noted here and not in the loop: whoever looks right after the work that was under way finds it.
            self.asked = True
            signal.signal(signal.SIGINT, lambda _signal, _frame: _end_saying(last_words()))
            loop.call_soon_threadsafe(end)

        def end() -> None:
            tell(saying)
            if self._endable is not None:
                self._endable.cancel()

        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
