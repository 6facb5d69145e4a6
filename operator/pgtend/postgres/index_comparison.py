"""Whether what is there is what was to be built. Pure."""

from __future__ import annotations

from dataclasses import replace

from pgtend.domain.index import AccessMethod, Index, IndexColumn, NullsOrder, SortOrder
from pgtend.postgres.catalog_rows import typed_index
from pgtend.postgres.connection import Row


def is_same_index(row: Row, wanted: Index) -> bool:
    """Whether a row of indexes.sql is an index of this definition, its name aside.

    Expressions and predicates come out of the catalog as text that Postgres has rewritten; of those only the presence,
    the columns and the method are compared. The name, which holds a hash of the definition, says the rest.
    """
    if (row["schema_name"], row["table_name"]) != (wanted.schema, wanted.table):
        return False
    if not wanted.predicate and all(key.expression is None for key in wanted.columns):
        return typed_index(row) == normalize(replace(wanted, name=row["name"]))
    return (
        row["method"] == wanted.method.value
        and row["unique"] == wanted.unique
        and tuple(row["columns"]) == (*(key.column for key in wanted.columns), *wanted.include)
        and row["key_count"] == len(wanted.columns)
        and row["partial"] == bool(wanted.predicate)
    )


def normalize(index: Index) -> Index:
    """The same index without what is said although it is the default."""
    return replace(index, columns=tuple(_normalize_key(key, index.method) for key in index.columns))


def _normalize_key(key: IndexColumn, method: AccessMethod) -> IndexColumn:
    if method is not AccessMethod.BTREE:
        return replace(key, order=SortOrder.ASC, nulls=None)
    default = NullsOrder.FIRST if key.order is SortOrder.DESC else NullsOrder.LAST
    return replace(key, nulls=None) if key.nulls is default else key
