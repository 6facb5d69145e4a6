"""Sizes of hash and BRIN indexes, by the formulas of their source."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

from scipy.special import gammaincc

from pgtend.core.sizing.spread import Spread
from pgtend.core.sizing.widths import Value, align, mean, value_widths
from pgtend.domain.catalog import PAGE_BYTES, Table

_HEADER = 24
_LINE_POINTER = 4

_HASH_ENTRY = 16 + _LINE_POINTER
"""A header of 8 bytes and the hash code of 4, aligned to 8, with the line pointer."""
_HASH_ROOM = PAGE_BYTES - _HEADER - 16
_HASH_FILL = 75
"""HASH_DEFAULT_FILLFACTOR."""
_ONE_PHASE_GROUPS = 10
_PHASES = 4

_BRIN_RANGE = 128
"""Pages of a range: BRIN_DEFAULT_PAGES_PER_RANGE."""
_BRIN_HEADER = 8
"""Block number, flags and, where there are NULLs, their bits; aligned."""
_BRIN_ROOM = PAGE_BYTES - _HEADER - 8
_BRIN_MAP_ITEM = 6


def hash_pages(keys: Spread) -> int:
    """Pages of a hash index: hashpage.c, hashutil.c.

    As many buckets as the rows need at the fill factor, rounded up to a power of two (from 1,024 on to a quarter of one); a bucket page each;
    rows of one value that do not fit into one page go into overflow pages.
    """
    rows = sum(each.total_rows for each in keys)
    wanted = max(ceil(rows / (PAGE_BYTES * _HASH_FILL // 100 // _HASH_ENTRY)), 2)
    buckets = _rounded_up_buckets(wanted)
    a_page = _HASH_ROOM // _HASH_ENTRY
    keys = tuple(each for each in keys if not each.nulls)  # NULLs are not stored, but counted when buckets are made
    large = [each for each in keys if each.rows > a_page]
    overflow = sum(each.count * (ceil(each.rows / a_page) - 1) for each in large)
    others = [each for each in keys if each.rows <= a_page]
    rows = sum(each.total_rows for each in others)
    if rows > 0:
        together = 1 + sum(each.total_rows * each.rows for each in others) / rows
        # Of the buckets of the last doubling some are not split yet, and hold twice as much.
        doubled = 2 ** ceil(log2(buckets))
        unsplit = doubled - buckets
        overflow += (buckets - unsplit) * _overflow_pages(rows / doubled, together, a_page)
        overflow += unsplit * _overflow_pages(2 * rows / doubled, together, a_page)
    bitmaps = ceil((overflow + 1) / (PAGE_BYTES // 2 * 8))
    return ceil(1 + buckets + overflow + bitmaps)


def brin_pages(values: Sequence[Value], table: Table) -> int:
    """Pages of a BRIN index of minima and maxima: brin.c, brin_revmap.c."""
    ranges = ceil(table.bytes / PAGE_BYTES / _BRIN_RANGE)
    width = align(_BRIN_HEADER + 2 * ceil(sum(_aligned(value) for value in values)), 8) + _LINE_POINTER
    summaries = ceil(ranges / max(_BRIN_ROOM // width, 1))
    maps = ceil(ranges / ((PAGE_BYTES - _HEADER - 8) // _BRIN_MAP_ITEM))
    return 1 + max(maps, 1) + max(summaries, 1)


def _overflow_pages(rows: float, together: float, a_page: int) -> float:
    """Expected pages of a bucket behind its first: how many rows it has is taken as gamma-distributed, ``together`` at a time."""
    pages, behind = 0.0, 1
    while behind * a_page < 20 * rows + a_page:
        pages += float(gammaincc(rows / together, behind * a_page / together))
        behind += 1
    return pages


def _rounded_up_buckets(wanted: int) -> int:
    """_hash_spareindex() and _hash_get_totalbuckets()."""
    group = ceil(log2(wanted))
    if group < _ONE_PHASE_GROUPS:
        return int(2**group)
    half = 2 ** (group - 1)
    return int(half + ceil((wanted - half) / (half / _PHASES)) * (half / _PHASES))


def _aligned(value: Value) -> float:
    width = mean(value_widths(value))
    return align(ceil(width), value.alignment) if value.length > 0 else width
