"""Whether what is there is what was to be built. Pure."""

from __future__ import annotations

from dataclasses import replace

from pgtend.domain.index import AccessMethod, Comparison, Index, IndexColumn, NullsOrder, SortOrder
from pgtend.postgres.catalog_rows import typed_index
from pgtend.postgres.connection import Row


def is_same_index(row: Row, wanted: Index) -> bool:
    """Whether a row of indexes.sql is an index of this definition, its name aside.

    Where the typed form cannot say what an expression or a predicate of the catalog is, only their presence, the columns and
    the method are compared. The name, which holds a hash of the definition, says the rest.
    """
    if (row["schema_name"], row["table_name"]) != (wanted.schema, wanted.table):
        return False
    there = typed_index(row)
    if there is not None or not (wanted.predicate or any(key.expression for key in wanted.columns)):
        return there is not None and _unordered(there) == _unordered(normalize(replace(wanted, name=row["name"])))
    return (
        row["method"] == wanted.method.value
        and row["unique"] == wanted.unique
        and tuple(row["columns"]) == (*(key.column for key in wanted.columns), *wanted.include)
        and row["key_count"] == len(wanted.columns)
        and row["partial"] == bool(wanted.predicate)
    )


def _unordered(index: Index) -> Index:
    """The same index with its conditions in one order; what the planner takes as one type counts as one."""
    predicate = sorted((_plain(each) for each in index.predicate), key=repr)
    return replace(index, predicate=tuple(predicate))


def _plain(comparison: Comparison) -> Comparison:
    constant = comparison.constant
    if constant is None or constant.type not in ("character varying", "varchar"):
        return comparison
    return replace(comparison, constant=replace(constant, type="text"))


def normalize(index: Index) -> Index:
    """The same index without what is said although it is the default."""
    return replace(index, columns=tuple(_normalize_key(key, index.method) for key in index.columns))


def _normalize_key(key: IndexColumn, method: AccessMethod) -> IndexColumn:
    if method is not AccessMethod.BTREE:
        return replace(key, order=SortOrder.ASC, nulls=None)
    default = NullsOrder.FIRST if key.order is SortOrder.DESC else NullsOrder.LAST
    return replace(key, nulls=None) if key.nulls is default else key
