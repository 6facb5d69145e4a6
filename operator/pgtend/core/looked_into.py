"""Which columns a workload looks into: of documents, texts, arrays and times the size of an index depends on what is inside of values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pgtend.core.sql.inverted_usage import Part
from pgtend.core.sql.usage import Key, TableUse, table_uses
from pgtend.domain.catalog import Catalog, Column, Table
from pgtend.domain.contents import Contents, ContentsOfColumns, Inside, LookedInto
from pgtend.domain.index import TableName, columns_in
from pgtend.domain.workload import Workload

MOST_STATEMENTS = 2_000
"""The heaviest statements that look into values are gone through; the columns of others are estimated from their widths."""
_LOOKS_INTO = re.compile(r"@|&&|\?|->|like|date_trunc|::|cast\s*\(|to_tsvector", re.IGNORECASE)
_TIMES = ("timestamp", "date")


def columns_looked_into(workload: Workload, catalog: Catalog) -> tuple[LookedInto, ...]:
    """The columns whose inside matters for an index that could be thought of, in the order of their names."""
    texts = [each for each in workload.queries if _LOOKS_INTO.search(each.query.plannable)]
    texts.sort(key=lambda each: (-each.weight, each.query.fingerprint))
    found: set[LookedInto] = set()
    for each in texts[:MOST_STATEMENTS]:
        for use in table_uses(each.query, catalog):
            found.update(_of_use(use, catalog.tables[use.table]))
    return tuple(sorted(found, key=lambda each: (str(each.table), each.column, each.inside)))


def with_contents(catalog: Catalog, contents: ContentsOfColumns) -> Catalog:
    """The catalog with what is inside of some columns."""
    if not contents:
        return catalog
    by_table: dict[TableName, dict[str, Contents]] = {}
    for (name, column), inside in contents.items():
        by_table.setdefault(name, {})[column] = inside
    tables = {
        name: _filled(table, by_table[name]) if name in by_table else table for name, table in catalog.tables.items()
    }
    return replace(catalog, tables=tables)


def _filled(table: Table, contents: Mapping[str, Contents]) -> Table:
    columns: dict[str, Column] = {
        name: replace(column, contents=contents[name]) if name in contents else column
        for name, column in table.columns.items()
    }
    return replace(table, columns=columns)


def _of_use(use: TableUse, table: Table) -> Iterator[LookedInto]:
    for each in use.inverted:
        for name in _names(each.key):
            inside = _inside(table.columns.get(name), each.part)
            if inside is not None:
                yield LookedInto(table=use.table, column=name, inside=inside)
    for key in _keys(use):
        if isinstance(key, str):
            continue
        for name in columns_in(key):
            column = table.columns.get(name)
            if column is not None and column.type == "jsonb":
                yield LookedInto(table=use.table, column=name, inside=Inside.DOCUMENT)
            elif column is not None and column.type.startswith(_TIMES):
                yield LookedInto(table=use.table, column=name, inside=Inside.TIMES)


def _inside(column: Column | None, part: Part) -> Inside | None:
    if column is None:
        return None
    if column.type == "jsonb":
        return Inside.DOCUMENT
    if part is Part.PIECE:
        return Inside.PIECES
    if column.type == "tsvector" or column.type.endswith("[]"):
        return Inside.ELEMENTS
    return Inside.WORDS if part is Part.WORD else None


def _keys(use: TableUse) -> Iterator[Key]:
    yield from (*use.equal, *use.joined, *use.ranged, *use.prefixed, *use.loose, *use.grouped, *use.extreme)
    for row in use.rows:
        yield from row
    for order in use.orders:
        yield from (each.column for each in order)


def _names(key: Key) -> Iterable[str]:
    return (key,) if isinstance(key, str) else columns_in(key)
