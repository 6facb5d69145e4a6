"""Variants of the main keys of a use: with further columns stored beside, on a part of the rows only, by ranges of blocks.

They are few on purpose, at most two of each kind for a use of a table: every candidate costs plans.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.key_lists import Keys, fits, main_lists, plain
from pgtend.core.sql.usage import TableUse
from pgtend.core.states import has_few_values
from pgtend.core.stored_width import never_too_wide
from pgtend.domain.catalog import Column, Table
from pgtend.domain.index import AccessMethod, Comparison, ComparisonOperator, Index, IndexColumn

MOST_INCLUDED = 4
"""Columns stored beside the keys."""
_NARROW_SHARE = 0.5
"""Of the bytes of a row, what keys and stored columns may have together: a wider index is no cheaper to read than the table."""
_MANY_ROWS = 50.0
"""Rows of one lookup from which on it pays not to visit the table for each."""
_MOST_CONDITIONS = 2
_SMALL_SHARE = 0.5
"""Of the rows, what a partial index may hold at most where that is known."""
_STATE_TYPES = frozenset({"text", "character varying", "character", "boolean", "smallint", "integer"})
_LARGE = 100_000_000
"""Bytes of a table for which an index by ranges of blocks is thought of."""
_CORRELATED = 0.9


def covering(use: TableUse, table: Table, width: int) -> Iterator[Index]:
    """Indexes that hold all that the query reads of the table, where that is little and many rows are visited.

    What is only read is stored where its type limits it to what a B-tree takes: for a faster read no write may fail.
    """
    if use.whole or not use.read or any(name not in table.columns for name in use.read):
        return
    for keys in main_lists(use, table, width):
        names = {key.column for key in keys}
        if None in names:  # an index-only scan does not see that an expression needs its columns no more
            continue
        beside = tuple(sorted(name for name in use.read if name not in names))
        bytes_ = sum(_width(table.columns[name]) for name in (*beside, *(key.column or "" for key in keys)))
        is_narrow = 0 < len(beside) <= MOST_INCLUDED and bytes_ <= _NARROW_SHARE * _row(table)
        stored = [table.columns[name] for name in beside]
        if any(column.virtual for column in stored) or not never_too_wide(stored):
            continue
        if not is_narrow or not _visits_many(use, table):
            continue
        longer = (*keys, *plain(beside))
        if len(longer) <= width and fits(longer, table):
            yield _on(
                table, longer
            )  # as keys they serve more, and equal entries are stored once, which INCLUDE prevents
        else:
            yield _on(table, keys, include=beside)


def partial(use: TableUse, table: Table, width: int) -> Iterator[Index]:
    """Indexes on the rows for which the query's own conditions hold, where these are known to hold for every row wanted."""
    conditions = sorted((each for each in use.conditions if _is_state(each, table)), key=repr)[:_MOST_CONDITIONS]
    if not conditions:
        return
    taken = {each.column for each in conditions}
    lists = main_lists(use, table, width, without=taken) or ((IndexColumn(column=conditions[0].column),),)
    for keys in lists:
        yield _on(table, keys, predicate=tuple(conditions))


def by_ranges(use: TableUse, table: Table) -> Iterator[Index]:
    """BRIN on columns that grow with the table, as times of arrival do."""
    if table.bytes < _LARGE:
        return
    for name in use.ranged:
        column = table.columns.get(name) if isinstance(name, str) else None
        if column is not None and abs(column.correlation or 0.0) >= _CORRELATED and column.btree_opclass:
            yield _on(table, (IndexColumn(column=column.name),), method=AccessMethod.BRIN)


def _on(
    table: Table,
    keys: Keys,
    *,
    include: tuple[str, ...] = (),
    predicate: tuple[Comparison, ...] = (),
    method: AccessMethod = AccessMethod.BTREE,
) -> Index:
    name = table.name
    return Index(
        schema=name.schema, table=name.table, columns=keys, include=include, predicate=predicate, method=method
    )


def _is_state(comparison: Comparison, table: Table) -> bool:
    """Whether a condition is worth a predicate: of a few values, or a test that most rows do not pass."""
    column = table.columns.get(comparison.column)
    if column is None or column.virtual:
        return False
    nulls = column.null_fraction
    if comparison.operator is ComparisonOperator.IS_NULL:
        return nulls is not None and 0 < nulls <= _SMALL_SHARE
    if comparison.operator is ComparisonOperator.IS_NOT_NULL:
        return nulls is not None and 1 - nulls <= _SMALL_SHARE
    if comparison.operator not in (ComparisonOperator.EQ, ComparisonOperator.NE) or comparison.constant is None:
        return False
    if column.enumerated:
        return has_few_values(column) and comparison.constant.type == column.type
    return (
        has_few_values(column)
        and column.type.partition("(")[0] in _STATE_TYPES
        and comparison.constant.type in _STATE_TYPES
    )


def _visits_many(use: TableUse, table: Table) -> bool:
    """Whether the rows that a use finds are so many that not to visit the table for each would show."""
    if use.joined:  # a lookup for each row of another table
        return True
    columns = [table.columns.get(key) for key in use.equal if isinstance(key, str)]
    counts = [column.n_distinct for column in columns if column is not None and column.n_distinct]
    if not use.equal or not counts:
        return bool(use.ranged or use.orders or use.grouped)
    distinct = max(each if each > 0 else -each * table.rows for each in counts)
    return table.rows / max(distinct, 1.0) >= _MANY_ROWS


def _row(table: Table) -> float:
    return table.bytes / table.rows if table.rows > 0 else 0.0


def _width(column: Column) -> float:
    return column.average_width if column.average_width is not None else 16.0
