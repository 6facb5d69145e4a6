"""The databases of the benchmark, each made once and kept with its frozen statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg

from benchmarks.advisor import tpch
from benchmarks.advisor.folder import bench_folder
from benchmarks.advisor.frozen_statistics import freeze, restore
from benchmarks.advisor.server import BenchServer


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a database is made: ``load`` is given an autocommit connection to an empty database."""

    load: Callable[[psycopg.Connection], None]


RECIPES: Mapping[str, Recipe] = {
    "tpch": Recipe(load=lambda connection: tpch.load(connection, scale=1)),
}


def ensure_database(server: BenchServer, name: str) -> str:
    """Make the database where it is missing, put its frozen statistics back; returns their digest."""
    frozen = bench_folder() / f"{name}.statistics.json"
    if not server.has_database(name):
        server.create_database(name)
        with server.connect(name) as connection:
            for extension in ("hypopg", "pg_stat_statements"):
                connection.execute(f"create extension {extension}".encode())
            RECIPES[name].load(connection)
            connection.execute("vacuum (analyze)")
            connection.execute("select pg_stat_reset()")  # the rows that made the tables are no load
        frozen.unlink(missing_ok=True)
    with server.connect(name) as connection:
        return restore(connection, frozen) if frozen.exists() else freeze(connection, frozen)
