"""How many bytes an entry of a B-tree takes, and with what probability: heap_compute_data_size() and index_form_tuple().

An entry is a header of 8 bytes, of 16 with a bitmap where any column is NULL, and the values, each aligned; the whole is rounded up to a
multiple of 8. A value of variable length up to 126 bytes has a header of one byte and is not aligned; pg_stats counts it with that header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

HEADER = 8
HEADER_WITH_NULLS = 16
LONGEST_SHORT = 127
"""Bytes of a value with the header of one byte."""
_UNKNOWN = 16.0
_MOST = 0.9
_PADDED = re.compile(r"character\((\d+)\)")
_ADDRESSES = frozenset({"inet", "cidr"})
_NUMERIC = re.compile(r"numeric(\(|$)")


@dataclass(frozen=True, kw_only=True)
class Value:
    """What is known of the width of a column's values, or of an expression's."""

    type: str
    length: int = -1
    alignment: int = 4
    average_width: float | None = None
    few: bool = False
    """Whether there are so few different values that pg_stats lists them all."""
    null_share: float = 0.0
    """Share of the entries that are NULL in it, 0 to 1, where the spread of the keys does not tell: of an included column."""


Widths = tuple[tuple[int, float], ...]
"""Bytes and probability, in ascending order."""
_States = Mapping[tuple[int, bool], float]


def entry_widths(values: Sequence[Value], nulls: int) -> Widths:
    """Bytes of an entry's tuple whose columns with their bit in ``nulls`` are NULL, without the line pointer.

    Values that are NULL by chance are so independently of each other.
    """
    states: _States = {(0, nulls != 0): 1.0}  # by bytes of values so far, and whether any is NULL
    for number, value in enumerate(values):
        if nulls >> number & 1:
            continue
        states = _after(states, value)
    return _sorted(
        (align((HEADER_WITH_NULLS if any_null else HEADER) + offset, 8), probability)
        for (offset, any_null), probability in states.items()
    )


def mean(widths: Widths) -> float:
    """Expected bytes."""
    return sum(width * probability for width, probability in widths)


def value_widths(value: Value) -> Widths:
    """Bytes of one value.

    pg_stats tells the mean alone, cut to a whole number. Padded strings are equally long. A numeric takes two bytes for four
    digits, so that the mean lies between two odd widths; where it was cut to an odd one most have that, and where to an even one
    most have the next. Of other strings nothing more is known: their lengths are taken to differ by a few bytes.
    """
    if value.length > 0:
        return ((value.length, 1.0),)
    average = _UNKNOWN if value.average_width is None else value.average_width
    padded = _PADDED.fullmatch(value.type)
    if padded and average < 1 + int(padded[1]) + 0.5:
        return ((round(average), 1.0),)
    if value.type in _ADDRESSES:
        return ((round(average), 1.0),)
    if _NUMERIC.match(value.type):
        lower = int(average) - 1 + int(average) % 2
        share = _MOST if lower < int(average) else 1 - _MOST
        return ((lower, 1 - share), (lower + 2, share))
    steps = (0, 1) if value.few else (-1, 0, 1, 2)
    return tuple((max(round(average) + step, 1), 1 / len(steps)) for step in steps)


def align(offset: int, boundary: int) -> int:
    """The next multiple of the boundary."""
    return ceil(offset / boundary) * boundary


def _after(states: _States, value: Value) -> _States:
    following: dict[tuple[int, bool], float] = {}

    def add(state: tuple[int, bool], probability: float) -> None:
        if probability > 0:
            following[state] = following.get(state, 0.0) + probability

    for (offset, any_null), probability in states.items():
        add((offset, True), probability * value.null_share)
        for width, share in value_widths(value):
            short = value.length < 0 and width <= LONGEST_SHORT
            end = (offset if short else align(offset, value.alignment)) + width
            add((end, any_null), probability * (1 - value.null_share) * share)
    return following


def _sorted(widths: Iterable[tuple[int, float]]) -> Widths:
    merged: dict[int, float] = {}
    for width, probability in widths:
        merged[width] = merged.get(width, 0.0) + probability
    return tuple(sorted(merged.items()))
