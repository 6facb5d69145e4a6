"""What keeping an index up to date costs, in the planner's units, over the time that the workload was observed.

Each row that is inserted, or updated without HOT, puts one entry into every B-tree of its table: a descent, one
cpu_index_tuple_cost, and one page written at seq_page_cost. Deletes leave index entries to VACUUM, which reads the index
as a whole whatever it holds. An update of a column that an index holds cannot be HOT: it makes entries in this index, and
in all the others, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pgtend.core.btree_costs import CPU_INDEX_TUPLE_COST, SEQ_PAGE_COST, descent_cost
from pgtend.domain.catalog import Catalog, RelationKind, Table, WriteCounters
from pgtend.domain.index import Index, TableName
from pgtend.domain.workload import Query, StatementKind, Workload

_SHORTEST_HOURS = 1.0
"""Of counting, from which on a rate is made of it for longer."""


@dataclass(frozen=True, kw_only=True)
class Write:
    """Rows that are inserted or updated in one table."""

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
    return entries * (descent_cost(table.rows) + CPU_INDEX_TUPLE_COST + SEQ_PAGE_COST)


def upkeep_of_surplus(index: Index, catalog: Catalog, writes: Writes) -> float:
    """What is saved where an index goes that another one stands in for.

    Entries alone: what the other one holds goes on keeping the same updates from being HOT.
    """
    return upkeep_of(index, replace(catalog, indexes=()), writes)


def writes_of(workload: Workload, catalog: Catalog) -> dict[TableName, list[Write]]:
    """What is written to each table while the workload runs: by its statements, and what the tables have counted beyond these.

    Rows of statements are the observed ones; of a workload from files one a run. Where it is not known which of its tables a
    statement writes to, it counts on all of them, which makes the estimate rather too high. Rows that a table has counted and
    no statement accounts for come by COPY, triggers, foreign keys that cascade, functions, and statements that were left out;
    they are inserted and updated in the proportion of the table's counters. Totals are compared, not inserts with inserts:
    INSERT … ON CONFLICT and MERGE do both.
    """
    writes: dict[TableName, list[Write]] = {}
    accounted: dict[TableName, float] = {}
    for weighted in (*workload.queries, *workload.unplanned):
        query = weighted.query
        if query.kind is StatementKind.SELECT:
            continue
        rows = float(weighted.load.rows) if weighted.load else weighted.weight
        for name, share in _receivers(query, catalog):
            accounted[name] = accounted.get(name, 0.0) + rows * share
            if query.kind is not StatementKind.DELETE:
                updates = query.kind is not StatementKind.INSERT
                write = Write(rows=rows * share, updates=updates, assigned=query.assigned)
                writes.setdefault(name, []).append(write)
    for name, counted in workload.rows_written.items():
        beyond = counted - accounted.get(name, 0.0)
        if beyond > 0 and name in catalog.tables:
            writes.setdefault(name, []).extend(_by_proportion(beyond, catalog.tables[name].writes))
    return writes


def rows_counted(catalog: Catalog, at: datetime, hours: float) -> dict[TableName, float]:
    """Rows written to each table in as many hours, at the rate since the database's statistics were reset.

    Nothing where no reset is known (PostgreSQL 15 and later say so of a database that never had one: its counters hold the rows
    that made its tables), or where it was a short time ago.
    """
    if catalog.stats_reset is None:
        return {}
    since = (at - catalog.stats_reset).total_seconds() / 3600
    if since < min(hours, _SHORTEST_HOURS) or since <= 0:
        return {}
    return {
        name: _total(table.writes) * hours / since for name, table in catalog.tables.items() if _total(table.writes)
    }


def _receivers(query: Query, catalog: Catalog) -> Iterator[tuple[TableName, float]]:
    """The tables that a statement's rows go to, each with its share of them."""
    for name in query.relations if query.target is None else (query.target,):
        yield from _spread(name, query.kind, catalog)


def _spread(name: TableName, kind: StatementKind, catalog: Catalog) -> Iterator[tuple[TableName, float]]:
    """A row goes to one partition: as often to each as the partitions' counters say, equally often where they say nothing."""
    table = catalog.tables.get(name)
    if table is None:
        return
    if table.kind is RelationKind.VIEW:
        for beneath in sorted(table.beneath, key=str):
            yield from _spread(beneath, kind, catalog)
        return
    if kind is StatementKind.INSERT and table.kind is not RelationKind.PARTITIONED_TABLE:
        yield name, 1.0  # children by inheritance get none of it
        return
    there = [catalog.tables[each] for each in sorted(catalog.with_beneath({name}), key=str) if each in catalog.tables]
    parts = [part for part in there if part.kind is not RelationKind.PARTITIONED_TABLE]
    counts = [_written(part.writes, kind) for part in parts]
    total = sum(counts)
    for part, count in zip(parts, counts, strict=True):
        yield part.name, count / total if total else 1 / len(parts)


def _written(writes: WriteCounters, kind: StatementKind) -> int:
    match kind:
        case StatementKind.INSERT:
            return writes.inserted
        case StatementKind.UPDATE:
            return writes.updated
        case StatementKind.DELETE:
            return writes.deleted
    return _total(writes)


def _by_proportion(rows: float, writes: WriteCounters) -> Iterator[Write]:
    total = _total(writes)
    if total > 0:
        yield Write(rows=rows * writes.inserted / total, updates=False)
        yield Write(rows=rows * writes.updated / total, updates=True)


def _total(writes: WriteCounters) -> int:
    return writes.inserted + writes.updated + writes.deleted


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
