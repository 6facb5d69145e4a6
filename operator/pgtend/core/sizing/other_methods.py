"""Sizes of hash, BRIN and GIN indexes.

Hash and BRIN follow from the formulas of their source; GIN depends on what is inside of values, of which pg_stats tells only how wide they
are, so that its figure is an order of magnitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

from pgtend.core.sizing.distinct import PAGE, rows_in
from pgtend.core.sizing.spread import Spread
from pgtend.core.sizing.widths import Value, align, mean, value_widths
from pgtend.domain.catalog import Table

_HEADER = 24
_LINE_POINTER = 4

_HASH_ENTRY = 16 + _LINE_POINTER
"""A header of 8 bytes and the hash code of 4, aligned to 8, with the line pointer."""
_HASH_ROOM = PAGE - _HEADER - 16
_HASH_FILL = 75
"""HASH_DEFAULT_FILLFACTOR."""
_ONE_PHASE_GROUPS = 10
_PHASES = 4

_BRIN_RANGE = 128
"""Pages of a range: BRIN_DEFAULT_PAGES_PER_RANGE."""
_BRIN_HEADER = 8
"""Block number, flags and, where there are NULLs, their bits; aligned."""
_BRIN_ROOM = PAGE - _HEADER - 8
_BRIN_MAP_ITEM = 6


def hash_pages(keys: Spread) -> int:
    """Pages of a hash index: hashpage.c, hashutil.c.

    As many buckets as the rows need at the fill factor, rounded up to a power of two (from 1,024 on to a quarter of one); a bucket page each;
    rows of one value that do not fit into one page go into overflow pages.
    """
    rows = sum(each.total_rows for each in keys)
    wanted = max(ceil(rows / (PAGE * _HASH_FILL // 100 // _HASH_ENTRY)), 2)
    buckets = _rounded_up_buckets(wanted)
    a_page = _HASH_ROOM // _HASH_ENTRY
    overflow = sum(each.count * max(ceil(each.rows / a_page) - 1, 0) for each in keys)
    # Chance puts more into one bucket than into another; those that overflow by it are few at this fill.
    bitmaps = ceil((overflow + 1) / (4096 * 8))
    return int(1 + buckets + overflow + bitmaps)


def brin_pages(values: Sequence[Value], table: Table) -> int:
    """Pages of a BRIN index of minima and maxima: brin.c, brin_revmap.c."""
    ranges = ceil(table.bytes / PAGE / _BRIN_RANGE)
    width = align(_BRIN_HEADER + 2 * ceil(sum(_aligned(value) for value in values)), 8) + _LINE_POINTER
    summaries = ceil(ranges / max(_BRIN_ROOM // width, 1))
    maps = ceil(ranges / ((PAGE - _HEADER - 8) // _BRIN_MAP_ITEM))
    return 1 + max(maps, 1) + max(summaries, 1)


def gin_pages(value: Value, opclass: str | None, table: Table, share: float) -> int:
    """Pages of a GIN index, an order of magnitude: rows times elements of a row times bytes of a row's address in a posting list."""
    width = mean(value_widths(value))
    elements = max(width / _bytes_an_element(value.type, opclass), 1.0)
    blocks = table.bytes / PAGE
    return 2 + ceil(rows_in(table) * share * elements * _address_bytes(blocks) / PAGE)


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


_ELEMENT_BYTES = {"gin_trgm_ops": 1.1, "jsonb_path_ops": 16.0}


def _bytes_an_element(type_: str, opclass: str | None) -> float:
    """Bytes of a value for each element that GIN finds in it."""
    name = (opclass or "").rpartition(".")[2]
    if name in _ELEMENT_BYTES:
        return _ELEMENT_BYTES[name]
    return 10.0 if type_ in ("tsvector", "jsonb") or type_.startswith("text") else 8.0


def _address_bytes(blocks: float) -> float:
    """Mean bytes of a row's address, which is stored as the distance to the one before: ginpostinglist.c."""
    return 2.0 if blocks < 8 else 3.0
