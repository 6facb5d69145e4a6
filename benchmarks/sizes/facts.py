"""Facts and measurements as JSON: what tests/unit/core/measured_sizes holds, so that the model is tried without a server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pgtend.core.size import unique_keys
from pgtend.domain.catalog import Catalog, Column
from pgtend.domain.index import Index, TableName

DIGITS = 6
"""Of frequencies: a sample of 30,000 rows tells no more."""


def write_facts(path: Path, catalog: Catalog, built: Mapping[Index, int], most: int) -> None:
    """Write the statistics of the tables and up to ``most`` plain indexes with their bytes, evenly chosen."""
    plain = [index for index in built if not index.predicate and all(key.column for key in index.columns)]
    step = max(len(plain) // most, 1)
    chosen = plain[::step][:most]
    tables = {index.table_name for index in chosen}
    content = {
        "tables": [_table(catalog, index_table, chosen) for index_table in sorted(tables, key=str)],
        "indexes": [_index(index, built[index]) for index in chosen],
    }
    path.write_text(_lines(content))


def _lines(content: Mapping[str, Sequence[object]]) -> str:
    """JSON with one table or index a line."""
    parts = [
        f'"{name}": [\n' + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + "\n]"
        for name, entries in content.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _table(catalog: Catalog, name: TableName, indexes: Sequence[Index]) -> dict[str, Any]:
    table = catalog.tables[name]
    used = {column for index in indexes if index.table_name == name for column in _columns(index)}
    unique = unique_keys(catalog, name)
    for key in unique:
        used |= key
    return {
        "table": name.table,
        "rows": table.rows,
        "bytes": table.bytes,
        "sampled_rows": table.sampled_rows,
        "unique": [sorted(key) for key in unique],
        "columns": {column: _column(table.columns[column]) for column in table.columns if column in used},
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "type": column.type,
        "deduplicates": column.deduplicates,
        "type_length": column.type_length,
        "alignment": column.alignment,
        "n_distinct": column.n_distinct,
        "null_fraction": column.null_fraction,
        "average_width": column.average_width,
        "correlation": column.correlation,
        "common_frequencies": [round(share, DIGITS) for share in column.common_frequencies],
    }


def _index(index: Index, bytes_: int) -> dict[str, Any]:
    return {
        "table": index.table,
        "method": index.method.value,
        "keys": [key.column for key in index.columns],
        "include": list(index.include),
        "bytes": bytes_,
    }


def _columns(index: Index) -> list[str]:
    return [*(key.column for key in index.columns if key.column), *index.include]
