"""Figures in sentences."""

from __future__ import annotations


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
