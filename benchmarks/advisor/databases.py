"""The databases of the benchmark, each made once and kept with its frozen statistics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.advisor import tpch
from benchmarks.advisor.folder import bench_folder
from benchmarks.advisor.frozen_statistics import freeze, restore
from benchmarks.advisor.server import BenchServer
from demo.database import steps


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a database is made: ``load`` is given an autocommit connection to an empty database."""

    load: Callable[[psycopg.Connection], None]


def _load_marketplace(connection: psycopg.Connection) -> None:
    """The demo's database, with the demo's mistakes."""
    for _, statements in steps():
        for statement in statements:
            connection.execute(statement.encode())


def _load_snowflake(connection: psycopg.Connection) -> None:
    for statement in Path(__file__).with_name("snowflake.sql").read_text().split(";\n"):
        if statement.strip():
            connection.execute(statement.encode())


RECIPES: Mapping[str, Recipe] = {
    "tpch": Recipe(load=lambda connection: tpch.load(connection, scale=1)),
    "marketplace": Recipe(load=_load_marketplace),
    "snowflake": Recipe(load=_load_snowflake),
}


def database_of(name: str) -> str:
    """The name of a recipe's database: nobody else is in it, so that what is counted there is the benchmark's."""
    return f"advisor_{name}"


def ensure_database(server: BenchServer, name: str) -> str:
    """Make the recipe's database where it is missing, put its frozen statistics back; returns their digest."""
    frozen = bench_folder() / f"{name}.statistics.json"
    database = database_of(name)
    if not server.has_database(database):
        server.create_database(database)
        with server.connect(database) as connection:
            for extension in ("hypopg", "pg_stat_statements"):
                connection.execute(f"create extension {extension}".encode())
            RECIPES[name].load(connection)
            connection.execute("vacuum (analyze)")
            connection.execute("select pg_stat_reset()")  # the rows that made the tables are no load
    with server.connect(database) as connection:
        return restore(connection, frozen) if frozen.exists() else freeze(connection, frozen)
