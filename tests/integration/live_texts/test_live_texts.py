"""What pg_stat_statements makes of real-life statements can be planned, and is the statement that it was.

The statements run on a real server; their normalised texts are read back, mended and planned there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from pgtend.core.inert import problem_of
from pgtend.core.sql.lexer import tokenize
from pgtend.core.sql.parameter_types import TypedText
from pgtend.core.statement import Unusable, read_statement
from pgtend.domain.advice import CostRequest, PlanCost
from pgtend.domain.catalog import Catalog
from pgtend.domain.user_types import UserTypes
from pgtend.domain.workload import Query
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.queries import load
from pgtend.postgres.secret import target_from_dsn
from pgtend.postgres.user_code import PARAMETERS, user_code_from
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

HERE = Path(__file__).parent
PLANNED = ("analytics", "changes", "cursors", "grammar", "literals", "orms")
BESIDE = re.compile(r"\s*(begin|rollback|fetch|close|deallocate|select pg_stat_statements_reset)\b", re.IGNORECASE)
"""What is counted beside the statement itself."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """One statement: as the application has it, and as pg_stat_statements has it."""

    name: str
    literal: str
    normalised: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All statements with the database in which they ran."""

    database: Database
    statements: tuple[Live, ...]


def statements_in(name: str) -> Iterator[tuple[str, str]]:
    """The statements of a file, apart at a semicolon with an empty line behind it."""
    text = (HERE / "statements" / f"{name}.sql").read_text()
    for number, statement in enumerate(re.split(r";\s*\n\s*\n", text.strip().rstrip(";")), 1):
        yield f"{name}:{number}", statement


@pytest.fixture(scope="module")
def seen(postgres: PostgresServer) -> Iterator[Seen]:
    with run_all(postgres) as found:
        yield found


@pytest.fixture(scope="module")
def seen15(postgres15: PostgresServer) -> Iterator[Seen]:
    """On 15, where HypoPG is."""
    with run_all(postgres15) as found:
        yield found


@contextmanager
def run_all(postgres: PostgresServer) -> Iterator[Seen]:
    """Run all statements in a database of their own."""
    with fresh_database(postgres) as database:
        database.run((HERE / "schema.sql").read_text())
        with database.connect() as application, database.connect() as monitor:
            found = [
                Live(name=name, literal=text, normalised=_run(text, name, application, monitor))
                for file in (*PLANNED, "not_planned")
                for name, text in statements_in(file)
            ]
        yield Seen(database=database, statements=tuple(found))


def _run(text: str, name: str, application: psycopg.Connection, monitor: psycopg.Connection) -> str:
    """Run it by the simple protocol; its text as pg_stat_statements then has it."""
    monitor.execute("select pg_stat_statements_reset()")
    application.execute("begin")
    for statement in text.split("; ") if name.startswith("cursors") else [text]:
        application.execute(statement.encode())
    application.execute("rollback")
    texts = monitor.execute(
        "select query from pg_stat_statements join pg_database on pg_database.oid = dbid "
        "where datname = current_database() and toplevel"
    ).fetchall()
    (normalised,) = [text for (text,) in texts if not BESIDE.match(text)]
    return str(normalised)


async def _catalog(database: Database) -> Catalog:
    tls = {} if database.server.version == 15 else {"sslmode": "disable"}
    target = target_from_dsn(database.server.dsn(database.name, **tls))
    async with open_observer(target, ConnectionLimits(), own_roles=()) as observer:
        return await observer.read_catalog()


def _user_types(database: Database) -> UserTypes:
    """The types of users, the enum among them, as the cost model reads them."""
    with database.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return user_code_from(cursor.execute(load("user_code"), PARAMETERS)).types


def _plan(connection: psycopg.Connection, query: Query) -> str:
    """Make the generic plan as pgtend does; the SQLSTATE where that fails."""
    connection.execute(f"set search_path to {', '.join(query.search_path) or 'pg_catalog'}".encode())
    typed: TypedText | None = TypedText(tokens=tokenize(query.plannable))
    while typed is not None:
        try:
            connection.execute(b"prepare it as " + typed.text.encode())
            arguments = f" ({', '.join(['null'] * query.parameters)})" if query.parameters else ""
            connection.execute(f"explain execute it{arguments}".encode())
        except psycopg.Error as error:
            position, parameter = error.diag.statement_position, re.search(r"\$(\d+)", error.diag.message_primary or "")
            failure = error.sqlstate or "?"
            typed = typed.after(
                failure,
                int(position) - 1 - len("prepare it as ") if position else None,
                int(parameter[1]) if parameter else None,
            )
        else:
            return ""
        finally:
            connection.execute("deallocate all")
    return failure


async def test_every_normalised_text_is_planned_and_is_the_statement_that_it_was(seen: Seen) -> None:
    catalog = await _catalog(seen.database)
    types = _user_types(seen.database)
    failures: list[str] = []
    as_they_are = planned = 0
    statements = [each for each in seen.statements if not each.name.startswith("not_planned")]
    with seen.database.connect() as connection:
        connection.prepare_threshold = None
        connection.execute("set plan_cache_mode = force_generic_plan")
        for each in statements:
            as_they_are += _is_planned_as_it_is(connection, each.normalised)
            query = read_statement(each.normalised, catalog)
            literal = read_statement(_itself(each), catalog)
            if isinstance(query, Unusable) or isinstance(literal, Unusable):
                failures.append(f"{each.name}: {query if isinstance(query, Unusable) else literal}")
                continue
            if query.fingerprint != literal.fingerprint:
                failures.append(f"{each.name}: {literal.text}\n  is not {query.text}")
            problem = (problem_of(query, catalog, types) or _plan(connection, query)) if query.plannable else ""
            if problem:
                failures.append(f"{each.name}: {problem} {query.plannable}")
            planned += not problem
    print(f"\nPostgreSQL {seen.database.server.version}: of {len(statements)} normalised texts {as_they_are} can be "
          f"planned as they are, {planned} once mended")  # fmt: skip
    assert not failures, "\n".join(failures)


def _itself(each: Live) -> str:
    """The first of the statements that a cursor or a prepared statement takes."""
    return each.literal.split("; ", 1)[0] if each.name.startswith("cursors") else each.literal


def _is_planned_as_it_is(connection: psycopg.Connection, text: str) -> bool:
    connection.execute("set search_path to public")
    parameters = len(set(re.findall(r"\$\d+", text)))
    arguments = f" ({', '.join(['null'] * parameters)})" if parameters else ""
    try:
        connection.execute(b"prepare it as " + text.encode())
        connection.execute(f"explain execute it{arguments}".encode())
    except psycopg.Error:
        return False
    finally:
        connection.execute("deallocate all")
    return True


async def test_what_is_left_out_says_why(seen: Seen) -> None:
    catalog = await _catalog(seen.database)
    for each in seen.statements:
        if each.name.startswith("not_planned"):
            query = read_statement(each.normalised, catalog)
            sentence = query.reason if isinstance(query, Unusable) else problem_of(query, catalog)
            assert sentence and sentence.endswith("."), each.name


async def test_the_cost_model_plans_what_only_the_server_can_resolve(seen15: Seen) -> None:
    catalog = await _catalog(seen15.database)
    queries = [
        query
        for each in seen15.statements
        if not each.name.startswith("not_planned")
        and isinstance(query := read_statement(each.normalised, catalog), Query)
        and query.plannable
    ]
    async with open_cost_model(target_from_dsn(seen15.database.dsn), ConnectionLimits(), catalog) as model:
        answers = await model.costs([CostRequest(query=query) for query in queries])
    unplanned = [
        query.plannable for query, answer in zip(queries, answers, strict=True) if not isinstance(answer, PlanCost)
    ]
    assert unplanned == []
