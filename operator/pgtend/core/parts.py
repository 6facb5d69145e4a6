"""Tables that consist of others: partitions of a partitioned table, children by inheritance. Indexes are made on each of them.

CREATE INDEX CONCURRENTLY is refused on a partitioned table, so that pgtend makes indexes on single partitions. How an index
of the whole comes about without a lock, for those that are there and those to come, is told in ``advise_on_parts``.
"""

from __future__ import annotations

from collections.abc import Iterable

from pgtend.domain.catalog import PAGE_BYTES, Catalog, RelationKind, Table
from pgtend.domain.workload import WeightedQuery

SMALLEST_TABLE = 10 * PAGE_BYTES
"""Bytes: what is smaller is read as a whole just as fast."""
MOST_PARTS = 8
"""Partitions or children of one table that indexes are thought of for: each one costs plans."""
_INDEXABLE = frozenset({RelationKind.TABLE, RelationKind.PARTITION, RelationKind.MATERIALIZED_VIEW})


def is_indexable(table: Table) -> bool:
    """Whether pgtend makes indexes on this relation: a plain table or materialized view of some size that is the user's own."""
    return is_orderable(table) and table.bytes >= SMALLEST_TABLE


def is_orderable(table: Table) -> bool:
    """Whether an index may be made on this relation for its order alone, however small it is.

    Postgres sorts no table below a join for the sake of a LIMIT above it: only an index gives that order, and with it a plan
    that ends after a few rows.
    """
    return table.kind in _INDEXABLE and not table.temporary and not table.extension_owned


def parts_in_use(table: Table, catalog: Catalog) -> tuple[Table, ...]:
    """The partitions or children of a table, also those of partitions, for which an index is thought of.

    First those of which sequential scans read the most rows, which an index would spare; then the largest. The partition that is being
    filled may be the one that everybody asks for, and the smallest.
    """
    return tuple(_parts(table, catalog)[:MOST_PARTS])


def advise_on_parts(queries: Iterable[WeightedQuery], catalog: Catalog) -> tuple[str, ...]:
    """A sentence on each partitioned table of the workload that has more partitions than are looked at."""
    named = frozenset().union(*(query.query.relations for query in queries))
    sentences = []
    for name in sorted(named, key=str):
        table = catalog.tables.get(name)
        count = len(_parts(table, catalog)) if table and table.kind is RelationKind.PARTITIONED_TABLE else 0
        if count > MOST_PARTS:
            sentences.append(
                f"{name} has {count} partitions of some size; indexes were thought of for the {MOST_PARTS} of which sequential scans "
                "read the most, then the largest. To have one on all of them and those to come: build it on each partition with "
                f"CREATE INDEX CONCURRENTLY, then CREATE INDEX ON ONLY {name}, then ALTER INDEX … ATTACH PARTITION for each."
            )
    return tuple(sentences)


def _parts(table: Table, catalog: Catalog) -> list[Table]:
    if table.kind is RelationKind.VIEW or not table.beneath:
        return []
    names = catalog.with_beneath(table.beneath)
    parts = [part for name in names if (part := catalog.tables.get(name)) is not None and is_indexable(part)]
    return sorted(parts, key=lambda part: (-part.rows_scanned, -part.bytes, str(part.name)))
