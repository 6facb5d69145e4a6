"""The marketplace's database: a Postgres of its own, or a new database on the server that DEMO_DSN names."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql

from demo.failure import DemoFailed
from demo.narration import doing, tell, tell_progress
from tests.servers.postgres import PostgresServer

SCHEMA_AND_DATA = Path(__file__).with_name("marketplace.sql")

TABLES: LiteralString = "vendors, couples, bookings, payments, timelines, guests"

# A few hundred megabytes that fit in memory; the data is made anew each time, so its WAL is worth nothing.
SERVER_SETTINGS: Mapping[str, str | int | bool] = {
    "shared_buffers": "512MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": 0,
    "synchronous_commit": False,
}


@dataclass(frozen=True, kw_only=True)
class Login:
    """A role that may log in."""

    name: str
    password: str


@dataclass(frozen=True, kw_only=True)
class Marketplace:
    """The database and its people: who owns it, the application, and the two roles of pgtend."""

    administrator: str
    """The superuser's DSN of this database."""
    host: str
    port: int
    name: str
    sslmode: str
    authority: Path | None
    """The certificate (PEM) that the server is checked against; None where sslmode does not ask for it."""
    owner: Login
    application: Login
    observer: Login
    tuner: Login

    def dsn(self, login: Login) -> str:
        """A URI for one of the roles."""
        address = f"{quote(login.name)}:{login.password}@{self.host}:{self.port}/{quote(self.name)}"
        authority = f"&sslrootcert={quote(str(self.authority), safe='')}" if self.authority else ""
        return f"postgresql://{address}?sslmode={self.sslmode}{authority}"

    def secret(self, name: str, login: Login) -> dict[str, object]:
        """The Kubernetes Secret that lets pgtend log in as this role."""
        fields = {
            "host": self.host,
            "port": str(self.port),
            "dbname": self.name,
            "username": login.name,
            "password": login.password,
            "sslmode": self.sslmode,
        }
        if self.authority is not None:
            fields["ca.crt"] = self.authority.read_text()
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": fields}


def shown_dsn(administrator: str, given: str | None) -> str:
    """The superuser's DSN as it may be shown: of a server that somebody else named (``given``) without its password."""
    if given is None:
        return administrator
    parts = {name: value for name, value in conninfo.conninfo_to_dict(administrator).items() if name != "password"}
    return conninfo.make_conninfo("", **parts)


@contextmanager
def open_marketplace(existing: str | None) -> Iterator[Marketplace]:
    """A fresh, empty database with its roles; gone at the end. `existing` is a superuser's DSN of a server to use."""
    with ExitStack() as stack:
        if existing is None:
            with doing("PostgreSQL 15 on 127.0.0.1, with pg_stat_statements and HypoPG"):
                server = stack.enter_context(PostgresServer(version=15, settings=SERVER_SETTINGS))
            fresh = _new_database(server.superuser_dsn, "", "verify-full", server.ca_path)
        else:
            fresh = _new_database(existing, f"_{secrets.token_hex(3)}", None, None)
        yield stack.enter_context(fresh)


@contextmanager
def _new_database(superuser: str, suffix: str, sslmode: str | None, authority: Path | None) -> Iterator[Marketplace]:
    try:
        connection = psycopg.connect(superuser, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise DemoFailed(
            f"The server of DEMO_DSN cannot be reached ({error.sqlstate or type(error).__name__})."
        ) from None
    with connection:
        preloaded = connection.execute("show shared_preload_libraries").fetchone()
        if preloaded is None or "pg_stat_statements" not in preloaded[0]:
            raise DemoFailed(
                "The server does not preload pg_stat_statements: add it to shared_preload_libraries and restart it."
            )
        encrypted = connection.execute("show ssl").fetchone()
        made = Marketplace(
            administrator=conninfo.make_conninfo(superuser, dbname=f"marketplace{suffix}"),
            host=connection.info.host,
            port=connection.info.port,
            name=f"marketplace{suffix}",
            sslmode=sslmode or ("require" if encrypted and encrypted[0] == "on" else "disable"),
            authority=authority,
            owner=_new_login(f"marketplace_owner{suffix}"),
            application=_new_login(f"marketplace_app{suffix}"),
            observer=_new_login(f"pgtend_observer{suffix}"),
            tuner=_new_login(f"pgtend_tuner{suffix}"),
        )
        roles = (made.owner, made.application, made.observer, made.tuner)
        try:
            for role in roles[:2]:
                connection.execute(
                    sql.SQL("create role {} login password {}").format(sql.Identifier(role.name), role.password)
                )
            connection.execute(
                sql.SQL("create database {} owner {}").format(
                    sql.Identifier(made.name), sql.Identifier(made.owner.name)
                )
            )
            yield made
        finally:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(made.name)))
            for role in roles:
                connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role.name)))


def _new_login(name: str) -> Login:
    return Login(name=name, password=secrets.token_hex(16))


def fill(market: Marketplace) -> None:
    """Make the marketplace's tables and rows as its owner, and let the application at them."""
    with psycopg.connect(market.administrator, autocommit=True) as connection:
        available = {name for (name,) in connection.execute("select name from pg_available_extensions")}
        connection.execute("create extension pg_stat_statements")
        if "hypopg" in available:
            connection.execute("create extension hypopg")
        else:
            tell("HypoPG is not installed on this server: pgtend will advise by rules and say so.")
        # The scans of the untuned database are to stay one process each: this machine has other things to do.
        connection.execute(
            sql.SQL("alter database {} set max_parallel_workers_per_gather = 0").format(sql.Identifier(market.name))
        )
    with doing("Tables and rows, made inside Postgres as their owner"), _as_owner(market) as connection:
        for title, statements in steps():
            tell_progress(title)
            for statement in statements:
                connection.execute(statement.encode())
        user = sql.Identifier(market.application.name)
        connection.execute(sql.SQL(f"grant select, insert, update on {TABLES} to {{}}").format(user))
        connection.execute(sql.SQL("grant usage on sequence bookings_id_seq, payments_id_seq to {}").format(user))


def grant(market: Marketplace, pgtend: str) -> str:
    """Run what `pgtend grants` prints, as the administrator, and give both roles their passwords; returns the SQL."""
    run = subprocess.run(
        [pgtend, "grants", "--observer", market.observer.name, "--tuner", market.tuner.name],
        env={"PGTEND_DSN": market.administrator, "PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise DemoFailed(f"pgtend grants ended with {run.returncode}:\n{run.stderr.strip()}")
    with psycopg.connect(market.administrator, autocommit=True) as connection:
        connection.execute(run.stdout.encode())
        for login in (market.observer, market.tuner):
            connection.execute(
                sql.SQL("alter role {} login password {}").format(sql.Identifier(login.name), login.password)
            )
    return run.stdout


def steps() -> list[tuple[str, list[str]]]:
    """The parts of the SQL file: the title of each and its statements."""
    parts = SCHEMA_AND_DATA.read_text().split("-- step: ")[1:]
    split = [part.partition("\n") for part in parts]
    return [(title, [each for each in re.split(r"(?<=;)\n", body) if each.strip()]) for title, _, body in split]


@contextmanager
def _as_owner(market: Marketplace) -> Iterator[psycopg.Connection]:
    with psycopg.connect(market.dsn(market.owner), autocommit=True) as connection:
        connection.execute("set maintenance_work_mem = '256MB'")
        yield connection
