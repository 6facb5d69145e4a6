"""What keeping an index up to date costs, in the planner's units, over the time that the workload was observed.

Each row that is inserted, or updated without HOT, puts one entry into every B-tree of its table: a descent, at 50 times
cpu_operator_cost for each page passed (DEFAULT_PAGE_CPU_MULTIPLIER in selfuncs.c), one cpu_index_tuple_cost, and one page
written at seq_page_cost. Deletes leave index entries to VACUUM, which reads the index as a whole whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterable
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


def upkeep_of(index: Index, catalog: Catalog, writes: dict[TableName, float]) -> float:
    """Cost of keeping one index up to date under so many entries written to its table."""
    table = catalog.tables[index.table_name]
    return writes.get(index.table_name, 0.0) * _cost_of_entry(table)


def entries_written(queries: Iterable[WeightedQuery], catalog: Catalog) -> dict[TableName, float]:
    """Index entries that the workload's writes make in any index of each table.

    Rows are the observed ones; of a workload from files one a run. A statement that also reads other tables counts on all of
    them, which makes the estimate rather too high.
    """
    entries: dict[TableName, float] = {}
    for weighted in queries:
        if weighted.query.kind not in (StatementKind.INSERT, StatementKind.UPDATE, StatementKind.MERGE):
            continue
        rows = float(weighted.load.rows) if weighted.load else weighted.weight
        for name in weighted.query.relations & catalog.tables.keys():
            share = 1.0 if weighted.query.kind is StatementKind.INSERT else _share_without_hot(catalog.tables[name])
            entries[name] = entries.get(name, 0.0) + rows * share
    return entries


def _share_without_hot(table: Table) -> float:
    updated = table.writes.updated
    return 1.0 - table.writes.hot_updated / updated if updated > 0 else 1.0


def _cost_of_entry(table: Table) -> float:
    height = ceil(log(max(table.rows, 2.0), ENTRIES_A_PAGE))
    return SEQ_PAGE_COST + CPU_INDEX_TUPLE_COST + PAGE_MULTIPLIER * CPU_OPERATOR_COST * (height + 1)
