"""How the story is told on a terminal or into a log."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from demo.measurements import Measured

WIDTH = 100

console = Console(highlight=False, soft_wrap=True)
_chapters = iter(range(1, 100))


def open_chapter(title: str, why: str = "") -> None:
    """Begin a chapter: its number, its title, and why it comes."""
    console.print(f"\n[bold cyan]{next(_chapters)}. {escape(title)}[/]")
    if why:
        tell(why)


def tell(text: str) -> None:
    """A paragraph."""
    for line in textwrap.wrap(" ".join(text.split()), WIDTH, break_on_hyphens=False, break_long_words=False):
        console.print(f"   {escape(line)}")


def show_command(command: str, output: str = "") -> None:
    """A command as a reader would type it, and what it said."""
    console.print(f"   [bold]$ {escape(command)}[/]")
    for line in output.splitlines():
        console.print(f"   {escape(line)}", style="dim" if not line.strip() else None)


@contextmanager
def doing(what: str) -> Iterator[None]:
    """A step that takes a moment; says how long it took, once it is done."""
    began = time.monotonic()
    console.print(f"   [yellow]▸[/] {escape(what)} …")
    yield
    taken = time.monotonic() - began
    if taken >= 0.5:
        console.print(f"     [green]done[/] in {taken:.1f} s")


def tell_progress(text: str) -> None:
    """One line of something that goes on."""
    console.print(f"     [dim]{escape(text)}[/]")


def tell_result(text: str) -> None:
    """One line that matters."""
    console.print(f"   [bold green]✓[/] {escape(text)}")


def tell_failure(text: str) -> None:
    """What went wrong."""
    console.print(f"\n[bold red]The demo stops here:[/] {escape(text)}")


def show_before_and_after(
    before: dict[str, Measured], after: dict[str, Measured], *, first: Sequence[str], seconds: tuple[float, float]
) -> None:
    """The table of response times; the shapes named in `first` come first."""
    table = Table(title=f"Response times in ms: {seconds[0]:.0f} s before the build, {seconds[1]:.0f} s after it")
    table.add_column("statement", no_wrap=True)
    for name in ("calls", "p50", "p95", "calls after", "p50 after", "p95 after", "change of p50"):
        table.add_column(name, justify="right")
    for name in sorted(before, key=lambda each: each not in first):
        if name not in after:
            continue
        old, new = before[name], after[name]
        style = "bold green" if name in first else None
        table.add_row(
            name,
            str(old.calls),
            f"{old.p50:.2f}",
            f"{old.p95:.2f}",
            str(new.calls),
            f"{new.p50:.2f}",
            f"{new.p95:.2f}",
            _change(old.p50, new.p50),
            style=style,
        )
    Console(highlight=False, width=max(WIDTH + 10, console.width)).print(table)


def _change(old: float, new: float) -> str:
    return f"{old / new:,.0f}× faster" if old / new >= 2 else f"{round(100 * (new / old - 1)):+d} %"
