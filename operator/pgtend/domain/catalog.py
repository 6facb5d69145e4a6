"""What the target database is: tables, columns with their statistics, existing indexes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pgtend.domain.contents import Contents
from pgtend.domain.index import Index, TableName

PAGE_BYTES = 8192
"""Of a page of a table or index: BLCKSZ, which packaged servers leave as it is."""


@dataclass(frozen=True, kw_only=True)
class DatabaseIdentity:
    """Which database this is: approvals and histories belong to one identity and do not carry over to another."""

    system_identifier: str
    oid: int
    name: str
    server_version: int
    """server_version_num, for example 150020."""
    standby: bool = False


class RelationKind(StrEnum):
    """Kinds of relations that a query may name."""

    TABLE = "Table"
    PARTITIONED_TABLE = "PartitionedTable"
    PARTITION = "Partition"
    FOREIGN_TABLE = "ForeignTable"
    MATERIALIZED_VIEW = "MaterializedView"
    VIEW = "View"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column with what pg_stats knows of it; statistics are None where the table was never analysed or they are hidden."""

    name: str
    type: str
    """format_type() of the column."""
    not_null: bool = False
    generated: bool = False
    virtual: bool = False
    """Generated when it is read, and stored nowhere: it cannot be indexed (PostgreSQL 18)."""
    enumerated: bool = False
    """Whether its type is an enum."""
    sorts_by_bytes: bool = False
    """Whether its texts are in the order of their bytes, so that a plain index serves LIKE 'x%'; of a value that is no text, whether
    those that are taken from it are."""
    btree_opclass: bool = True
    """Whether the type has a default B-tree operator class."""
    deduplicates: bool = False
    """Whether a B-tree of the default operator class stores equal values once: equal means the same bytes to it."""
    type_length: int = -1
    """Bytes of a value; -1 where they vary (pg_attribute.attlen)."""
    alignment: int = 4
    """Bytes to a multiple of which a value is aligned: 1, 2, 4 or 8."""
    n_distinct: float | None = None
    """As in pg_stats: negative values are the share of rows."""
    null_fraction: float | None = None
    average_width: int | None = None
    """Bytes; of a value that is stored out of line those of its pointer."""
    only_long: bool = False
    """Whether ANALYZE saw values, and none of at most 1,024 bytes: it lists none then."""
    correlation: float | None = None
    """Of the order of values and of rows in the table, -1 to 1."""
    common_frequencies: tuple[float, ...] = ()
    """Share of the rows of each most common value, the largest first; never the values, which are the users' data."""
    contents: Contents | None = None
    """What is inside of its values; read of columns alone whose inside a statement looks for."""


@dataclass(frozen=True, kw_only=True)
class WriteCounters:
    """Rows written to a table since the statistics were reset (pg_stat_all_tables)."""

    inserted: int = 0
    updated: int = 0
    hot_updated: int = 0
    deleted: int = 0


@dataclass(frozen=True, kw_only=True)
class Table:
    """A relation with its size and columns."""

    oid: int
    name: TableName
    kind: RelationKind
    rows: float
    """Rows there are now, as the planner estimates them; of a partitioned table those of its partitions."""
    bytes: int
    """Bytes of the main fork now."""
    columns: Mapping[str, Column]
    counted: bool = True
    """Whether VACUUM or ANALYZE ever counted its rows; where they did not, ``rows`` is a guess from bytes and types."""
    toast_pages: int = 0
    """Pages of long values that are stored out of line, as VACUUM counted them."""
    grown_bytes: int = 0
    """Part of ``bytes`` that has come since its rows were last counted; negative where the table has shrunk."""
    fill_factor: int = 100
    """Percent of a page that INSERT fills."""
    writes: WriteCounters = field(default_factory=WriteCounters)
    rows_scanned: int = 0
    """Rows that sequential scans have read since the statistics were reset (pg_stat_all_tables)."""
    temporary: bool = False
    row_security: bool = False
    """True where row-level security hides the table's statistics from the observer."""
    extension_owned: bool = False
    sampled_rows: int = 30_000
    """Rows that ANALYZE looks at for the statistics, at most."""
    definition: str = ""
    """The query of a view, as Postgres prints it with pg_catalog alone on the search_path; empty for all else."""
    beneath: frozenset[TableName] = frozenset()
    """What is read with it: the relations that a view names, and the partitions or children of a table."""
    distinct_combinations: Mapping[frozenset[str], float] = field(default_factory=dict)
    """How many distinct combinations several columns have, where extended statistics count them."""


@dataclass(frozen=True, kw_only=True)
class ExistingIndex:
    """An index that is in the catalog.

    ``index`` is its typed definition, or None where it uses what pgtend's typed form cannot say (then ``definition`` alone
    tells what it is, and pgtend never drops or rebuilds it).
    """

    oid: int
    name: str
    table: TableName
    definition: str
    """pg_get_indexdef() text, for people to read; empty where somebody held the table exclusively, who would have had to be waited for."""
    index: Index | None
    valid: bool
    ready: bool
    unique: bool
    primary: bool
    constraint: bool
    """Backs a constraint."""
    replica_identity: bool
    partition_attached: bool
    size_bytes: int
    scans: int
    comment: str | None = None
    clustered: bool = False
    """Whether CLUSTER without a name takes the table's order from it."""
    adorned: bool = False
    """Has what one made anew after a drop would lack: storage parameters, a tablespace, statistics targets or a comment of its own, or
    an extension that it belongs to or depends on."""


class ReferentialAction(StrEnum):
    """What becomes of the rows that reference one which is deleted, or whose key changes."""

    NO_ACTION = "NO ACTION"
    RESTRICT = "RESTRICT"
    CASCADE = "CASCADE"
    SET_NULL = "SET NULL"
    SET_DEFAULT = "SET DEFAULT"


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """A foreign key: the columns of ``table``, and the ``referenced`` ones of ``parent`` in the same order."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    parent: TableName
    referenced: tuple[str, ...]
    on_delete: ReferentialAction = ReferentialAction.NO_ACTION
    on_update: ReferentialAction = ReferentialAction.NO_ACTION


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The tables and indexes of one database, seen at one moment."""

    tables: Mapping[TableName, Table]
    indexes: tuple[ExistingIndex, ...]
    search_path: tuple[str, ...] = ("public",)
    """Schemas in which unqualified names are looked up, in order (pg_catalog left out)."""
    extension_functions: frozenset[str] = frozenset()
    """Functions that belong to installed extensions, as schema.name."""
    stats_reset: datetime | None = None
    """When the database's statistics were last reset."""
    foreign_keys: tuple[ForeignKey, ...] = ()
    build_memory: int = 64 * 2**20
    """Bytes that CREATE INDEX may take before it writes what it has (maintenance_work_mem)."""

    def with_beneath(self, names: Iterable[TableName]) -> frozenset[TableName]:
        """These relations and all that is read with them: what views are made of, partitions, children."""
        reached: set[TableName] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += self.tables[name].beneath if name in self.tables else ()
        return frozenset(reached)

    def indexes_of(self, table: TableName) -> tuple[ExistingIndex, ...]:
        """The existing indexes on one table, invalid ones included."""
        return tuple(index for index in self.indexes if index.table == table)
