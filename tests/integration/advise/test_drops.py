"""Which existing indexes `pgtend advise` drops because a wider one holds them, judged by a real planner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgtend.core.sql.lexer import tokenize
from tests.integration.advise.conftest import run
from tests.integration.advise.hiding import add_hiding
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

TABLE = (
    """
    CREATE TABLE visits (
        id int PRIMARY KEY, guest int NOT NULL, day int NOT NULL, room text NOT NULL, note text NOT NULL, price int NOT NULL
    )
    """,
    # No order of rows that the planner could credit an index on one column with, and one on two with less of.
    """
    INSERT INTO visits
    SELECT n, hashint4(n) & 8191, hashint4(n + 1) & 1023, 'room' || (hashint4(n + 2) & 511), repeat('x', 60), n
    FROM generate_series(1, 100000) AS n
    """,
)
BY_GUEST = "SELECT * FROM visits WHERE guest = 7"
BY_GUESTS = "SELECT * FROM visits WHERE guest BETWEEN 1000 AND 1060"
BY_GUEST_AND_DAY = "SELECT * FROM visits WHERE guest = 7 AND day = 9"
BY_DAY = "SELECT * FROM visits WHERE day = 9"
BY_GUEST_AND_LATE_DAYS = "SELECT * FROM visits WHERE guest = 7 AND day > 1015"
WRITE = "INSERT INTO visits VALUES ($1, $2, $3, $4, $5, $6)"
WRITES = 20
"""Runs of it to one of each other statement."""


@pytest.fixture
def hotel(postgres15: PostgresServer) -> Iterator[Database]:
    """A table whose indexes are each test's own."""
    with fresh_database(postgres15) as database:
        database.run(*TABLE)
        yield database


class Advised:
    """What is advised for these statements."""

    def __init__(self, database: Database, folder: Path, *texts: str) -> None:
        self.database = database
        self.path = folder / "w.json"
        runs = [{"sql": text, "weight": WRITES if text == WRITE else 1} for text in texts]
        self.path.write_text(json.dumps(runs))

    def json(self, *arguments: str) -> dict[str, Any]:
        outcome = run(self.database.dsn, "--workload", str(self.path), "--output", "json", *arguments)
        assert outcome.code == 0, outcome.stderr
        return outcome.json

    def sql(self) -> list[str]:
        return run(self.database.dsn, "--workload", str(self.path), "--output", "sql").stdout.splitlines()

    def drops(self) -> list[str]:
        return [drop["name"] for drop in self.json()["drops"]]

    def follow(self) -> None:
        self.database.run(*(line for line in self.sql() if not line.startswith("--")))
        self.database.run("VACUUM ANALYZE visits")


def make(database: Database, *statements: str) -> None:
    database.run(*statements, "VACUUM ANALYZE visits")


def test_the_beginning_of_another_index_goes_and_then_there_is_nothing_new(hotel: Database, tmp_path: Path) -> None:
    add_hiding(hotel)
    make(hotel, "CREATE INDEX narrow ON visits (guest)", "CREATE INDEX wide ON visits (guest, day)")
    advised = Advised(hotel, tmp_path, BY_GUEST, BY_GUESTS, BY_GUEST_AND_DAY, WRITE)
    (drop,) = advised.json()["drops"]
    assert (drop["name"], drop["after"], drop["statement"]) == ("narrow", None, "DROP INDEX IF EXISTS public.narrow")
    assert drop["sizeBytes"] > 500_000
    assert "wide, which stays and can stand in for it" in drop["reason"]
    advised.follow()
    assert tokenize("\n".join(advised.sql())) == ()


def test_a_better_index_is_made_and_then_takes_the_place_of_the_one_that_it_begins_with(
    hotel: Database, tmp_path: Path
) -> None:
    add_hiding(hotel)
    make(hotel, "CREATE INDEX narrow ON visits (guest)")
    # Many rows of a guest, few of a guest and a day.
    hotel.run("UPDATE visits SET guest = guest & 63")
    hotel.run("VACUUM FULL visits", "VACUUM ANALYZE visits")
    advised = Advised(hotel, tmp_path, BY_GUEST, BY_GUEST_AND_LATE_DAYS, WRITE)
    content = advised.json()
    (index,), (drop,) = content["indexes"], content["drops"]
    assert index["columns"][0] == "guest"
    assert index["makesRedundant"] == ["narrow"]
    assert (drop["name"], drop["after"]) == ("narrow", index["name"])
    lines = advised.sql()
    created = next(number for number, line in enumerate(lines) if line.startswith("CREATE INDEX CONCURRENTLY"))
    dropped = lines.index("DROP INDEX CONCURRENTLY IF EXISTS public.narrow;")
    assert created < dropped
    assert lines[dropped - 1].startswith(f"-- Only once {index['name']} is there and valid")
    table = run(hotel.dsn, "--workload", str(advised.path)).stdout
    assert "only once" in table
    story = run(hotel.dsn, "--workload", str(advised.path), "--explain", "narrow").stdout
    assert f"Only once {index['name']} is there and valid." in story
    advised.follow()
    assert tokenize("\n".join(advised.sql())) == ()


def test_a_duplicate_goes_after_what_its_twin_goes_for(hotel: Database, tmp_path: Path) -> None:
    add_hiding(hotel)
    make(hotel, "CREATE INDEX one ON visits (guest)", "CREATE INDEX other ON visits (guest)")
    hotel.run("UPDATE visits SET guest = guest & 63")
    hotel.run("VACUUM FULL visits", "VACUUM ANALYZE visits")
    advised = Advised(hotel, tmp_path, BY_GUEST, BY_GUEST_AND_LATE_DAYS, WRITE)
    content = advised.json()
    (index,) = content["indexes"]
    assert {drop["name"]: drop["after"] for drop in content["drops"]} == {"one": index["name"], "other": index["name"]}
    assert not any("which stays" in drop["reason"] for drop in content["drops"])
    assert any("which goes as well" in drop["reason"] for drop in content["drops"])
    advised.follow()
    assert tokenize("\n".join(advised.sql())) == ()


def test_without_a_way_to_hide_it_goes_only_where_no_plan_uses_it(hotel: Database, tmp_path: Path) -> None:
    make(hotel, "CREATE INDEX narrow ON visits (guest)", "CREATE INDEX wide ON visits (guest, day)")
    used = Advised(hotel, tmp_path, BY_GUESTS, BY_GUEST_AND_DAY, WRITE).json()
    assert used["drops"] == []
    (note,) = used["notes"]
    assert "public.narrow is held by a wider index" in note
    assert "HypoPG 1.4" in note
    assert Advised(hotel, tmp_path, BY_GUEST_AND_DAY).drops() == ["narrow"]
    add_hiding(hotel)
    hidden = Advised(hotel, tmp_path, BY_GUESTS, BY_GUEST_AND_DAY, WRITE).json()
    (drop,) = hidden["drops"]
    assert "gets dearer by more than 0." in drop["reason"]
    assert drop["upkeepSaved"] > WRITES
    assert hidden["cost"]["after"] > used["cost"]["after"]


def test_it_stays_where_a_statement_reads_much_of_it(hotel: Database, tmp_path: Path) -> None:
    add_hiding(hotel)
    make(hotel, "CREATE INDEX narrow ON visits (guest)", "CREATE INDEX wide ON visits (guest, day, room, note)")
    assert Advised(hotel, tmp_path, BY_GUEST, WRITE).drops() == ["narrow"]
    assert Advised(hotel, tmp_path, BY_GUEST, WRITE, "SELECT count(*) FROM visits WHERE guest > 100").drops() == []


@pytest.mark.parametrize(
    "indexes",
    [
        pytest.param(
            ["CREATE UNIQUE INDEX narrow ON visits (price)", "CREATE INDEX wide ON visits (price, day)"], id="unique"
        ),
        pytest.param(
            ["ALTER TABLE visits ADD CONSTRAINT narrow UNIQUE (price)", "CREATE INDEX wide ON visits (price, day)"],
            id="constraint",
        ),
        pytest.param(
            [
                "CREATE UNIQUE INDEX narrow ON visits (price)",
                "ALTER TABLE visits REPLICA IDENTITY USING INDEX narrow",
                "CREATE INDEX wide ON visits (price, day)",
            ],
            id="replica identity",
        ),
        pytest.param(
            [
                "CREATE INDEX narrow ON visits (guest)",
                "CREATE INDEX wide ON visits (guest, day)",
                "CLUSTER visits USING narrow",
            ],
            id="clustered",
        ),
        pytest.param(
            [
                "CREATE INDEX narrow ON visits (guest) WHERE day > 5",
                "CREATE INDEX wide ON visits (guest, day) WHERE day > 5",
            ],
            id="partial",
        ),
        pytest.param(
            ["CREATE INDEX narrow ON visits (guest)", "CREATE INDEX wide ON visits (guest, day) WHERE day > 5"],
            id="for a partial one",
        ),
        pytest.param(
            ["CREATE INDEX narrow ON visits (room)", "CREATE INDEX wide ON visits (room text_pattern_ops, day)"],
            id="for another operator class",
        ),
        pytest.param(
            ["CREATE INDEX narrow ON visits (room)", 'CREATE INDEX wide ON visits (room COLLATE "C", day)'],
            id="for another collation",
        ),
        pytest.param(
            ["CREATE INDEX narrow ON visits (guest)", "CREATE INDEX wide ON visits (guest DESC, day)"],
            id="for another order",
        ),
        pytest.param(
            ["CREATE INDEX narrow ON visits (guest)", "CREATE INDEX wide ON visits (day, guest)"],
            id="for another first key",
        ),
        pytest.param(
            ["CREATE INDEX narrow ON visits (lower(room))", "CREATE INDEX wide ON visits (lower(room), day)"],
            id="on an expression",
        ),
    ],
)
def test_an_index_never_goes(hotel: Database, tmp_path: Path, indexes: list[str]) -> None:
    add_hiding(hotel)
    make(hotel, *indexes)
    content = Advised(
        hotel, tmp_path, "SELECT * FROM visits WHERE id = 3", "SELECT * FROM visits WHERE note = room"
    ).json()
    assert content["drops"] == []
    assert content["notes"] == []


def test_an_index_for_a_foreign_key_goes_where_another_one_serves_it(hotel: Database, tmp_path: Path) -> None:
    add_hiding(hotel)
    make(
        hotel,
        "CREATE TABLE guests (id int PRIMARY KEY)",
        "INSERT INTO guests SELECT generate_series(0, 8191)",
        "ALTER TABLE visits ADD FOREIGN KEY (guest) REFERENCES guests",
        "CREATE INDEX narrow ON visits (guest)",
        "CREATE INDEX wide ON visits (guest, day)",
    )
    advised = Advised(hotel, tmp_path, BY_GUEST, "DELETE FROM guests WHERE id = 3")
    assert advised.drops() == ["narrow"]
    hotel.run("DROP INDEX wide")
    assert advised.drops() == []


def test_what_goes_makes_room_for_what_comes(hotel: Database, tmp_path: Path) -> None:
    add_hiding(hotel)
    make(hotel, "CREATE INDEX narrow ON visits (guest)", "CREATE INDEX wide ON visits (guest, day)")
    advised = Advised(hotel, tmp_path, BY_GUEST, BY_DAY)
    full = advised.json()
    (index,) = full["indexes"]
    (drop,) = full["drops"]
    assert drop["sizeBytes"] > 0
    budget = max(int((index["sizeBytes"] - drop["sizeBytes"]) * 1.1), 0) + 10_000
    assert budget < index["sizeBytes"]
    assert len(advised.json("--storage-budget", str(budget))["indexes"]) == 1
    assert len(advised.json("--max-indexes-per-table", "3")["indexes"]) == 1
    hotel.run("DROP INDEX narrow")
    assert advised.json("--storage-budget", str(budget))["indexes"] == []
