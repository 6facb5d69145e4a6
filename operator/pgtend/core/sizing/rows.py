"""How many rows a table has: counted by VACUUM or ANALYZE at some time, while its file is as large as it is now.

The planner takes rows a page as counted times the pages there are now (table_block_relation_estimate_size() in tableam.c).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from pgtend.domain.catalog import PAGE_BYTES, Column, Table

_PAGE_HEADER = 24
_ROW_HEADER = 24
_LINE_POINTER = 4
_ALIGNMENT = 8
_ASSUMED_WIDTH = 32
"""Bytes that the planner takes for a value of varying length without statistics: get_typavgwidth()."""
_SMALLEST_WIDTH = 8
"""Bytes of such a value where there shall rather be too many rows than too few."""


def planned_rows(counted: float, counted_pages: int, pages: int, columns: Iterable[Column]) -> float:
    """Rows as the planner estimates them. ``counted`` is pg_class.reltuples, negative where nothing ever counted them."""
    if counted >= 0 and counted_pages > 0:
        return counted / counted_pages * pages
    return pages * _rows_a_page(columns, _ASSUMED_WIDTH)


def rows_in(table: Table) -> float:
    """Rows to reckon with for the size of an index: rather too many than too few, so that a budget is kept.

    What a table has grown by is taken to be filled with rows: the rows a page that were counted are too few where pages were
    emptied before, or where the table was a page or two. A table that was never counted has as many as there is room for.
    """
    if not table.counted:
        return table.bytes / PAGE_BYTES * _rows_a_page(table.columns.values(), _SMALLEST_WIDTH)
    if table.grown_bytes <= 0:
        return table.rows
    filled = _rows_a_page(table.columns.values(), _SMALLEST_WIDTH) * table.fill_factor / 100
    return max(table.rows, counted_rows(table) + table.grown_bytes / PAGE_BYTES * filled)


def counted_rows(table: Table) -> float:
    """Rows when they were last counted: what the statistics of the columns are about."""
    if not table.counted:
        return rows_in(table)
    if table.grown_bytes == 0 or table.bytes == 0:
        return table.rows
    return table.rows * (1 - table.grown_bytes / table.bytes)


def growth(table: Table) -> float:
    """How many times as many rows there are as were counted, at least once."""
    counted = counted_rows(table)
    return max(rows_in(table) / counted, 1.0) if counted > 0 else 1.0


def _rows_a_page(columns: Iterable[Column], assumed: int) -> float:
    width = float(_ROW_HEADER)
    for column in columns:
        if column.type_length > 0:
            width = ceil(width / column.alignment) * column.alignment
        value = column.type_length if column.type_length > 0 else column.average_width or assumed
        width += value * (1 - (column.null_fraction or 0.0))
    return (PAGE_BYTES - _PAGE_HEADER) / (ceil(width / _ALIGNMENT) * _ALIGNMENT + _LINE_POINTER)
