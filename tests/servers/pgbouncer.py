"""Start and stop a PgBouncer in front of a test server, to see what a pooler in the way does.

    with PgBouncer(server) as pooler:
        psycopg.connect(pooler.dsn("shop"))

It serves every database and every role of the server: it looks passwords up in pg_shadow as the superuser and hands
the client's SCRAM keys on (PgBouncer's manual, `auth_query`).
"""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from tests.servers.postgres import HOST, SUPERUSER, PostgresServer
from tests.servers.postgres_guard import Guard
from tests.servers.postgres_host import free_port, make_folder, require_program, unprivileged_account, write_file

_START_SECONDS = 20.0


class PgBouncer:
    """One pooler; a context manager that starts it and takes it away. The server must outlive it."""

    def __init__(
        self, server: PostgresServer, *, pool_mode: Literal["transaction", "session", "statement"] = "transaction"
    ) -> None:
        """Describe a pooler in front of a running server."""
        self.server = server
        self.host = HOST
        self.port = 0
        self._pool_mode = pool_mode
        self._account = unprivileged_account()
        self._guard: Guard | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it; it accepts connections when this returns."""
        folder = make_folder("pgtend-bouncer-", self._account)
        self._guard = Guard(folder)
        try:
            self._start(folder)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and remove its folder."""
        self.stop()

    def dsn(self, dbname: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """A connection URI through the pooler; without `password` the superuser's."""
        secret = self.server.password if password is None else password
        login = f"{quote(user, safe='')}:{quote(secret, safe='')}"
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(dbname, safe='')}"

    def stop(self) -> None:
        """Stop it and remove its folder; does nothing when that has been done."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None
        if self._guard is not None:
            self._guard.end()
            self._guard = None

    def _start(self, folder: Path) -> None:
        users = write_file(folder / "users", f'"{SUPERUSER}" "{self.server.password}"\n', self._account)
        log = folder / "log"
        for attempt in range(5):
            self.port = free_port()
            configuration = write_file(folder / f"{attempt}.ini", self._configuration(users), self._account)
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [require_program("pgbouncer"), str(configuration)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=folder,
                    start_new_session=True,
                    **self._account,
                )
            if self._accepts():
                return
            self._process.kill()
            self._process.wait()
            self._process = None
        raise RuntimeError(f"PgBouncer did not start. Its log says:\n{log.read_text()[-3000:]}")

    def _configuration(self, users: Path) -> str:
        return f"""\
[databases]
* = host={self.server.host} port={self.server.port} auth_user={SUPERUSER}
[pgbouncer]
listen_addr = {HOST}
listen_port = {self.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
auth_query = select usename, passwd from pg_catalog.pg_shadow where usename = $1
pool_mode = {self._pool_mode}
"""

    def _accepts(self) -> bool:
        """Whether our own process is the one that listens: a lost race for the port ends it at once."""
        assert self._process is not None
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0 and self._process.poll() is None:
                    return True
            time.sleep(0.02)
        return False
