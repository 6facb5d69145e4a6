"""Build an index, ask for its size, drop it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from pgtend.domain.index import Index
from pgtend.postgres.ddl import create_index, describe, identifier

_NAME = "pgtend_sizes_probe"


def measure(
    dsn: str, indexes: Iterable[Index], kept: Path | None, memory: str | None = "1GB"
) -> Iterator[tuple[Index, int]]:
    """Each index with its bytes once built; ``kept`` is a file of what was measured before, and is added to.

    ``memory`` is maintenance_work_mem of the builds, None for what the server says.
    """
    known = _read(kept)
    with psycopg.connect(dsn, autocommit=True) as connection:
        if memory is not None:
            connection.execute(sql.SQL("set maintenance_work_mem = {}").format(sql.Literal(memory)))
        for index in dict.fromkeys(indexes):
            text = describe(index)
            if text not in known:
                known[text] = _build(connection, index)
                if kept is not None:
                    with kept.open("a") as file:
                        file.write(json.dumps({"index": text, "bytes": known[text]}) + "\n")
            bytes_ = known[text]
            if bytes_ is not None:
                yield index, bytes_


def _read(kept: Path | None) -> dict[str, int | None]:
    if kept is None or not kept.exists():
        return {}
    entries: Iterable[Mapping[str, object]] = map(json.loads, kept.read_text().splitlines())
    return {str(each["index"]): each["bytes"] if isinstance(each["bytes"], int) else None for each in entries}


def _build(connection: psycopg.Connection, index: Index) -> int | None:
    """Bytes, or None where there can be no such index: a value is too large, a type has no operator class."""
    try:
        connection.execute(create_index(index, _NAME, concurrently=False))
    except (psycopg.errors.ProgramLimitExceeded, psycopg.errors.UndefinedObject):
        return None
    name = identifier(index.schema, _NAME)
    row = connection.execute(
        sql.SQL("select pg_relation_size({})").format(sql.Literal(name.as_string(None)))
    ).fetchone()
    connection.execute(sql.SQL("drop index {}").format(name))
    if row is None:
        raise RuntimeError("pg_relation_size() gave no row")
    return int(row[0])


def distinct_keys(connection: psycopg.Connection, index: Index) -> int:
    """How many distinct keys the table holds for this index, counted: says whether a miss comes from there."""
    columns = sql.SQL(", ").join(identifier(key.column or "") for key in index.columns)
    query = sql.SQL("select count(*) from (select distinct {} from {}) as keys")
    row = connection.execute(query.format(columns, identifier(index.schema, index.table))).fetchone()
    if row is None:
        raise RuntimeError("count(*) gave no row")
    return int(row[0])
