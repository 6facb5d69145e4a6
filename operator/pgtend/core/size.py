"""Estimate the size of an index from the catalog and its statistics alone, before it is built.

For B-trees this follows what CREATE INDEX does, entry by entry and page by page (see ``sizing``); what it was measured against, and how
well it did, is in benchmarks/sizes. The estimate is of a freshly built index: one that has been written to for long is larger.
"""

from __future__ import annotations

from dataclasses import replace

from pgtend.core.sizing.btree import LEAF_FILL, btree_pages
from pgtend.core.sizing.distinct import UniqueKeys, key_spread
from pgtend.core.sizing.expressions import key_column
from pgtend.core.sizing.gin import gin_pages
from pgtend.core.sizing.inverted import gin_keys
from pgtend.core.sizing.other_methods import brin_pages, hash_pages
from pgtend.core.sizing.partial import keys_within, matching_share
from pgtend.core.sizing.rows import rows_in
from pgtend.core.sizing.spread import Spread
from pgtend.core.sizing.widths import Value, entry_widths, mean
from pgtend.domain.catalog import PAGE_BYTES, Catalog, Column, Table
from pgtend.domain.index import AccessMethod, ComparisonOperator, Index, IndexColumn, TableName

MARGIN = 0.05
"""Share by which a set of indexes may turn out larger than estimated; of those in benchmarks/sizes the worst was 6 % larger."""
_PATTERN_CLASSES = frozenset({"text_pattern_ops", "varchar_pattern_ops", "bpchar_pattern_ops"})
"""Operator classes other than a type's default one of which Postgres says that equal is the same bytes (btequalimage)."""
_INVERTED = frozenset({AccessMethod.GIN, AccessMethod.GIST, AccessMethod.SPGIST})


def estimate_size(index: Index, catalog: Catalog, *, share: float | None = None, fill: int = LEAF_FILL) -> int:
    """Bytes of an index once it is built; 0 where its table is not in the catalog.

    ``share`` is the part of the rows for which a partial index's predicate holds, where a planner has estimated it; ``fill`` is the
    B-tree's fill factor in percent.
    """
    table = catalog.tables.get(index.table_name)
    if table is None:
        return 0
    if share is None:
        share = matching_share(index.predicate, table)
    keys = [key_column(key, table) for key in index.columns]
    values = [*map(_value, keys), *(_included(table.columns.get(name), index) for name in index.include)]
    if index.method is AccessMethod.BRIN:
        return PAGE_BYTES * brin_pages(values, table)
    if index.method in _INVERTED:
        parts = gin_keys(keys[0], index.columns[0].opclass, table, share)
        return PAGE_BYTES * gin_pages(parts, rows_in(table), table.bytes / PAGE_BYTES, catalog.build_memory)
    spreads = _spreads(index, keys, table, unique_keys(catalog, index.table_name), share)
    if index.method is AccessMethod.HASH:
        return PAGE_BYTES * hash_pages(spreads[-1])
    return PAGE_BYTES * btree_pages(
        spreads,
        {each.nulls: entry_widths(values, each.nulls) for each in spreads[-1]},
        tuple(mean(entry_widths(values[:count], 0)) for count in range(1, len(keys) + 1)),
        deduplicates=deduplicates(index, keys),
        fill=fill,
    )


def spendable(budget: int | None) -> int | None:
    """Bytes that estimates may add up to, so that what is built of them keeps within the budget; None where there is none.

    Estimates of single indexes may be too small, by a tenth where values are skewed in a way that statistics do not show.
    """
    return None if budget is None else int(budget / (1 + MARGIN))


def unique_keys(catalog: Catalog, name: TableName) -> UniqueKeys:
    """Sets of columns that tell all rows of a table apart, by its valid and whole unique indexes."""
    found = []
    for each in catalog.indexes_of(name):
        if each.unique and each.valid and each.index is not None and not each.index.predicate:
            columns = [key.column for key in each.index.columns]
            if None not in columns:
                found.append(frozenset(column for column in columns if column))
    return found


def deduplicates(index: Index, keys: list[Column | None]) -> bool:
    """Whether CREATE INDEX puts equal keys of this B-tree into posting lists: _bt_allequalimage(), _bt_load()."""
    if index.include or index.unique:
        return False
    return all(map(_is_equal_image, index.columns, keys))


def _is_equal_image(key: IndexColumn, column: Column | None) -> bool:
    if column is None:
        return False
    return column.deduplicates if key.opclass is None else key.opclass in _PATTERN_CLASSES


def _spreads(
    index: Index, keys: list[Column | None], table: Table, unique: UniqueKeys, share: float
) -> tuple[Spread, ...]:
    spreads = key_spread(keys, table, unique)
    if not index.predicate:
        return spreads
    names = tuple(key.column for key in index.columns)
    rows = rows_in(table) * share
    return tuple(
        keys_within(spread, index.predicate, names[:count], rows) for count, spread in enumerate(spreads, start=1)
    )


def _value(column: Column | None) -> Value:
    if column is None:
        return Value(type="")
    return Value(
        type=column.type,
        length=column.type_length,
        alignment=column.alignment,
        average_width=column.average_width,
        few=column.n_distinct is not None and 0 < column.n_distinct <= len(column.common_frequencies),
    )


def _included(column: Column | None, index: Index) -> Value:
    """Of a column that is no key; as a key its NULLs are part of the spread."""
    value = _value(column)
    if column is None:
        return value
    share = column.null_fraction or 0.0
    for each in index.predicate:
        if each.column == column.name:
            share = 1.0 if each.operator is ComparisonOperator.IS_NULL else 0.0
    return replace(value, null_share=share)
