"""Copies of the benchmark's databases, for what would change them."""

from __future__ import annotations

from benchmarks.advisor.databases import database_of
from benchmarks.advisor.server import BenchServer


def ensure_copy(server: BenchServer, name: str, copy: str) -> None:
    """Copy a recipe's database, statistics and visibility map included, where the copy is missing."""
    if not server.has_database(copy):
        server.create_database(copy, template=database_of(name))
