"""The benchmark's Postgres: a cluster that is kept between runs and goes on running, with the settings of the published numbers.

It listens on 127.0.0.1 alone and demands a password, which stands in the folder, readable by its owner.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from benchmarks.advisor.folder import bench_folder
from tests.servers.postgres import find_binaries
from tests.servers.postgres_host import free_port, give, unprivileged_account, write_file

HOST = "127.0.0.1"
SUPERUSER = "postgres"
_START_SECONDS = 60.0

SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "50000",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "max_connections": "100",
    "fsync": "off",
    "full_page_writes": "off",
    # ANALYZE draws another sample each time it runs, so nothing may run it behind our backs.
    "autovacuum": "off",
    "random_page_cost": "4",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "lc_messages": "C",
}


@dataclass(frozen=True, kw_only=True)
class BenchServer:
    """A running server."""

    folder: Path
    port: int
    password: str

    def dsn(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """A superuser's URI of a database."""
        return f"postgresql://{user}:{quote(self.password, safe='')}@{HOST}:{self.port}/{quote(database, safe='')}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A superuser's connection in autocommit mode."""
        return psycopg.connect(self.dsn(database), autocommit=True)

    @contextmanager
    def superuser_of_a_run(self) -> Iterator[str]:
        """A superuser for one run alone, so that its EXPLAINs can be told from those of another run at the same time."""
        name = f"advisor_run_{os.getpid()}"
        with self.connect() as connection:
            connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
            statement = sql.SQL("create role {} superuser login password {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Literal(self.password)))
            try:
                yield name
            finally:
                connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))

    def has_database(self, name: str) -> bool:
        """Whether there is a database of this name."""
        with self.connect() as connection:
            return connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is not None

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """Create a database (as a copy of another one, to which nobody may be connected); returns the superuser's URI."""
        statement = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        with self.connect() as connection:
            connection.execute(statement)
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def ensure_server() -> BenchServer:
    """The server, made and started where that has not been done."""
    folder = bench_folder() / "cluster"
    if not (folder / "data" / "PG_VERSION").exists():
        _make_cluster(folder)
    server = _running(folder)
    return server if server is not None else _start(folder)


def stop_server() -> None:
    """Stop the server in an orderly way; does nothing when it does not run."""
    folder = bench_folder() / "cluster"
    if _running(folder) is None:
        return
    pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGINT)
    deadline = time.monotonic() + _START_SECONDS
    while _running(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.05)


def _make_cluster(folder: Path) -> None:
    account = unprivileged_account()
    folder.mkdir(parents=True, exist_ok=True)
    give(folder, account)
    secret = folder / "password"
    if not secret.exists():
        write_file(secret, secrets.token_hex(12), account)
    command = [
        str(find_binaries(15) / "initdb"),
        f"--pgdata={folder / 'data'}",
        f"--username={SUPERUSER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **account)
    if run.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{run.stdout}{run.stderr}")
    settings = {**SETTINGS, "listen_addresses": HOST, "unix_socket_directories": str(folder)}
    with (folder / "data" / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())


def _running(folder: Path) -> BenchServer | None:
    """The server of this folder, when the postmaster says in its lock file that it is ready and its process is there."""
    try:
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
        os.kill(int(lines[0]), 0)
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return None
    if len(lines) < 8 or lines[7].strip() != "ready":
        return None
    return BenchServer(folder=folder, port=int(lines[3]), password=(folder / "password").read_text())


def _start(folder: Path) -> BenchServer:
    log_path = folder / "log"
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [str(find_binaries(15) / "postgres"), "-D", str(folder / "data"), "-p", str(free_port())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder / "data",
            start_new_session=True,  # it goes on running when this process ends
            umask=0o077,
            **unprivileged_account(),
        )
    deadline = time.monotonic() + _START_SECONDS
    while (server := _running(folder)) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The benchmark's server did not start; its log is {log_path}")
        time.sleep(0.02)
    return server
