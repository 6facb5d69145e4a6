"""Turn catalog rows into the domain's tables and typed indexes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pgtend.core.sizing.rows import planned_rows
from pgtend.domain.catalog import (
    PAGE_BYTES,
    Column,
    ExistingIndex,
    ForeignKey,
    ReferentialAction,
    RelationKind,
    Table,
    WriteCounters,
)
from pgtend.domain.index import AccessMethod, Index, IndexColumn, NullsOrder, SortOrder, TableName
from pgtend.postgres.connection import Row
from pgtend.postgres.index_texts import expression_from, predicate_from

_KINDS = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED_TABLE,
    "f": RelationKind.FOREIGN_TABLE,
    "m": RelationKind.MATERIALIZED_VIEW,
    "v": RelationKind.VIEW,
}
_ACTIONS = {  # src/include/nodes/parsenodes.h
    "a": ReferentialAction.NO_ACTION,
    "r": ReferentialAction.RESTRICT,
    "c": ReferentialAction.CASCADE,
    "n": ReferentialAction.SET_NULL,
    "d": ReferentialAction.SET_DEFAULT,
}
_NO_SIZES: Mapping[int, int] = {}
_METHODS = {method.value: method for method in AccessMethod}

# Bits of pg_index.indoption: src/include/catalog/pg_index.h.
_DESCENDING = 1
_NULLS_FIRST = 2


def tables_from(
    table_rows: Iterable[Row],
    column_rows: Iterable[Row],
    combination_rows: Iterable[Row] = (),
    view_rows: Iterable[Row] = (),
    sizes: Mapping[int, int] = _NO_SIZES,
) -> Mapping[TableName, Table]:
    """The tables by name, with their columns in order. ``sizes`` are bytes now by OID, where they are known."""
    columns: dict[int, dict[str, Column]] = {}
    for row in column_rows:
        columns.setdefault(row["table_oid"], {})[row["name"]] = _column(row)
    combinations: dict[int, dict[frozenset[str], float]] = {}
    for row in combination_rows:
        combinations.setdefault(row["table_oid"], {})[frozenset(row["columns"])] = row["n_distinct"]
    views = {row["oid"]: row["definition"] for row in view_rows}
    rows = [row | {"definition": views.get(row["oid"])} for row in table_rows]
    names = {row["oid"]: TableName(schema=row["schema_name"], table=row["table_name"]) for row in rows}
    tables = (
        _table(row, columns.get(row["oid"], {}), combinations.get(row["oid"], {}), names, sizes.get(row["oid"]))
        for row in rows
    )
    found = {table.name: table for table in tables}
    return {name: _with_rows_of_partitions(table, found) for name, table in found.items()}


def existing_index_from(row: Row, sizes: Mapping[int, int] = _NO_SIZES) -> ExistingIndex:
    """One index, typed where the typed form can say what it is. ``sizes`` are bytes now by OID, where they are known."""
    return ExistingIndex(
        oid=row["oid"],
        name=row["name"],
        table=TableName(schema=row["schema_name"], table=row["table_name"]),
        definition=row["definition"] or "",
        index=typed_index(row),
        valid=row["valid"],
        ready=row["ready"],
        unique=row["unique"],
        primary=row["primary"],
        constraint=row["constraint"],
        replica_identity=row["replica_identity"],
        clustered=row["clustered"],
        partition_attached=row["partition_attached"],
        adorned=row["adorned"],
        size_bytes=sizes.get(row["oid"], row["size_bytes"]),
        scans=row["scans"],
        comment=row["comment"],
    )


def foreign_key_from(row: Row) -> ForeignKey:
    """The foreign key of a row of foreign_keys.sql."""
    return ForeignKey(
        name=row["name"],
        table=TableName(schema=row["child_schema"], table=row["child_table"]),
        columns=tuple(row["columns"]),
        parent=TableName(schema=row["parent_schema"], table=row["parent_table"]),
        referenced=tuple(row["referenced"]),
        on_delete=_ACTIONS[row["on_delete"]],
        on_update=_ACTIONS[row["on_update"]],
    )


def typed_index(row: Row) -> Index | None:
    """The typed form of a row of indexes.sql, or None where it cannot say what the index is."""
    method = _METHODS.get(row["method"])
    if method is None or row["special"] or (row["partial"] and row["definition"] is None):
        return None
    qualified = [name for name in (*row["opclasses"], *row["collations"]) if name is not None]
    if any(name.count(".") > 1 for name in qualified):  # a dot in a name of its own cannot be told from the separator
        return None
    count = row["key_count"]
    keys = [key for number in range(count) if (key := _key(row, number, method)) is not None]
    predicate = predicate_from(row["definition"], row["column_types"]) if row["partial"] else ()
    include = row["columns"][count:]
    if len(keys) < count or predicate is None or None in include:
        return None
    return Index(
        schema=row["schema_name"],
        table=row["table_name"],
        columns=tuple(keys),
        method=method,
        include=tuple(include),
        predicate=predicate,
        unique=row["unique"],
        name=row["name"],
    )


def split_search_path(setting: str, role: str) -> tuple[str, ...]:
    """The schemas of a search_path setting, in order, "$user" being the role; pg_catalog is searched anyway and left out.

    Names are separated by commas; unquoted ones are folded to lower case, quoted ones taken as they are with "" for a quote.
    """
    names: list[str] = []
    name = ""
    quoted = was_quoted = False
    for sign in [*setting, ","]:
        if sign == '"':
            if not quoted and was_quoted:
                name += '"'
            quoted = not quoted
            was_quoted = True
        elif quoted:
            name += sign
        elif sign == ",":
            names.append(name if was_quoted else name.strip().lower())
            name, was_quoted = "", False
        elif not (was_quoted and sign.isspace()) and (name or not sign.isspace()):
            name += sign
    resolved = (role if each == "$user" else each for each in names)
    return tuple(each for each in resolved if each and each != "pg_catalog")


def effective_search_path(row: Row) -> tuple[str, ...]:
    """The search_path that a row of search_paths.sql amounts to."""
    candidates: Sequence[str | None] = (row["role_in_database"], row["role"], row["database"], row["server"])
    setting = next((value for value in candidates if value is not None), '"$user", public')
    return split_search_path(setting, row["name"])


def _table(
    row: Row,
    columns: Mapping[str, Column],
    combinations: Mapping[frozenset[str], float],
    names: Mapping[int, TableName],
    bytes_now: int | None,
) -> Table:
    kind = _KINDS[row["kind"]]
    if kind is RelationKind.TABLE and row["partition"]:
        kind = RelationKind.PARTITION
    counted_bytes = PAGE_BYTES * row["counted_pages"]
    bytes_ = counted_bytes if bytes_now is None else bytes_now
    return Table(
        oid=row["oid"],
        name=TableName(schema=row["schema_name"], table=row["table_name"]),
        kind=kind,
        rows=planned_rows(row["counted_rows"], row["counted_pages"], bytes_ // PAGE_BYTES, columns.values()),
        bytes=bytes_,
        columns=columns,
        counted=row["counted_rows"] >= 0 and (counted_bytes > 0 or bytes_ == 0),
        grown_bytes=bytes_ - counted_bytes,
        toast_pages=row["toast_pages"],
        fill_factor=row["fill_factor"],
        writes=WriteCounters(
            inserted=row["inserted"],
            updated=row["updated"],
            hot_updated=row["hot_updated"],
            deleted=row["deleted"],
        ),
        rows_scanned=row["rows_scanned"],
        temporary=row["temporary"],
        row_security=row["row_security"],
        extension_owned=row["extension_owned"],
        sampled_rows=row["sampled_rows"] or 0,
        distinct_combinations=combinations,
        definition=row["definition"] or "",
        beneath=frozenset(names[oid] for oid in row["beneath"] if oid in names),
    )


def _with_rows_of_partitions(table: Table, tables: Mapping[TableName, Table]) -> Table:
    """A partitioned table has the rows of its partitions: autovacuum counts them there alone."""
    if table.kind is not RelationKind.PARTITIONED_TABLE:
        return table
    reached = {table.name}
    waiting = [table]
    rows, counted = 0.0, True
    while waiting:
        for name in waiting.pop().beneath - reached:
            part = tables.get(name)
            if part is None:
                continue
            reached.add(name)
            if part.kind is RelationKind.PARTITIONED_TABLE:
                waiting.append(part)
            else:
                rows += part.rows
                counted = counted and part.counted
    return replace(table, rows=rows, counted=counted, grown_bytes=0)


def _column(row: Row) -> Column:
    return Column(
        name=row["name"],
        type=row["type"],
        not_null=row["not_null"],
        generated=row["generated"],
        virtual=row["virtual"],
        enumerated=row["enumerated"],
        sorts_by_bytes=row["sorts_by_bytes"],
        btree_opclass=row["btree_opclass"],
        deduplicates=row["deduplicates"],
        type_length=row["type_length"],
        alignment=row["alignment"],
        n_distinct=row["n_distinct"],
        null_fraction=row["null_fraction"],
        average_width=row["average_width"],
        only_long=row["only_long"],
        correlation=row["correlation"],
        common_frequencies=tuple(row["common_frequencies"]),
    )


def _key(row: Row, number: int, method: AccessMethod) -> IndexColumn | None:
    order, nulls = SortOrder.ASC, None
    if method is AccessMethod.BTREE:  # the only one that sorts
        option = row["options"][number]
        first = bool(option & _NULLS_FIRST)
        if option & _DESCENDING:
            order = SortOrder.DESC
            nulls = None if first else NullsOrder.LAST
        elif first:
            nulls = NullsOrder.FIRST
    column, text = row["columns"][number], row["expressions"][number]
    expression = None if text is None else expression_from(text, row["column_types"])
    if column is None and expression is None:
        return None
    return IndexColumn(
        column=column,
        expression=expression,
        order=order,
        nulls=nulls,
        opclass=row["opclasses"][number],
        collation=row["collations"][number],
    )
