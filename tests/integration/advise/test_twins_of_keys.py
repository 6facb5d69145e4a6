"""What an existing index serves already is not served better by another one that begins the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.advise.conftest import run
from tests.servers.fixtures_postgres import fresh_database
from tests.servers.postgres import PostgresServer


@pytest.mark.parametrize("rows", [50, 3_000, 40_000, 300_000])
def test_a_lookup_by_the_primary_key_needs_no_other_index(
    postgres15: PostgresServer, tmp_path: Path, rows: int
) -> None:
    """HypoPG's indexes have no height, so the planner takes any for cheaper than a real one."""
    workload = tmp_path / "lookups.sql"
    workload.write_text(
        "select note, state from orders where id = 17;\n"
        "select * from orders where id in (1, 20, 30);\n"
        "select o.note, o.state from orders o join (values (3), (5)) as v (id) on v.id = o.id;\n"
    )
    with fresh_database(postgres15) as database:
        database.run(
            "create table orders (id int primary key, note text not null, state int not null)",
            f"insert into orders select n, 'note ' || n, n % 7 from generate_series(1, {rows}) as n",
            "vacuum analyze orders",
        )
        outcome = run(database.dsn, "--workload", str(workload), "--output", "json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["indexes"] == []
