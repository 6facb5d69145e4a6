"""Which indexes could help a query: from how it uses its columns to index definitions. The planner judges them afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations

from pgtend.core.sql.usage import SortKey, TableUse, table_uses
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, ExistingIndex, RelationKind, Table
from pgtend.domain.index import AccessMethod, Index, IndexColumn, NullsOrder, SortOrder, TableName
from pgtend.domain.workload import Query

SMALLEST_TABLE = 10 * 8192
"""Bytes: what is smaller is read as a whole just as fast."""
WIDEST_KEY = 512
"""Bytes: a B-tree entry may have no more than a third of a page, so a column that is wider on average will fail on some row."""
_MOST_PERMUTED = 6
"""Columns of one table of which all ordered pairs are tried."""
_INDEXABLE = frozenset({RelationKind.TABLE, RelationKind.PARTITION, RelationKind.MATERIALIZED_VIEW})
_PATTERN_CLASSES = {
    "text": "text_pattern_ops",
    "character varying": "varchar_pattern_ops",
    "character": "bpchar_pattern_ops",
}

_Keys = tuple[IndexColumn, ...]


def candidates(query: Query, catalog: Catalog, constraints: Constraints) -> tuple[Index, ...]:
    """B-tree indexes that could help, without those that are there already; in an order that depends on the query alone."""
    max_width = constraints.max_width
    found: dict[Index, None] = {}
    for use in table_uses(query, catalog):
        table = catalog.tables[use.table]
        if is_indexable(table):
            for keys in _key_lists(use, table, max_width):
                if len(keys) <= max_width and _fits(keys, table):
                    found[_index(use.table, keys)] = None
    existing = catalog.indexes
    return tuple(index for index in found if not is_served(index, existing))


def is_indexable(table: Table) -> bool:
    """Whether pgtend makes indexes on this relation: a plain table or materialized view of some size that is the user's own."""
    return (
        table.kind in _INDEXABLE and not table.temporary and not table.extension_owned and table.bytes >= SMALLEST_TABLE
    )


def is_served(index: Index, existing: Iterable[ExistingIndex]) -> bool:
    """Whether a valid, whole index begins with the same keys and holds what this one includes."""
    return any(
        each.index is not None
        and each.valid
        and each.ready
        and each.table == index.table_name
        and each.index.method is index.method
        and not each.index.predicate
        and starts_with(each.index, index)
        for each in existing
    )


def starts_with(wider: Index, narrower: Index) -> bool:
    """Whether the first keys of one index are the keys of the other, and hold what the other includes."""
    count = len(narrower.columns)
    stored = {key.column for key in wider.columns} | set(wider.include)
    return tuple(map(explicit, wider.columns[:count])) == tuple(map(explicit, narrower.columns)) and (
        stored >= set(narrower.include)
    )


def explicit(key: IndexColumn) -> IndexColumn:
    """The key with the order of its nulls said, so that equal keys compare as equal."""
    default = NullsOrder.LAST if key.order is SortOrder.ASC else NullsOrder.FIRST
    return IndexColumn(
        column=key.column,
        expression=key.expression,
        order=key.order,
        nulls=key.nulls or default,
        opclass=key.opclass,
        collation=key.collation,
    )


def _key_lists(use: TableUse, table: Table, width: int) -> Iterator[_Keys]:
    """Keys worth a try: what is compared by equality first, the most selective in front, then one range, or the order."""
    equal = sorted(use.equal, key=lambda name: (-_distinct(table, name), name))
    searched = list(dict.fromkeys([*equal, *use.joined, *use.ranged, *use.loose, *use.extreme]))
    for name in [*searched, *use.grouped[:1]]:
        yield _plain((name,))
    heads = [tuple(equal[:length]) for length in range(min(len(equal), width) + 1)]
    for head in heads:
        yield _plain(head)
        for name in (*use.ranged, *use.extreme, *use.joined):
            yield _plain((*head, name))
        for name in use.joined:
            yield _plain((name, *head))
            for other in use.ranged:
                yield _plain((name, *head, other))
        for name in use.prefixed:
            yield (*_plain(head), _pattern_key(table, name))
        if use.sorted:
            yield (*_plain(head), *_sort_keys(use.sorted))
        if use.grouped:
            yield _plain((*head, *use.grouped))
    if 1 < len(use.joined) <= width:
        yield _plain(tuple(use.joined))
    if width >= 2:
        named = list(dict.fromkeys([*searched, *use.grouped, *(key.column for key in use.sorted)]))
        if len(named) <= _MOST_PERMUTED:
            for pair in permutations(named, 2):
                yield _plain(pair)


def _fits(keys: _Keys, table: Table) -> bool:
    """Whether an index of these keys can be made at all, and is narrower than the table."""
    names = [key.column for key in keys]
    columns = [table.columns.get(name) for name in names if name is not None]
    if not columns or len(set(names)) < len(names) or len(columns) == len(table.columns) > 1:
        return False
    return all(
        column is not None and column.btree_opclass and (column.average_width or 0) <= WIDEST_KEY for column in columns
    )


def _index(name: TableName, keys: _Keys) -> Index:
    return Index(schema=name.schema, table=name.table, columns=keys, method=AccessMethod.BTREE)


def _plain(names: Iterable[str]) -> _Keys:
    return tuple(IndexColumn(column=name) for name in names)


def _sort_keys(order: tuple[SortKey, ...]) -> _Keys:
    """Keys that give this order; plain ones where a scan from either end does."""
    if all(key.nulls is None for key in order) and len({key.order for key in order}) == 1:
        return _plain(key.column for key in order)
    return tuple(IndexColumn(column=key.column, order=key.order, nulls=key.nulls) for key in order)


def _pattern_key(table: Table, name: str) -> IndexColumn:
    """A key that serves LIKE 'x%' under any collation."""
    type_ = table.columns[name].type.partition("(")[0]
    return IndexColumn(column=name, opclass=_PATTERN_CLASSES.get(type_))


def _distinct(table: Table, name: str) -> float:
    """Estimated number of distinct values."""
    n_distinct = table.columns[name].n_distinct if name in table.columns else None
    if n_distinct is None:
        return 0.0
    return n_distinct if n_distinct >= 0 else -n_distinct * max(table.rows, 0.0)
