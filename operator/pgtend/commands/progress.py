"""Progress on standard error: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.text import Text

from pgtend.commands.figures import printable

Tell = Callable[[str], None]


@contextmanager
def telling() -> Iterator[Tell]:
    """What is called with a line on how far it is."""
    if not sys.stderr.isatty():
        yield lambda line: click.echo(printable(line), err=True)
        return
    console = Console(stderr=True, highlight=False)
    with console.status("Connecting") as status:

        def tell(line: str) -> None:
            status.update(Text(printable(line)))

        yield tell
