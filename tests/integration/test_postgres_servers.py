"""The database launchers keep their promises: the demo and every integration test stand on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgres import PostgresServer, Settings
from tests.servers.postgres_guard import end_folder, processes_in

REPOSITORY = Path(__file__).resolve().parents[2]

# A launcher that says where its server lives and then waits for its end.
LAUNCHER = """
import signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job started in the background has it ignored
from tests.servers.postgres import PostgresServer
server = PostgresServer(version=15).__enter__()
print(server.folder, flush=True)
if "leave" in sys.argv:
    server.leave_running()
else:
    threading.Event().wait()
"""


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition; a bound against hanging, not a measurement."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def launch(*arguments: str) -> tuple[subprocess.Popen[str], Path]:
    """Run the launcher in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    process.stdout.close()
    return process, folder


def test_the_server_has_the_version_asked_for(postgres: PostgresServer) -> None:
    with postgres.connect() as connection:
        assert connection.info.server_version // 10000 == postgres.version


def test_statements_are_counted(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("select 42 as answer")
        texts = [row[0] for row in connection.execute("select query from pg_stat_statements")]
    assert "select $1 as answer" in texts


def test_hypopg_answers_on_15(database15: Database) -> None:
    with database15.connect() as connection:
        connection.execute("create table bookings (id int, vendor int)")
        connection.execute("insert into bookings select i, i from generate_series(1, 10000) i")
        connection.execute("analyze bookings")
        connection.execute("select * from hypopg_create_index('create index on bookings (vendor)')")
        plan = [row[0] for row in connection.execute("explain select * from bookings where vendor = 7")]
    assert "btree_bookings_vendor" in plan[0]


def test_hypopg_is_not_there_on_18(database18: Database) -> None:
    with database18.connect() as connection, pytest.raises(psycopg.errors.FeatureNotSupported):
        connection.execute("create extension hypopg")


def test_settings_reach_the_server() -> None:
    settings: Settings = {"max_connections": 23, "cluster_name": "it's"}
    with PostgresServer(version=15, settings=settings) as server, server.connect() as connection:
        row = connection.execute("select current_setting('max_connections'), current_setting('cluster_name')")
        assert row.fetchone() == ("23", "it's")


def test_tls_on_15_is_verified_against_its_own_authority(postgres15: PostgresServer) -> None:
    verified = postgres15.dsn(sslmode="verify-full", sslrootcert=str(postgres15.ca_path))
    with psycopg.connect(verified) as connection:
        assert connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()").fetchone() == (True,)


def test_another_authority_is_refused_on_15(postgres15: PostgresServer) -> None:
    with PostgresServer(version=15) as other:
        foreign = postgres15.dsn(sslmode="verify-full", sslrootcert=str(other.ca_path))
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            psycopg.connect(foreign)


def test_there_is_no_tls_on_18(postgres18: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        psycopg.connect(postgres18.dsn(sslmode="require"))


def test_a_wrong_password_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn(password="wrong"))


def test_the_socket_demands_a_password_too(postgres: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(postgres.socket_folder), port=postgres.port, user="postgres", password="wrong")


def test_a_closed_temporary_folder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with PostgresServer(version=15) as server:
        assert not server.folder.is_relative_to(tmp_path)


def test_a_restart_keeps_data_and_port() -> None:
    with PostgresServer(version=15) as server:
        port = server.port
        with server.connect() as connection:
            connection.execute("create table kept as select 1 as n")
        server.restart()
        with server.connect() as connection:
            assert connection.execute("select n from kept").fetchone() == (1,)
        assert server.port == port


def test_a_crash_keeps_what_was_committed() -> None:
    with PostgresServer(version=15) as server:
        with server.connect() as connection:
            connection.execute("create table kept as select 1 as n")
        server.crash()
        with pytest.raises(psycopg.OperationalError):
            server.connect()
        server.start()
        with server.connect() as connection:
            assert connection.execute("select n from kept").fetchone() == (1,)


def test_the_server_recovers_from_a_killed_backend() -> None:
    with PostgresServer(version=15) as server:
        victim = server.connect()
        server.kill_backend(victim.info.backend_pid)
        with pytest.raises(psycopg.OperationalError):
            victim.execute("select 1")
        victim.close()

        def answers() -> bool:
            try:
                server.connect().close()
            except psycopg.OperationalError:
                return False
            return True

        until(answers)


def test_only_a_backend_of_this_server_is_killed(postgres15: PostgresServer) -> None:
    for pid in (os.getpid(), postgres15.pid):
        with pytest.raises(ValueError, match="no backend of this server"):
            postgres15.kill_backend(pid)


def test_nothing_is_left_after_a_stop() -> None:
    with PostgresServer(version=15) as server:
        folder, pid = server.folder, server.pid
        assert pid in processes_in(folder)
    assert not folder.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_nothing_is_left_after_a_failed_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = PostgresServer(version=15, settings={"no_such_setting": 1})
    with pytest.raises(RuntimeError, match="no_such_setting"):
        server.__enter__()
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.folder


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
def test_nothing_is_left_after_the_launcher_was_killed(number: signal.Signals) -> None:
    process, folder = launch()
    assert processes_in(folder)
    process.send_signal(number)
    process.wait()
    until(lambda: not folder.exists())
    assert not processes_in(folder)


def test_nothing_is_left_of_a_postmaster_that_was_killed() -> None:
    with PostgresServer(version=15) as server:
        folder = server.folder
        shared = (server.data / "postmaster.pid").read_text().splitlines()[6].split()[1]
        os.kill(server.pid, signal.SIGKILL)
    assert not folder.exists()
    assert shared not in [line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()]


def test_a_server_left_running_outlives_its_launcher_until_its_folder_is_ended() -> None:
    process, folder = launch("leave")
    process.wait()
    try:
        assert processes_in(folder)
    finally:
        end_folder(folder)
    assert not folder.exists()
    end_folder(folder)  # a second time there is nothing to do


def test_a_database_is_dropped_with_the_roles_of_its_test(postgres15: PostgresServer) -> None:
    with fresh_database(postgres15) as first:
        dsn = first.create_role("a visitor")
        with psycopg.connect(dsn) as connection:
            assert connection.execute("select current_user").fetchone() == ("a visitor",)
    with postgres15.connect() as connection:
        assert connection.execute("select 1 from pg_roles where rolname = 'a visitor'").fetchone() is None
        assert connection.execute("select 1 from pg_database where datname = %s", [first.name]).fetchone() is None


def test_a_pooler_gives_each_transaction_a_session(database15: Database) -> None:
    dsn = database15.create_role("shopkeeper", "a secret")
    assert dsn.endswith(database15.name)
    with PgBouncer(database15.server) as pooler:
        through = pooler.dsn(database15.name, "shopkeeper", "a secret")
        with psycopg.connect(through, autocommit=True) as one, psycopg.connect(through, autocommit=True) as two:
            pids = {c.execute("select pg_backend_pid()").fetchone() for c in (one, two)}
    assert len(pids) == 1
