"""Estimate the size of an index from statistics alone, where nothing on the server can simulate it."""

from __future__ import annotations

from math import ceil

from pgtend.domain.catalog import Table
from pgtend.domain.index import AccessMethod, Index

_PAGE = 8192
_PAGE_OVERHEAD = 40
"""Page header (24 bytes) and the B-tree's special space (16): src/include/storage/bufpage.h, access/nbtree.h."""
_TUPLE_HEADER = 8
_LINE_POINTER = 4
_FILL_FACTOR = 0.9
_WIDTH_UNKNOWN = 16
"""Bytes assumed of a column without statistics, and of an expression."""
_BRIN_BYTES_PER_RANGE = 24
_PAGES_PER_RANGE = 128


def estimate_size(index: Index, table: Table) -> int:
    """Bytes of an index on this table, without deduplication and partial selectivity: rather too large than too small.

    B-tree: rows times (tuple header, keys with included columns aligned to 8 bytes, line pointer) on pages filled to 90 %.
    """
    rows = max(table.rows, 0.0)
    if index.method is AccessMethod.BRIN:
        ranges = ceil(table.bytes / _PAGE / _PAGES_PER_RANGE)
        return (3 + ceil(ranges * _BRIN_BYTES_PER_RANGE / _PAGE)) * _PAGE
    names = [*(key.column for key in index.columns), *index.include]
    width = sum(_width(table, name) for name in names)
    entry = ceil((_TUPLE_HEADER + width) / 8) * 8 + _LINE_POINTER
    pages = ceil(rows * entry / ((_PAGE - _PAGE_OVERHEAD) * _FILL_FACTOR))
    return (pages + 1) * _PAGE


def _width(table: Table, name: str | None) -> float:
    column = table.columns.get(name) if name is not None else None
    if column is None or column.average_width is None:
        return _WIDTH_UNKNOWN
    return column.average_width * (1 - (column.null_fraction or 0.0))
