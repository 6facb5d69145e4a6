"""Progress on standard error: one line that changes on a terminal, plain lines elsewhere; and Ctrl-C, which ends the search."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console

Tell = Callable[[str], None]


@contextmanager
def telling() -> Iterator[Tell]:
    """What is called with a line on how far it is."""
    if not sys.stderr.isatty():
        yield lambda line: click.echo(line, err=True)
        return
    console = Console(stderr=True, highlight=False)
    with console.status("Connecting") as status:

        def tell(line: str) -> None:
            status.update(line)

        yield tell


class Interruption:
    """Whether a person pressed Ctrl-C. The first one asks for the best found so far, a second one ends everything."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def heeded(self, tell: Tell) -> Iterator[None]:
        """Within this, Ctrl-C only asks; to be entered in a running event loop."""
        loop = asyncio.get_running_loop()
        ending = signal.getsignal(signal.SIGINT)  # asyncio's: it cancels the task, so that what was begun is put back

        def end_everything() -> None:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, ending)

        def ask() -> None:
            self.asked = True
            end_everything()
            tell("Ending the search; press Ctrl-C again to end everything")

        loop.add_signal_handler(signal.SIGINT, ask)
        try:
            yield
        finally:
            end_everything()
