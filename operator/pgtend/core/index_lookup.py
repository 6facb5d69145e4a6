"""Indexes of the catalog by their name or by their definition."""

from __future__ import annotations

from dataclasses import replace

from pgtend.domain.catalog import Catalog, ExistingIndex
from pgtend.domain.index import Index


def find_index(catalog: Catalog, schema: str, name: str) -> ExistingIndex | None:
    """The index of that name in that schema, or None."""
    return next((each for each in catalog.indexes if each.table.schema == schema and each.name == name), None)


def find_like(catalog: Catalog, index: Index, name: str) -> ExistingIndex | None:
    """The index of this definition under another name, or of this name on the table's namesake in another schema; or None."""
    for each in catalog.indexes:
        if each.index is None:
            continue
        here = replace(each.index, schema=index.schema)
        if same_definition(here, index) and (each.table.schema == index.schema) != (each.name == name):
            return each
    return None


def same_definition(left: Index, right: Index) -> bool:
    """Whether two definitions are one index: all agrees but the name."""
    return replace(left, name=None) == replace(right, name=None)
