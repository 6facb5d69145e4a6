"""How a command ends where it is not by its result: exit codes, and a reader of its output that is gone."""

from __future__ import annotations

import os
import sys

import click
from rich.console import Console

from pgtend.commands.ctrl_c import INTERRUPTED, STOPPED

FAILED = 1
"""Exit code where the database cannot be reached, read, or used for what was asked."""
WRONG = 2
"""Exit code where an option or the workload is wrong."""
LEFT_BEHIND = 3
"""Exit code where an index that was built for a trial could not be dropped again: standard error says what removes it."""
NOBODY_READS = 141
"""Exit code where the reader of the output went away (`| head`): 128 and the number of SIGPIPE, as shells have it."""


class Output(Console):
    """Standard output for people; a reader that went away ends the command with a code of its own, not with rich's 1."""

    def on_broken_pipe(self) -> None:
        """Called by rich within its handling of the error."""
        raise BrokenPipeError


class Commands(click.Group):
    """The commands, ended quietly where nobody reads what they print."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was asked for."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")  # a terminal that knows fewer characters than we print
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere, stream.fileno())  # what is still in their buffers is written when the process ends
            ctx.exit(NOBODY_READS)
        except KeyboardInterrupt:
            click.echo(STOPPED, err=True)
            ctx.exit(INTERRUPTED)
