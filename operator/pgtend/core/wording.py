"""Figures and indexes in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from pgtend.domain.index import (
    Argument,
    ColumnArgument,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    OperatorCall,
    SortOrder,
)


def reduction(percent: float) -> str:
    """A reduction in percent, with as many digits as are needed not to read as 100 when something is left.

    >>> [reduction(value) for value in (12.4, 98.6, 99.6, 99.95, 99.9999, 100.0)]
    ['12', '99', '99.6', '99.95', '99.99', '100']
    """
    if percent >= 100 or percent < 99:
        return f"{percent:.0f}"
    return f"{min(percent, 99.99):.2f}".rstrip("0").rstrip(".")


def change(percent: float) -> str:
    """A signed change in percent, likewise.

    >>> [change(value) for value in (12.4, -12.4, -99.992)]
    ['+12', '-12', '-99.99']
    """
    return f"-{reduction(-percent)}" if percent <= -99 else f"{percent:+.0f}"


def count_of(number: int, thing: str) -> str:
    """A number with what it counts.

    >>> [count_of(number, "plan") for number in (0, 1, 1200)]
    ['0 plans', '1 plan', '1,200 plans']
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def size_in_words(size_bytes: float) -> str:
    """A size in powers of 1024, as Kubernetes and Postgres count, to three digits or so.

    >>> [size_in_words(value) for value in (512, 8192, 22_900_000, 3 * 2**40)]
    ['512 B', '8 KiB', '21.8 MiB', '3 TiB']
    """
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{_short(size)} {unit}"
        size /= 1024
    return f"{_short(size)} TiB"


def freeze_in_words(names: Sequence[str], end: datetime | None, zone: tzinfo) -> str:
    """Until when freeze windows of these names are open, as a sentence; without an end where none is in sight.

    >>> from datetime import UTC, datetime
    >>> freeze_in_words(["launch", "saturdays"], datetime(2026, 12, 1, tzinfo=UTC), UTC)
    'The freeze windows "launch" and "saturdays" follow one another without a gap until 2026-12-01 00:00 UTC.'
    """
    *others, last = [f'"{name}"' for name in names]
    what = f"The freeze window {last} is open"
    if others:
        what = f"The freeze windows {', '.join(others)} and {last} follow one another without a gap"
    if end is None:
        return f"{what}, and no end of it is in sight."
    return f"{what} until {end.astimezone(zone):%Y-%m-%d %H:%M %Z}."


def _short(size: float) -> str:
    return f"{size:.0f}" if abs(size) >= 100 else f"{size:.1f}".removesuffix(".0")


def keys_of(index: Index) -> str:
    """The keys of an index in short, with what it includes; constants of a predicate or an expression are not said."""
    text = ",".join(_key(column) for column in index.columns)
    if index.include:
        text += f" +{','.join(index.include)}"
    if index.predicate:
        text += " where…"
    return text


def _key(column: IndexColumn) -> str:
    name = _argument(column.expression) if column.expression else column.column or ""
    return f"{name}:desc" if column.order is SortOrder.DESC else name


def _argument(argument: Argument) -> str:
    """An expression without its constants."""
    if isinstance(argument, ColumnArgument):
        return argument.column
    if isinstance(argument, Constant):
        return "…"
    parts = [_argument(each) for each in argument.arguments]
    if isinstance(argument, FunctionCall):
        return f"{argument.function}({','.join(parts)})"
    if isinstance(argument, OperatorCall):
        return f"({argument.operator.join(parts)})"
    return f"({','.join(parts)})::{argument.cast_to}"
