"""Whether texts sort by bytes, which the planner is the judge of: only then a plain index serves LIKE 'x%'."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from pgtend.domain.catalog import Column
from pgtend.domain.index import TableName
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import target_from_dsn
from tests.servers.fixtures_postgres import Database
from tests.servers.postgres import PostgresServer

DATABASES = [
    pytest.param(15, "LC_COLLATE 'C' LC_CTYPE 'C'", id="15, C"),
    pytest.param(15, "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'", id="15, C.UTF-8"),
    pytest.param(15, "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LC_COLLATE 'C' LC_CTYPE 'C'", id="15, ICU over C"),
    pytest.param(18, "LC_COLLATE 'POSIX' LC_CTYPE 'POSIX'", id="18, POSIX"),
    pytest.param(18, "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'", id="18, C.UTF-8"),
    pytest.param(18, "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'", id="18, builtin C"),
    pytest.param(
        18,
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'",
        id="18, builtin C.UTF-8",
    ),
]  # fmt: skip
COLLATIONS = {
    15: ("C", "POSIX", "ucs_basic", "en-x-icu", "C.utf8"),
    18: ("C", "POSIX", "ucs_basic", "pg_c_utf8", "C.utf8"),
}


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database that was created with the locale of the parameter."""
    version, locale = request.param
    server: PostgresServer = request.getfixturevalue(f"postgres{version}")
    name = f"test_{secrets.token_hex(4)}"
    with server.connect() as session:
        session.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}".encode())
    try:
        yield Database(server=server, name=name)
    finally:
        server.drop_database(name)


async def columns_of(database: Database) -> dict[str, Column]:
    async with open_observer(target_from_dsn(database.dsn), ConnectionLimits()) as observer:
        return dict((await observer.read_catalog()).tables[TableName(schema="public", table="t")].columns)


@pytest.mark.parametrize(
    "database", [pytest.param(case.values, id=case.id) for case in DATABASES], indirect=True
)  # fmt: skip
async def test_a_column_sorts_by_bytes_where_the_planner_takes_a_plain_index_for_a_prefix(database: Database) -> None:
    types = ["text", "varchar(9)", "name", *(f'text COLLATE "{each}"' for each in COLLATIONS[database.server.version])]
    listed = ", ".join(f"c{number} {type_}" for number, type_ in enumerate(types))
    database.run(f"CREATE TABLE t ({listed})", *(f"CREATE INDEX ON t (c{number})" for number in range(len(types))))
    columns = await columns_of(database)
    with database.connect() as session:
        session.execute("SET enable_seqscan = off")
        for number, type_ in enumerate(types):
            plan = session.execute(f"EXPLAIN SELECT FROM t WHERE c{number} LIKE 'abc%'".encode()).fetchall()
            served = any("Index Cond" in line for (line,) in plan)
            assert columns[f"c{number}"].sorts_by_bytes == served, type_
