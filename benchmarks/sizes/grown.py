"""Fill a copy of a database whose tables were analysed when they were smaller: ``python -m benchmarks.sizes.grown``.

The copy has the tables and no rows (``pg_dump --schema-only``), and autovacuum is off. Then ``python -m benchmarks.sizes`` on the copy,
with ``--kept`` of what was built of the whole, compares what is estimated of the grown tables with the same indexes.
"""

from __future__ import annotations

import argparse

import psycopg
from psycopg import sql

_TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"


def main() -> None:
    """Copy a part of the rows, ANALYZE, copy the rest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True, help="a superuser's DSN of the database with all rows")
    parser.add_argument("--into", required=True, help="a superuser's DSN of the scratch database to fill")
    parser.add_argument(
        "--part", type=int, required=True, help="how many times as large the tables become after ANALYZE"
    )
    arguments = parser.parse_args()
    with (
        psycopg.connect(arguments.dsn, autocommit=True) as full,
        psycopg.connect(arguments.into, autocommit=True) as into,
    ):
        full.execute("set synchronize_seqscans = off")  # the same order of rows each time
        into.execute("set session_replication_role = replica")  # foreign keys are kept by the whole
        counts = {
            str(name): _count(full, name) // arguments.part for (name,) in full.execute(_TABLES.encode()).fetchall()
        }
        for name, count in counts.items():
            _copy(full, into, name, sql.SQL("limit {}").format(count))
        into.execute("vacuum analyze")
        for name, count in counts.items():
            _copy(full, into, name, sql.SQL("offset {}").format(count))


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier("public", table))).fetchone()
    return 0 if row is None else int(row[0])


def _copy(full: psycopg.Connection, into: psycopg.Connection, table: str, part: sql.Composed) -> None:
    name = sql.Identifier("public", table)
    read = sql.SQL("copy (select * from {} {}) to stdout (format binary)").format(name, part)
    write = sql.SQL("copy {} from stdin (format binary)").format(name)
    with full.cursor().copy(read) as source, into.cursor().copy(write) as sink:
        for chunk in source:
            sink.write(chunk)


if __name__ == "__main__":
    main()
