"""What the options of the command line take: finite numbers within limits, and sizes."""

from __future__ import annotations

import math

import click

from pgtend.commands.sizes import parse_size

USUAL_SESSIONS = 2
"""Sessions that `pgtend advise` plans in at most, where nothing else is asked for."""


class Number(click.ParamType[float]):
    """A finite number within limits, both of them allowed."""

    name = "number"

    def __init__(self, least: float, most: float) -> None:
        self._least = least
        self._most = most

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; fails with a sentence that names the limits."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not self._least <= number <= self._most:
            self.fail(f"{str(value)!r} is no number from {self._least:g} to {self._most:g}.", param, ctx)
        return number


class Size(click.ParamType[int]):
    """Bytes, written as 500MB or 500Mi."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes; fails with a sentence that says how sizes are written."""
        try:
            return parse_size(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
