"""Which indexes could help a query: from how it uses its columns to index definitions. The planner judges them afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pgtend.core.key_lists import fits, key_lists, main_lists, sort_keys
from pgtend.core.parts import is_indexable, is_orderable, parts_in_use
from pgtend.core.sql.usage import TableUse, table_uses
from pgtend.core.variants import by_ranges, covering, partial
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, ExistingIndex, Table
from pgtend.domain.index import Index, IndexColumn, NullsOrder, SortOrder
from pgtend.domain.workload import Query


def candidates(query: Query, catalog: Catalog, constraints: Constraints) -> tuple[Index, ...]:
    """Indexes that a planner can be shown and that could help, without those that are there already.

    Nor those that begin with the same key as one that is not wanted: next to that they would be the same advice again.

    Their order depends on the query and the statistics alone.
    """
    return candidates_of(table_uses(query, catalog), query, catalog, constraints)


def candidates_of(
    uses: Sequence[TableUse], query: Query, catalog: Catalog, constraints: Constraints
) -> tuple[Index, ...]:
    """The same of a query whose uses of tables are known."""
    found: dict[Index, None] = {}
    for use in uses:
        table = catalog.tables[use.table]
        if is_indexable(table):
            found |= dict.fromkeys(_of_use(use, table, constraints))
        elif is_orderable(table) and len(query.relations) > 1:
            found |= dict.fromkeys(_of_order(use, table, constraints))
        for part in parts_in_use(table, catalog):
            found |= dict.fromkeys(_of_part(use, part, constraints))
    unwanted = {(index.table_name, index.columns[0]) for index in constraints.unwanted}
    return tuple(
        index
        for index in found
        if (index.table_name, index.columns[0]) not in unwanted
        and not is_served(index, _that_may_serve(index, catalog, constraints))
    )


def _that_may_serve(index: Index, catalog: Catalog, constraints: Constraints) -> Iterator[ExistingIndex]:
    for each in catalog.indexes_of(index.table_name):
        is_wider = each.index is not None and len(each.index.columns) > len(index.columns)
        if not (constraints.beside_wider and is_wider):
            yield each


def _of_part(use: TableUse, part: Table, constraints: Constraints) -> Iterator[Index]:
    """Of a partition or child no more than the main keys: every one of them costs plans."""
    name = part.name
    for keys in main_lists(use, part, constraints.max_width):
        simple = all(key.expression is None for key in keys)
        if fits(keys, part) and (simple or not constraints.plain_only):
            yield Index(schema=name.schema, table=name.table, columns=keys)


def _of_use(use: TableUse, table: Table, constraints: Constraints) -> Iterator[Index]:
    width, name = constraints.max_width, table.name
    for keys in key_lists(use, table, width):
        simple = all(key.expression is None for key in keys)
        if len(keys) <= width and fits(keys, table) and (simple or not constraints.plain_only):
            yield Index(schema=name.schema, table=name.table, columns=keys)
    if constraints.plain_only:
        return
    for index in (*covering(use, table, width), *partial(use, table, width)):
        if fits(index.columns, table):
            yield index
    yield from by_ranges(use, table)


def _of_order(use: TableUse, table: Table, constraints: Constraints) -> Iterator[Index]:
    for order in use.orders:
        keys = sort_keys(order)
        simple = all(key.expression is None for key in keys)
        if len(keys) <= constraints.max_width and fits(keys, table) and (simple or not constraints.plain_only):
            yield Index(schema=table.name.schema, table=table.name.table, columns=keys)


def is_served(index: Index, existing: Iterable[ExistingIndex]) -> bool:
    """Whether a valid index holds the same rows, begins with the same keys and stores what this one includes.

    One that holds more rows can be searched for the same, but what a predicate leaves out it has to read.
    """
    return any(
        each.index is not None
        and each.valid
        and each.ready
        and each.table == index.table_name
        and set(each.index.predicate) == set(index.predicate)
        and starts_with(each.index, index)
        for each in existing
    )


def starts_with(wider: Index, narrower: Index) -> bool:
    """Whether one index can stand in for the other: on its table, at least its rows, its keys first, and what it includes stored."""
    count = len(narrower.columns)
    stored = {key.column for key in wider.columns} | set(wider.include)
    return (
        wider.table_name == narrower.table_name
        and wider.method is narrower.method
        and set(wider.predicate) <= set(narrower.predicate)
        and tuple(map(explicit, wider.columns[:count])) == tuple(map(explicit, narrower.columns))
        and stored >= set(narrower.include)
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
