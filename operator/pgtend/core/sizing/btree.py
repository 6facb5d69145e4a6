"""How many pages CREATE INDEX fills with a B-tree: nbtsort.c, nbtdedup.c, nbtree.h.

Leaf pages are filled to the fill factor (90 %) and then closed: the entry that comes last moves on to the next page, and the one
before it becomes the high key. Equal keys are put into posting lists of up to a tenth of a page, 6 bytes for each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from pgtend.core.sizing.spread import Spread, group_sizes, occurring
from pgtend.core.sizing.widths import Widths, align
from pgtend.domain.catalog import PAGE_BYTES

LEAF_FILL = 90
"""BTREE_DEFAULT_FILLFACTOR."""
_INNER_FILL = 70
"""BTREE_NONLEAF_FILLFACTOR."""
_LINE_POINTER = 4
_ROOM = PAGE_BYTES - 24 - 16 - _LINE_POINTER - _LINE_POINTER
"""Bytes for entries: without the page's header, its special space, the high key's line pointer and the next entry's."""
_LONGEST_POSTING = PAGE_BYTES * 10 // 100 // 8 * 8 - _LINE_POINTER
"""BTMaxItemSize does not bind at a build: _bt_load() sets dstate->maxpostingsize to a tenth of a page, with the line pointer."""
_TID = 6
_META_PAGES = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Items:
    """Items of one size on leaf pages, line pointers included. ``key`` is what remains of one that becomes a high key."""

    size: float
    key: float
    count: float


def btree_pages(
    prefixes: tuple[Spread, ...],
    entries: Mapping[int, Widths],
    pivots: tuple[float, ...],
    *,
    deduplicates: bool,
    fill: int = LEAF_FILL,
) -> int:
    """Pages of the index.

    ``prefixes`` are the spreads over the first column, the first two and so on; ``entries`` the widths of an entry for each
    combination of NULLs that occurs; ``pivots`` the mean width of an entry cut after the first column, the first two and so on.
    """
    if sum(keys.total_rows for keys in prefixes[-1]) < 1:
        return _META_PAGES
    runs, others = _leaf_items(prefixes[-1], entries, deduplicates)
    target = _ROOM - PAGE_BYTES * (100 - fill) // 100
    pages = sum(items.count / _items_a_page(items, target) for items in runs)
    leaves = ceil(pages + _pages_of_mixed(others, target))
    count = sum(items.count for items in (*runs, *others))
    return _META_PAGES + leaves + _inner_pages(leaves, _pivot_size(prefixes, pivots, count))


def _leaf_items(spread: Spread, entries: Mapping[int, Widths], deduplicates: bool) -> tuple[list[_Items], list[_Items]]:
    """Items of keys that fill pages of their own, and all others."""
    runs: list[_Items] = []
    others: dict[tuple[float, float], float] = {}
    for keys in spread:
        for width, share in entries[keys.nulls]:
            plain = float(width + _LINE_POINTER)
            if not deduplicates:
                others[plain, plain] = others.get((plain, plain), 0.0) + keys.total_rows * share
                continue
            most = max((_LONGEST_POSTING // 8 * 8 - width) // _TID, 1)
            full = float(align(width + _TID * most, 8) + _LINE_POINTER)
            alone = max(1 - PAGE_BYTES / (keys.rows / most * full), 0.0)  # pages on which no other key begins
            runs.append(_Items(size=full, key=plain, count=keys.total_rows * share / most * alone))
            for size, count in _postings(keys.rows, width, most, full):
                items = keys.occurring * share * count * (1 - alone if size == full else 1)
                others[size, plain] = others.get((size, plain), 0.0) + items
    return runs, [_Items(size=size, key=key, count=count) for (size, key), count in others.items() if count > 0]


def _postings(rows: float, width: int, most: int, full: float) -> list[tuple[float, float]]:
    """Items of one key: size and expected number."""
    items: dict[float, float] = {}
    for size, probability in group_sizes(rows):
        whole, left = divmod(size, most) if most > 1 else (size, 0.0)
        if whole:
            items[full] = items.get(full, 0.0) + probability * whole
        if left:
            rest = width if left < 1.5 else align(width + _TID * round(left), 8)
            items[float(rest + _LINE_POINTER)] = items.get(float(rest + _LINE_POINTER), 0.0) + probability
    return list(items.items())


def _room_before(item: _Items, following: _Items, target: float) -> float:
    """Bytes that may be on a page after ``item`` for it to take the ``following`` one too.

    Softly the fill factor limits them, to which the part of a posting list that a high key loses does not count
    (last_truncextra); in any case the following item has to fit, with room for a row's address in the high key.
    """
    return min(target + item.size - item.key, _ROOM - (following.size - _LINE_POINTER) - 8)


def _items_a_page(items: _Items, target: float) -> float:
    """Items of one size on a page: the last that went over the limit moves on."""
    return max(_room_before(items, items, target) // items.size, 1.0)


def _pages_of_mixed(items: list[_Items], target: float) -> float:
    """Pages of items of different sizes: what lies across the limit is left out, on average half of it beyond the limit."""
    if len(items) == 1:
        return items[0].count / _items_a_page(items[0], target)
    count = sum(each.count for each in items)
    total = sum(each.count * each.size for each in items)
    if total == 0:
        return 0.0
    room = sum(
        item.count * item.size / total * following.count / count * _room_before(item, following, target)
        for item in items
        for following in items
    )
    across = sum(each.count * each.size**2 for each in items) / total
    return total / max(room - across / 2, across)


def _pivot_size(prefixes: tuple[Spread, ...], pivots: tuple[float, ...], items: float) -> float:
    """Bytes of an entry of an inner page: it keeps the first columns that tell two pages apart, and the row's address where none do."""
    size, told_apart = 0.0, 0.0
    for spread, width in zip(prefixes, pivots, strict=True):
        share = min(occurring(spread) / items, 1.0)
        size += max(share - told_apart, 0.0) * width
        told_apart = max(told_apart, share)
    return size + (1 - told_apart) * (pivots[-1] + 8) + _LINE_POINTER


def _inner_pages(pages: int, pivot: float) -> int:
    target = _ROOM - PAGE_BYTES * (100 - _INNER_FILL) // 100
    fanout = max(target / pivot, 2.0)
    inner = 0
    while pages > 1:
        pages = ceil(pages / fanout)
        inner += pages
    return inner
