"""How wide a value may be in a B-tree, where one that is too wide makes INSERT and UPDATE fail.

Statistics tell how wide the values are on average. Of the widest there is no number: ANALYZE leaves values of over 1,024 bytes out
of its lists (WIDTH_THRESHOLD in analyze.c), and counts one that is stored out of line as the 18 bytes of its pointer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgtend.domain.catalog import Column

LARGEST_ENTRY = 2704
"""Bytes of the largest entry that a B-tree takes, with what it includes (BTMaxItemSize in nbtree.h, with pages of 8 kB)."""

_WITH_LENGTH = re.compile(r"(character varying|character|bit varying|bit)\((\d+)\)")
_BYTES_OF_A_CHARACTER = 4
_HEADER = 4
_SMALL = {
    "numeric": 64,  # up to 131,072 digits, but 100 are more than anybody counts
    "inet": 24,
    "cidr": 24,
    "int4range": 24,
    "int8range": 32,
    "numrange": 136,
    "daterange": 24,
    "tsrange": 32,
    "tstzrange": 32,
}
"""Types of varying length that have no wide values."""


def most_bytes(column: Column) -> int | None:
    """The bytes of the widest value that the column's type allows; None where there is no limit that matters."""
    if column.type_length > 0:
        return column.type_length
    limited = _WITH_LENGTH.fullmatch(column.type)
    if limited is not None:
        length = int(limited[2])
        return _HEADER + (length // 8 + 5 if limited[1].startswith("bit") else length * _BYTES_OF_A_CHARACTER)
    return _SMALL.get(column.type.partition("(")[0])


def never_too_wide(columns: Iterable[Column]) -> bool:
    """Whether an entry of these columns fits, whatever is written to them."""
    widths = [most_bytes(column) for column in columns]
    return all(width is not None for width in widths) and sum(filter(None, widths)) <= LARGEST_ENTRY
