"""Catalogs for tests: a small marketplace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pgtend.domain.advice import Advice
from pgtend.domain.catalog import Catalog, Column, ExistingIndex, RelationKind, Table, WriteCounters
from pgtend.domain.index import Index, IndexColumn, TableName
from pgtend.domain.recommendation import Action

ROWS = 1_000_000.0
LENGTHS = {"bigint": 8, "integer": 4, "smallint": 2, "boolean": 1, "date": 4, "timestamp with time zone": 8, "uuid": 16}


def column(name: str, type_: str = "bigint", n_distinct: float | None = -0.5, width: int = 8) -> Column:
    return Column(
        name=name,
        type=type_,
        type_length=LENGTHS.get(type_, -1),
        btree_opclass=type_ != "json",
        n_distinct=n_distinct,
        average_width=width,
        null_fraction=0.0,
        correlation=0.0,
    )


def table(
    name: str,
    *columns: Column,
    schema: str = "public",
    kind: RelationKind = RelationKind.TABLE,
    rows: float = ROWS,
    bytes_: int | None = None,
    counted: bool = True,
    grown_bytes: int = 0,
    temporary: bool = False,
    extension_owned: bool = False,
    definition: str = "",
    beneath: Sequence[str] = (),
) -> Table:
    return Table(
        oid=1,
        name=TableName(schema=schema, table=name),
        kind=kind,
        rows=rows,
        bytes=int(rows * 100) if bytes_ is None else bytes_,
        columns={each.name: each for each in columns},
        counted=counted,
        grown_bytes=grown_bytes,
        writes=WriteCounters(),
        temporary=temporary,
        extension_owned=extension_owned,
        definition=definition,
        beneath=frozenset(TableName(schema=schema, table=each) for each in beneath),
    )


BOOKINGS = table(
    "bookings",
    column("id", n_distinct=-1.0),
    column("couple_id", n_distinct=250_000.0),
    column("vendor_id", n_distinct=20_000.0),
    column("wedding_date", "date", n_distinct=2_000.0),
    column("status", "text", n_distinct=4.0),
    column("confirmed", "boolean", n_distinct=2.0, width=1),
    column("note", "text", n_distinct=-1.0, width=900),
    column("details", "json", n_distinct=None),
    column("total", "numeric(10,2)"),
)
PAYMENTS = table(
    "payments",
    column("id", n_distinct=-1.0),
    column("booking_id"),
    column("amount", "numeric"),
    column("status", "text", n_distinct=3.0),
    column("created_at", "timestamp with time zone"),
)
SECRETS = table("secrets", column("id"), column("word", "text"), schema="hidden")


def catalog(
    *tables: Table,
    indexes: Sequence[ExistingIndex] = (),
    search_path: tuple[str, ...] = ("public",),
    extension_functions: frozenset[str] = frozenset(),
) -> Catalog:
    """A catalog of these tables; the marketplace when none is given."""
    chosen = tables or (BOOKINGS, PAYMENTS, SECRETS)
    return Catalog(
        tables={each.name: each for each in chosen},
        indexes=tuple(indexes),
        search_path=search_path,
        extension_functions=extension_functions,
    )


def index_on(table_: str, *columns: str, schema: str = "public") -> Index:
    return Index(schema=schema, table=table_, columns=tuple(IndexColumn(column=name) for name in columns))


POSSIBLE = [
    index_on("bookings", "vendor_id"),
    index_on("bookings", "vendor_id", "wedding_date"),
    index_on("bookings", "couple_id"),
    index_on("bookings", "status"),
    index_on("payments", "booking_id"),
    index_on("payments", "booking_id", "created_at"),
    index_on("payments", "created_at"),
]
"""What people of the marketplace may have made."""


def existing(
    index: Index, name: str = "there", *, valid: bool = True, oid: int = 1, unique: bool = False
) -> ExistingIndex:
    return ExistingIndex(
        oid=oid,
        name=name,
        table=index.table_name,
        definition="CREATE INDEX …",
        index=index,
        valid=valid,
        ready=True,
        unique=unique,
        primary=False,
        constraint=False,
        replica_identity=False,
        partition_attached=False,
        size_bytes=1_000_000,
        scans=0,
    )


def needed(index: ExistingIndex) -> dict[str, ExistingIndex]:
    """The index as something besides plans needs it, or as it would not come back, by what that is."""
    return {
        "unique": replace(index, unique=True),
        "primary": replace(index, primary=True),
        "constraint": replace(index, constraint=True),
        "replica identity": replace(index, replica_identity=True),
        "attached": replace(index, partition_attached=True),
        "clustered": replace(index, clustered=True),
        "adorned": replace(index, adorned=True),
    }


def followed(of: Catalog, advice: Advice) -> Catalog:
    """The catalog once the advice is followed."""
    gone = {change.index.name for change in advice.changes if change.action is Action.DROP}
    made = [change for change in advice.changes if change.action is Action.CREATE]
    kept = [each for each in of.indexes if each.name not in gone]
    new = [
        replace(existing(change.index, f"made_{oid}", oid=oid), size_bytes=change.evidence.size_bytes)
        for oid, change in enumerate(made, 1000)
    ]
    return replace(of, indexes=(*kept, *new))
