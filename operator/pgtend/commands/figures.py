"""Figures and names as people read them on a terminal."""

from __future__ import annotations

import unicodedata

from pgtend.core.wording import reduction

_UNSEEN = ("Cc", "Cf", "Zl", "Zp")
"""Unicode categories of characters that steer a terminal or cannot be seen: control, format, line and paragraph separators."""


def printable(text: str) -> str:
    r"""A text in one line that steers no terminal: what cannot be seen is written as an escape.

    >>> printable("a\nb\x1b[2J\u202e")
    'a\\nb\\x1b[2J\\u202e'
    """
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _UNSEEN else character
        for character in text
    )


def figure(value: float) -> str:
    """A number with as many digits as are needed not to read as 0 when it is not.

    >>> [figure(value) for value in (0.0, 0.00004, 0.0123, 0.5, 12.34, 1856.3)]
    ['0', '< 0.001', '0.012', '0.50', '12.3', '1,856']
    """
    size = abs(value)
    if value == 0:
        return "0"
    if size < 0.001:
        return "< 0.001"
    if size < 0.1:
        return f"{value:.3f}"
    if size < 1:
        return f"{value:.2f}"
    return f"{value:,.1f}" if size < 100 else f"{value:,.0f}"


def percent_of(percent: float) -> str:
    """A share in percent, with as many digits as are needed not to read as nothing, or as all, when it is not.

    >>> [percent_of(value) for value in (0.0, 0.004, 0.26, 3.4, 41.7, 99.96)]
    ['0', '< 0.1', '0.3', '3.4', '42', '99.96']
    """
    if percent == 0:
        return "0"
    if percent < 0.05:
        return "< 0.1"
    return f"{percent:.1f}" if percent < 10 else reduction(percent)


def percent_change(before: float, after: float) -> str:
    """How much a cost would change; a change too small to be written is said to be none.

    >>> [percent_change(1000.0, after) for after in (6.0, 1000.0, 999.999, 1100.0)]
    ['-99.4 %', 'no change', 'no change', '+10.0 %']
    """
    percent = 100 * (after / before - 1) if before > 0 else 0.0
    return "no change" if abs(percent) < 0.05 else f"{percent:+.1f} %"


def span(hours: float) -> str:
    """A stretch of time in its natural unit.

    >>> [span(hours) for hours in (12 / 3600, 0.5, 5.25, 80.0)]
    ['12 s', '30 min', '5.2 h', '3.3 days']
    """
    if hours < 1 / 30:
        return f"{hours * 3600:.0f} s"
    if hours < 2:
        return f"{hours * 60:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"
