"""A small shop's database: primary keys only, an owner, an application, and pgtend's roles as `pgtend grants` makes them.

Each test gets a copy of one template, which takes a moment only.
"""

from __future__ import annotations

import re
import secrets
import subprocess
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from demo.kubectl import find_program
from tests.servers.postgres import PostgresServer

SETTINGS: dict[str, str | int | bool] = {
    "max_connections": 500,
    "shared_buffers": "256MB",
    "synchronous_commit": False,
    # The scans of the untuned tables are to stay one process each: a machine has other things to do.
    "max_parallel_workers_per_gather": 0,
    "max_parallel_maintenance_workers": 0,
    "log_line_prefix": "%m %d: ",
}

OWNER, APPLICATION, OBSERVER, TUNER = "shop_owner", "shop_app", "pgtend_observer", "pgtend_tuner"

_TEMPLATE = "shop_template"
_AS_OWNER = (
    "create table customers (id int primary key, name text not null, city text not null)",
    "insert into customers select i, 'customer ' || i, 'city ' || i % 50 from generate_series(1, 20000) as i",
    "create table products (id int primary key, title text not null, price int not null)",
    "insert into products select i, 'product ' || i, i % 900 from generate_series(1, 5000) as i",
    "create table warehouses (id int primary key, city text not null)",
    "insert into warehouses select i, 'city ' || i % 50 from generate_series(1, 1000) as i",
    "create table orders (id int primary key, customer int not null, product int not null, placed date not null, note text)",
    "insert into orders select i, (i * 7919) % 500, (i * 31) % 5000, date '2026-01-01' + i % 300, repeat('x', 40) "
    "from generate_series(1, 50000) as i",
    "vacuum analyze customers, products, warehouses, orders",
    f"grant select, insert, update, delete on customers, products, warehouses, orders to {APPLICATION}",
)


@dataclass(frozen=True, kw_only=True)
class ShopServer:
    """A server with the template and the roles."""

    server: PostgresServer
    passwords: dict[str, str] = field(default_factory=dict)

    def log_ddl(self, database: str) -> None:
        """From now on new sessions in this database leave their DDL in the server's log."""
        with self.server.connect() as connection:
            connection.execute(sql.SQL("alter database {} set log_statement = 'ddl'").format(sql.Identifier(database)))

    def logged_ddl(self, database: str) -> list[str]:
        """What they left there, each as its first two words."""
        found = re.findall(
            rf"^\S+ \S+ \S+ {re.escape(database)}: LOG:  (?:statement|execute [^:]*): (\w+ \w+)",
            self.server.log_path.read_text(errors="replace"),
            re.MULTILINE,
        )
        return [words.upper() for words in found]

    def copy(self, name: str) -> None:
        """Make a database of this name."""
        with self.server.connect() as connection:
            connection.execute(
                sql.SQL("create database {} template {} owner {}").format(
                    sql.Identifier(name), sql.Identifier(_TEMPLATE), sql.Identifier(OWNER)
                )
            )

    def dsn(self, database: str, role: str) -> str:
        """The URI of one of the four roles."""
        return self.server.dsn(database, role, self.passwords[role], sslmode="require")

    def secret(self, name: str, database: str, role: str, **fields: str) -> dict[str, object]:
        """The Kubernetes Secret that lets pgtend log in as this role; `fields` replace or add keys."""
        data = {
            "host": self.server.host,
            "port": str(self.server.port),
            "dbname": database,
            "username": role,
            "password": self.passwords[role],
        }
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {**data, **fields}}


def prepare(server: PostgresServer) -> ShopServer:
    """Make the template and the roles on a running server."""
    shop = ShopServer(server=server, passwords={role: f"canary-{secrets.token_hex(16)}" for role in _ROLES})
    with server.connect() as connection:
        for role in (OWNER, APPLICATION):
            connection.execute(_with_password("create role {} login password {}", role, shop.passwords[role]))
        connection.execute(
            sql.SQL("create database {} owner {}").format(sql.Identifier(_TEMPLATE), sql.Identifier(OWNER))
        )
    with server.connect(_TEMPLATE) as connection:
        connection.execute("create extension pg_stat_statements")
        connection.execute("create extension hypopg")
    with psycopg.connect(server.dsn(_TEMPLATE, OWNER, shop.passwords[OWNER]), autocommit=True) as owner:
        for statement in _AS_OWNER:
            owner.execute(statement.encode())
    with server.connect(_TEMPLATE) as connection:
        connection.execute(print_grants(server.dsn(_TEMPLATE)).encode())
        for role in (OBSERVER, TUNER):
            connection.execute(_with_password("alter role {} password {}", role, shop.passwords[role]))
    return shop


def print_grants(dsn: str, *arguments: str) -> str:
    """What `pgtend grants` prints for a database, seen by its administrator."""
    run = subprocess.run(
        [find_program("pgtend"), "grants", *arguments],
        env={"PGTEND_DSN": dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"pgtend grants ended with {run.returncode}: {run.stderr}"
    return run.stdout


_ROLES = (OWNER, APPLICATION, OBSERVER, TUNER)


def _with_password(template: str, role: str, password: str) -> sql.Composed:
    return sql.SQL(template).format(sql.Identifier(role), sql.Literal(password))
