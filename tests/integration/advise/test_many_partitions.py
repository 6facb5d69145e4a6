"""Of very many partitions, those that are asked for are thought of first: the newest may be the smallest."""

from __future__ import annotations

from pathlib import Path

from tests.integration.advise.conftest import run
from tests.servers.fixtures_postgres import fresh_database
from tests.servers.postgres import PostgresServer

MONTHS = 12


def test_the_partition_that_is_read_is_thought_of_however_small_it_is(
    postgres15: PostgresServer, tmp_path: Path
) -> None:
    newest = f"events_{MONTHS - 1}"
    workload = tmp_path / "events.sql"
    workload.write_text(f"select * from events where month = {MONTHS - 1} and visitor = 77;\n")
    with fresh_database(postgres15) as database:
        database.run(
            "create table events (month int not null, visitor int not null, note text not null) partition by range (month)",
            *(
                f"create table events_{month} partition of events for values from ({month}) to ({month + 1})"
                for month in range(MONTHS)
            ),
            f"insert into events select n % {MONTHS - 1}, n % 5000, 'note ' || n from generate_series(1, 330000) n",
            f"insert into events select {MONTHS - 1}, n % 5000, 'note ' || n from generate_series(1, 15000) n",
            "vacuum analyze events",
        )
        for _ in range(30):
            database.run(f"select count(*) from events where month = {MONTHS - 1} and visitor = 77")
        outcome = run(database.dsn, "--workload", str(workload), "--output", "json")
        text = run(database.dsn, "--workload", str(workload), "--output", "sql").stdout
    assert outcome.code == 0, outcome.stderr
    assert [index["table"] for index in outcome.json["indexes"]] == [newest]
    assert "-- Note: public.events has 12 partitions" in text
