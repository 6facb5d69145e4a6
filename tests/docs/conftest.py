from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import conninfo

from tests.docs.documents import REPOSITORY
from tests.docs.reader import Reader, shell_environment
from tests.servers.controlplane import cluster_for_tests
from tests.servers.controlplane_cluster import Cluster
from tests.servers.fixtures_postgres import Database

BOOKINGS = (
    "create role marketplace_owner",
    "create table payments (id bigint primary key, booking_id bigint not null, amount numeric not null)",
    "alter table payments owner to marketplace_owner",
    "insert into payments select n, n / 2, 10 from generate_series(1, 100000) as n",
    "analyze payments",
    *("select amount from payments where booking_id = 4711",) * 20,
)


@pytest.fixture(scope="module")
def cluster_of_readers() -> Iterator[Cluster]:
    """A cluster of their own: the documents end with taking pgtend out of it."""
    with cluster_for_tests() as cluster:
        yield cluster


@pytest.fixture
def reader(cluster_of_readers: Cluster, database15: Database, tmp_path: Path) -> Iterator[Reader]:
    """A reader with a fresh database and without a namespace `shop`."""
    database15.run(*BOOKINGS)
    folder = tmp_path / "pgtend"
    folder.mkdir()
    for entry in REPOSITORY.iterdir():
        (folder / entry.name).symlink_to(entry)
    superuser = conninfo.conninfo_to_dict(database15.dsn)
    logged_in = {f"PG{name.upper()}": str(superuser[name]) for name in ("host", "port", "user", "password")}
    made = Reader(
        folder=folder,
        environment=shell_environment(
            **logged_in,
            PGDATABASE=database15.name,
            KUBECONFIG=str(cluster_of_readers.kubeconfig),
            KUBECACHEDIR=str(tmp_path / "kubectl"),
            HOME=str(tmp_path),
            OBSERVER_URI=database15.dsn_for("pgtend_observer", "choose one"),
            TUNER_URI=database15.dsn_for("pgtend_tuner", "and another"),
        ),
    )
    yield made
    made.run("kubectl delete namespace shop --ignore-not-found --timeout=60s")
