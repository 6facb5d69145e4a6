"""TPC-H: data and queries of DuckDB's extension tpch, the columns and types of the specification (tpch.sql)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from benchmarks.advisor.folder import load_package

TABLES = ("region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem")
LEFT_OUT = frozenset({2, 17, 20})
"""As in the literature: their correlated subqueries cost more than all the others together while an index is missing."""

_SCHEMA = Path(__file__).with_name("tpch.sql")
_AFTER_LOADING = "-- after loading"


def queries() -> dict[str, str]:
    """The 22 queries with their validation parameters, by "q01" … "q22"."""
    found = _duckdb().execute("select query_nr, query from tpch_queries()").fetchall()
    return {f"q{number:02}": text.strip().rstrip(";") for number, text in found}


def usual_queries() -> dict[str, str]:
    """The 19 queries that advisors are compared by."""
    without = {f"q{number:02}" for number in LEFT_OUT}
    return {name: text for name, text in queries().items() if name not in without}


def load(connection: psycopg.Connection, *, scale: float) -> None:
    """Make the tables, fill them with ``scale`` times about 1 GB, add the primary keys. The connection is in autocommit mode."""
    before, _, after = _SCHEMA.read_text().partition(_AFTER_LOADING)
    connection.execute(before.encode())
    duckdb = _duckdb()
    duckdb.execute(f"call dbgen(sf = {scale})")
    with tempfile.TemporaryDirectory() as folder:
        for table in TABLES:
            path = Path(folder) / table
            duckdb.execute(f"copy {table} to '{path}' (format csv, header false)")
            copy = sql.SQL("copy {} from stdin (format csv)").format(sql.Identifier(table))
            with path.open("rb") as file, connection.cursor().copy(copy) as target:
                while block := file.read(1 << 20):
                    target.write(block)
            path.unlink()
    connection.execute(after.encode())


def _duckdb() -> Any:  # the package has no types where it is not installed
    duckdb = load_package("duckdb")
    (extension,) = Path(load_package("duckdb_extension_tpch").__path__[0]).rglob("tpch.duckdb_extension")
    connection = duckdb.connect()
    connection.execute(f"load '{extension}'")
    return connection
