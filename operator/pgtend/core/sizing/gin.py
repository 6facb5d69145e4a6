"""How many pages CREATE INDEX fills with a GIN index: gininsert.c, ginentrypage.c, gindatapage.c, ginpostinglist.c.

Each distinct key is there once, with the addresses of its rows: differences in one to five bytes, in the entry itself up to a third of a
page, else in a tree of pages of its own. Keys come in ascending order as often as memory is full (maintenance_work_mem), and a page of
entries that is full is split in the middle: after one such pass pages are half full, after more of them two thirds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, expm1, log2

from pgtend.core.sizing.spread import Spread, group_sizes
from pgtend.core.sizing.widths import align
from pgtend.domain.catalog import PAGE_BYTES

USUAL_MEMORY = 64 * 2**20
"""maintenance_work_mem where nothing else is said, in bytes."""
_META_PAGES = 1
_ROOM = PAGE_BYTES - 24 - 8
"""Bytes for entries: without the page's header and its special space."""
_ENTRY_HEADER = 8
_LINE_POINTER = 4
_LARGEST_ENTRY = 2712
"""GinMaxItemSize."""
_LIST_HEADER = 8
"""The first row's address and the length of a posting list."""
_TREE_ROOM = PAGE_BYTES - 24 - 8 - 8
_SEGMENT = 256
"""GinPostingListSegmentTargetSize: a posting tree's leaf is made of lists of this size, each with a header of its own."""
_BLOCKS_OF_BYTES = (8, 1024, 131_072)
"""Blocks from which on a difference takes three, four and five bytes: seven bits a byte, eleven of them for the place in a block."""
_NODE = 64
"""Bytes of a key in memory: GinEntryAccumulator; its list begins with room for five rows."""
_CHUNK = 16
_FEWEST_IN_MEMORY = 5
_ADDRESS = 6
_STEPS = 40
_FILL_OF_ONE_PASS = 0.5
"""Share of a page of entries that is full where keys came in order once."""
_FILL_OF_MANY = 0.65
"""The same where they came several times; measured (benchmarks/sizes): 0.63 to 0.67 after six to twelve passes."""


@dataclass(frozen=True, kw_only=True)
class GinKeys:
    """Keys of about the same width, with how many rows they have."""

    spread: Spread
    width: float
    """Bytes of the key's datum in an entry."""
    fixed: bool = False
    """Whether it is passed by value, as an integer is."""


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """Bytes of entries with their line pointers, and pages of posting trees."""

    bytes: float
    tree_pages: float


def gin_pages(keys: Sequence[GinKeys], rows: float, table_pages: float, memory: int = USUAL_MEMORY) -> int:
    """Pages of the index on a table of so many rows and pages, built with so many bytes of memory."""
    if rows < 1 or not any(each.spread for each in keys):
        return _META_PAGES + 1
    a_page = max(rows / max(table_pages, 1.0), 1.0)
    stored = _stored(keys, rows, a_page)
    fill = min(_FILL_OF_ONE_PASS * _passes(keys, memory), _FILL_OF_MANY)
    leaves = ceil(max(stored.bytes / (_ROOM * fill), 1.0))
    widths = [each.width for each in keys]
    fanout = _ROOM * _FILL_OF_ONE_PASS / (align(ceil(_ENTRY_HEADER + max(widths)), 8) + _LINE_POINTER)
    inner, level = 0, leaves
    while level > 1:
        level = ceil(level / fanout)
        inner += level
    return _META_PAGES + leaves + inner + ceil(stored.tree_pages)


def _stored(keys: Sequence[GinKeys], rows: float, a_page: float) -> _Stored:
    bytes_, pages = 0.0, 0.0
    for group in keys:
        bare = align(ceil(_ENTRY_HEADER + group.width), 2)
        for each in group.spread:
            for size, probability in group_sizes(each.rows):
                count = each.occurring * probability
                list_ = (size - 1) * _address_bytes(min(size / rows, 1.0), a_page)
                whole = align(ceil(bare + _LIST_HEADER + align(round(list_), 2)), 8)
                if whole <= _LARGEST_ENTRY:
                    bytes_ += count * (whole + _LINE_POINTER)
                else:
                    bytes_ += count * (align(bare, 8) + _LINE_POINTER)
                    leaves = ceil(list_ * (1 + _LIST_HEADER / _SEGMENT) / _TREE_ROOM)
                    pages += count * (leaves + (leaves > 1))
    return _Stored(bytes=bytes_, tree_pages=pages)


def _address_bytes(share: float, a_page: float) -> float:
    """Mean bytes of the difference between two addresses, of rows that are a random ``share`` of all with so many ``a_page``."""
    expected = share * a_page
    bytes_ = 1 + (-expm1(-expected) / expected if expected > 0 else 1.0)
    return bytes_ + sum(exp(-min(blocks * expected, 700.0)) for blocks in _BLOCKS_OF_BYTES)


def _passes(keys: Sequence[GinKeys], memory: int) -> float:
    """How many times memory is full: each time all keys of the rows read since the last are put into the index."""
    if _in_memory(keys, 1.0) <= memory:
        return 1.0
    low, high = 0.0, float(_STEPS)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _in_memory(keys, 2**-middle) > memory:
            low = middle
        else:
            high = middle
    return float(2**high)


def _in_memory(keys: Sequence[GinKeys], part: float) -> float:
    total = 0.0
    for group in keys:
        datum = 0 if group.fixed else 2 ** max(ceil(log2(max(group.width, 1.0))), 3) + _CHUNK
        for each in group.spread:
            rows = each.rows * part
            count = each.count * -expm1(-rows)
            if count <= 0:
                continue
            held = each.count * rows / count
            room = _FEWEST_IN_MEMORY * 2 ** ceil(max(log2(held / _FEWEST_IN_MEMORY), 0.0))
            bytes_ = 2 ** ceil(log2(room * _ADDRESS)) + _CHUNK if room < 1_000 else room * _ADDRESS
            total += count * (_NODE + datum + bytes_)
    return total
