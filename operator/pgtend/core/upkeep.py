"""What keeping an index up to date costs, in the planner's units, over the time that the workload was observed.

Each row that is inserted, or updated without HOT, puts one entry into every B-tree of its table: a descent, at 50 times
cpu_operator_cost for each page passed (DEFAULT_PAGE_CPU_MULTIPLIER in selfuncs.c), one cpu_index_tuple_cost, and one page
written at seq_page_cost. Deletes leave index entries to VACUUM, which reads the index as a whole whatever it holds.
An update of a column that an index holds cannot be HOT: it makes entries in this index, and in all the others, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log

from pgtend.domain.catalog import Catalog, Table
from pgtend.domain.index import Index, TableName
from pgtend.domain.workload import StatementKind, WeightedQuery

CPU_OPERATOR_COST = 0.0025
CPU_INDEX_TUPLE_COST = 0.005
SEQ_PAGE_COST = 1.0
PAGE_MULTIPLIER = 50
ENTRIES_A_PAGE = 200.0
"""Entries of a B-tree page, roughly; only the height of the tree hangs on it."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """Rows that a statement of the workload inserts or updates in one table."""

    rows: float
    updates: bool
    assigned: frozenset[str] = frozenset()
    """Columns that an UPDATE sets; empty where that is not known."""


Writes = Mapping[TableName, Sequence[Write]]


def upkeep_of(index: Index, catalog: Catalog, writes: Writes) -> float:
    """Cost of keeping one index up to date under these writes, and of the HOT updates that end with it."""
    table = catalog.tables[index.table_name]
    others = sum(each.valid for each in catalog.indexes_of(index.table_name))
    entries = sum(_entries(write, index, table, others) for write in writes.get(index.table_name, ()))
    return entries * _cost_of_entry(table)


def writes_of(queries: Iterable[WeightedQuery], catalog: Catalog) -> dict[TableName, list[Write]]:
    """What the workload writes to each table.

    Rows are the observed ones; of a workload from files one a run. Where it is not known which of its tables a statement
    writes to, it counts on all of them, which makes the estimate rather too high.
    """
    writes: dict[TableName, list[Write]] = {}
    for weighted in queries:
        query = weighted.query
        if query.kind not in (StatementKind.INSERT, StatementKind.UPDATE, StatementKind.MERGE):
            continue
        rows = float(weighted.load.rows) if weighted.load else weighted.weight
        updates = query.kind is not StatementKind.INSERT
        targets = query.relations if query.target is None else catalog.with_beneath(frozenset({query.target}))
        for name in targets & catalog.tables.keys():
            writes.setdefault(name, []).append(Write(rows=rows, updates=updates, assigned=query.assigned))
    return writes


def _entries(write: Write, index: Index, table: Table, others: int) -> float:
    """Entries made in this index, and in the others where an update is HOT no more because this index holds what it sets.

    https://www.postgresql.org/docs/current/storage-hot.html
    """
    if not write.updates:
        return write.rows
    without_hot = _share_without_hot(table)
    if write.assigned & _columns_of(index):
        return write.rows * (1.0 + (1.0 - without_hot) * others)
    return write.rows * without_hot


def _columns_of(index: Index) -> frozenset[str]:
    keys = (name for key in index.columns for name in key.names)
    return frozenset((*keys, *index.include, *(each.column for each in index.predicate)))


def _share_without_hot(table: Table) -> float:
    updated = table.writes.updated
    return 1.0 - table.writes.hot_updated / updated if updated > 0 else 1.0


def _cost_of_entry(table: Table) -> float:
    height = ceil(log(max(table.rows, 2.0), ENTRIES_A_PAGE))
    return SEQ_PAGE_COST + CPU_INDEX_TUPLE_COST + PAGE_MULTIPLIER * CPU_OPERATOR_COST * (height + 1)
