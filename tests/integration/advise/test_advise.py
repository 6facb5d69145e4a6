"""`pgtend advise` on a real PostgreSQL 15 with HypoPG: what is advised, in all forms, from all sources."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from pgtend.cli import main
from pgtend.commands.json_output import AdviceDocument
from pgtend.core.sql.lexer import tokenize
from pgtend.domain.index import Index
from pgtend.postgres.hypopg import HypoPG
from tests.integration.advise.conftest import LIVE, SCHEMA, Advise, run
from tests.servers.fixtures_postgres import Database, fresh_database
from tests.servers.postgres import PostgresServer

EXPECTED = {("payments", "booking_id"), ("bookings", "couple_id"), ("bookings", "vendor_id")}
"""Tables with the first key of their one new index."""


def advised(content: dict[str, object]) -> set[tuple[str, tuple[str, ...]]]:
    indexes = content["indexes"]
    assert isinstance(indexes, list)
    return {(index["table"], tuple(index["columns"])) for index in indexes}


def test_from_live_statements_alone_as_json(advise: Advise) -> None:
    outcome = advise("--output", "json")
    assert outcome.code == 0
    content = outcome.json
    assert sorted((table, columns[0]) for table, columns in advised(content)) == sorted(EXPECTED)
    assert ("bookings", ("vendor_id", "wedding_date")) in advised(content)
    assert content["cost"]["after"] < 0.1 * content["cost"]["before"]
    assert content["spent"]["explains"] > 0
    assert content["spent"]["seconds"] > 0
    assert content["complete"]
    for index in content["indexes"]:
        assert index["definition"].startswith(f"CREATE INDEX {index['name']} ON public.{index['table']} ")
        assert index["validated"]
        assert index["sizeBytes"] > 1_000_000
        assert index["savedSecondsPerHour"] > 0
        assert index["queries"]
    assert [drop["name"] for drop in content["drops"]] == ["payments_created_at_idx"] or [
        drop["name"] for drop in content["drops"]
    ] == ["payments_created_idx"]


def test_none_of_the_application_s_statements_is_left_out(advise: Advise) -> None:
    reasons = [each["reason"] for each in advise("--output", "json").json["leftOut"]]
    assert not [reason for reason in reasons if "refused" in reason or "parsed" in reason or "has no column" in reason]


def test_rows_that_come_by_copy_count_as_writes_where_a_reset_says_since_when() -> None:
    # On a server of its own: statements count from when those of all databases were reset.
    with PostgresServer(version=15) as server, fresh_database(server) as database:
        database.run(*SCHEMA)
        costs = []
        for reset in ("", "SELECT pg_stat_reset()"):
            with database.connect() as connection:
                if reset:
                    connection.execute(reset)
                connection.execute("SELECT pg_stat_statements_reset()")
                with connection.cursor().copy("COPY payments FROM STDIN") as copy:
                    for number in range(1000):
                        copy.write_row((2_000_000 + number if reset else 1_000_000 + number, number, 1, None))
                for number in range(10):
                    connection.execute(LIVE[0].format(n=number).encode())
            (index,) = run(database.dsn, "--output", "json").json["indexes"]
            assert index["columns"] == ["booking_id"]
            costs.append(index["writeCost"])
        assert costs[0] == 0
        assert costs[1] > 0


def test_as_sql_there_is_nothing_but_sql(advise: Advise) -> None:
    outcome = advise("--output", "sql")
    assert outcome.code == 0
    for line in outcome.stdout.splitlines():
        assert line.startswith("-- ") or (
            line.startswith(("CREATE INDEX CONCURRENTLY ", "DROP INDEX CONCURRENTLY ")) and line.endswith(";")
        )
    assert "candidate" in outcome.stderr


def test_as_a_table_a_person_sees_what_and_why(advise: Advise) -> None:
    outcome = advise()
    assert outcome.code == 0
    for words in ("index on public.payments (booking_id", "drop index", "s/h", "Estimates are not results", "helps"):
        assert words in " ".join(outcome.stdout.split())  # lines are broken where the terminal ends
    assert "Seq Scan on payments → " in outcome.stdout
    assert "filter on 120 k rows gone" in " ".join(outcome.stdout.split())
    assert max(map(len, outcome.stdout.splitlines())) <= 80


def test_the_whole_story_of_one_is_told_by_name_and_by_number(advise: Advise) -> None:
    first = advise("--output", "json").json["indexes"][0]
    by_name, by_number = advise("--explain", first["name"]), advise("--explain", "1")
    assert (by_name.code, by_number.code) == (0, 0)
    for outcome in (by_name, by_number):
        assert outcome.stdout.startswith(first["name"])
        assert f"Risk: {first['risk']}" in outcome.stdout
        assert "by a what-if plan" in outcome.stdout
        assert first["queries"][0]["text"].split()[0] in outcome.stdout
    missing = advise("--explain", "no_such_idx")
    assert missing.code == 2
    assert first["name"] in missing.stderr
    assert missing.stdout == ""


def test_what_is_printed_as_json_is_what_its_schema_says(advise: Advise) -> None:
    content = advise("--output", "json").json
    AdviceDocument.model_validate(content)
    assert any(index["queries"][0]["planChange"] for index in content["indexes"])
    assert [index["priority"] for index in content["indexes"]] == sorted(
        (index["priority"] for index in content["indexes"]), reverse=True
    )


def test_ctrl_c_ends_the_search_and_prints_the_best_so_far(advise: Advise, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = HypoPG.sizes

    async def interrupted(self: HypoPG, indexes: Sequence[Index]) -> tuple[int, ...]:
        os.kill(os.getpid(), signal.SIGINT)
        return await sizes(self, indexes)

    monkeypatch.setattr(HypoPG, "sizes", interrupted)
    outcome = advise("--output", "json")
    assert outcome.code == 130
    AdviceDocument.model_validate(outcome.json)
    assert not outcome.json["complete"]
    assert "press Ctrl-C again" in outcome.stderr


def test_once_applied_there_is_nothing_more_to_advise(postgres15: PostgresServer, tmp_path: Path) -> None:
    path = tmp_path / "w.sql"
    path.write_text(
        "SELECT id FROM a WHERE x = $1; SELECT id FROM a WHERE y = $1 ORDER BY x; SELECT count(*) FROM a WHERE id < $1"
    )
    with fresh_database(postgres15) as database:
        database.run(
            "CREATE TABLE a (id int PRIMARY KEY, x int, y int, note text)",
            "INSERT INTO a SELECT n, n % 5000, n % 7000, 'note' FROM generate_series(1, 50000) AS n",
            "VACUUM ANALYZE a",
        )
        first = run(database.dsn, "--workload", str(path), "--output", "sql")
        assert "CREATE INDEX" in first.stdout
        database.run(*(line for line in first.stdout.splitlines() if not line.startswith("--")))
        database.run("VACUUM ANALYZE a")
        again = run(database.dsn, "--workload", str(path), "--output", "sql")
        assert again.code == 0
        assert tokenize(again.stdout) == ()


def test_the_stated_cost_is_that_of_the_chosen_set_where_a_query_scans_an_index_of_another(
    postgres15: PostgresServer, tmp_path: Path
) -> None:
    """One index serves the order by ``x`` and what is sought by it; the third statement reads all of it, by ``y``."""
    texts = [
        "SELECT a.* FROM a WHERE y BETWEEN 23644 AND 24844 ORDER BY x LIMIT 10",
        "SELECT y, max(y) FROM a WHERE x BETWEEN 46610 AND 47810 GROUP BY y",
        "SELECT a.y, count(*) FROM a, b WHERE a.y BETWEEN 52630 AND 53830 AND b.z BETWEEN 1 AND 2 AND a.y = b.id GROUP BY a.y",
    ]
    path = tmp_path / "w.json"
    path.write_text(json.dumps([{"id": str(number), "sql": text} for number, text in enumerate(texts)]))
    with fresh_database(postgres15) as database:
        database.run(
            "CREATE TABLE a (id int PRIMARY KEY, x int, y int, pad text)",
            "INSERT INTO a SELECT n, (n::bigint * 104729) % 60000, (n * 7919) % 60000, repeat('x', 400) FROM generate_series(1, 60000) AS n",
            "CREATE TABLE b (id int PRIMARY KEY, z int, pad text)",
            "INSERT INTO b SELECT n, n % 2, repeat('x', 400) FROM generate_series(1, 60000) AS n",
            "VACUUM ANALYZE",
        )
        limits = ("--storage-budget", "1500kB", "--max-width", "2")
        answer = run(database.dsn, "--workload", str(path), "--output", "json", *limits)
        document = json.loads(answer.stdout)
        assert [index["columns"] for index in document["indexes"]] == [["x", "y"]]
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute("SELECT hypopg_create_index('CREATE INDEX ON a (x, y)')")
            planned = [connection.execute("EXPLAIN (FORMAT JSON) " + text).fetchone() for text in texts]
        assert document["cost"]["after"] == pytest.approx(
            sum(row[0][0]["Plan"]["Total Cost"] for row in planned if row)
        )


@pytest.mark.parametrize("form", ["folder", "file", "json"])
def test_from_files_in_every_form(advise: Advise, tmp_path: Path, form: str) -> None:
    texts = [
        "SELECT id, amount FROM payments WHERE booking_id = 17",
        "SELECT id FROM bookings WHERE couple_id = 17 ORDER BY wedding_date",
    ]
    if form == "folder":
        path = tmp_path
        for number, text in enumerate(texts):
            (tmp_path / f"q{number}.sql").write_text(text)
    elif form == "file":
        path = tmp_path / "all.sql"
        path.write_text(";\n".join(texts))
    else:
        path = tmp_path / "all.json"
        path.write_text(json.dumps([{"id": f"q{n}", "sql": text, "weight": n + 1} for n, text in enumerate(texts)]))
    content = advise("--workload", str(path), "--output", "json").json
    assert {table for table, _ in advised(content)} == {"payments", "bookings"}
    assert content["statements"] == 2


def test_bad_statements_get_a_line_each_and_the_rest_gets_advice(advise: Advise, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT id FROM payments WHERE booking_id = 17")
    (tmp_path / "b.sql").write_text("SELEC nonsense")
    (tmp_path / "c.sql").write_text("CREATE TABLE x (a int)")
    (tmp_path / "d.sql").write_text("SELECT * FROM dropped_long_ago")
    (tmp_path / "e.sql").write_text("SELECT id FROM payments WHERE amount = my_own(3)")
    (tmp_path / "f.sql").write_text("SELECT id FROM payments WHERE amount = 'x'::int4range")
    (tmp_path / "g.sql").write_text("SELECT nothing FROM payments WHERE booking_id = 3")
    content = advise("--workload", str(tmp_path), "--output", "json").json
    assert [(table, columns[0]) for table, columns in advised(content)] == [("payments", "booking_id")]
    reasons = {each["id"]: each["reason"] for each in content["leftOut"]}
    assert reasons.keys() == {"b.sql", "c.sql", "d.sql", "e.sql", "f.sql", "g.sql"}
    assert "dropped_long_ago" in reasons["d.sql"]
    assert "my_own" in reasons["e.sql"]
    assert all(reason.endswith(".") for reason in reasons.values())


def test_a_budget_is_kept_and_none_is_left_at_zero(advise: Advise) -> None:
    full = advise("--output", "json").json
    freed = sum(drop["sizeBytes"] for drop in full["drops"])
    largest = max(index["sizeBytes"] for index in full["indexes"])
    budget = int(1.05 * (largest - freed)) + 100_000
    less = advise("--output", "json", "--storage-budget", str(budget)).json
    assert sum(index["sizeBytes"] for index in less["indexes"]) <= budget + freed
    assert advised(less)
    assert sum(index["sizeBytes"] for index in less["indexes"]) < sum(index["sizeBytes"] for index in full["indexes"])
    assert less["cost"]["after"] > full["cost"]["after"]


def test_tables_get_no_more_indexes_than_allowed(advise: Advise) -> None:
    content = advise("--output", "json", "--max-indexes-per-table", "2").json
    assert sum(table == "bookings" for table, _ in advised(content)) == 1
    assert not any(table == "payments" for table, _ in advised(content))  # the duplicate gone, it has two


def test_a_table_that_gives_up_a_duplicate_gets_another_index_in_its_place(advise: Advise) -> None:
    content = advise("--output", "json", "--max-indexes-per-table", "3").json
    assert [drop["table"] for drop in content["drops"]] == ["payments"]
    assert sum(table == "payments" for table, _ in advised(content)) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--storage-budget", "much"], "is no size"),
        (["--workload", "/gone/away"], "no file or folder /gone/away"),
        (["--output", "yaml"], "yaml"),
        (["--max-indexes-per-table", "0"], "0"),
    ],
)
def test_wrong_options_end_with_2_and_a_sentence(advise: Advise, arguments: list[str], words: str) -> None:
    outcome = advise(*arguments)
    assert outcome.code == 2
    assert words in outcome.stderr
    assert outcome.stdout == ""


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://nobody:hush-hush@127.0.0.1:1/shop",
        "postgresql://nobody:hush-hush@%zz/",
        "host=127.0.0.1 hush-hush",
    ],
)
def test_a_database_that_cannot_be_reached_ends_with_1_and_tells_no_password(dsn: str) -> None:
    outcome = run(dsn)
    assert outcome.code == 1
    assert outcome.stderr.startswith("Error: ")
    assert "hush" not in outcome.stderr + outcome.stdout


def test_nothing_of_a_secret_table_gets_out_by_any_text(marketplace: Database, advise: Advise, tmp_path: Path) -> None:
    marketplace.run("CREATE TABLE IF NOT EXISTS secret (word text)", "INSERT INTO secret VALUES ('xyzzy')")
    texts = [
        "SELECT id FROM payments WHERE id = table_to_xml('secret', true, false, '')::text::int",
        "SELECT id FROM payments WHERE id = query_to_xml('select * from secret', true, false, '')::text::int",
        "SELECT id FROM payments WHERE id = pg_catalog.table_to_xml('secret', true, false, '')::text::int",
        "SELECT id FROM payments WHERE id = \"table_to_xml\"('secret', true, false, '')::text::int",
        "SELECT id FROM payments WHERE id = ts_stat('select to_tsvector(word) from secret')::text::int",
    ]
    (tmp_path / "w.json").write_text(json.dumps([{"sql": text} for text in texts]))
    outcome = advise("--workload", str(tmp_path / "w.json"), "--output", "json")
    assert len(outcome.json["leftOut"]) == len(texts)
    assert outcome.json["spent"]["explains"] == 0
    assert "xyzzy" not in outcome.stdout + outcome.stderr


def test_without_hypopg_it_says_what_is_lost_and_goes_on(postgres15: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "w.sql").write_text("SELECT * FROM a WHERE x = 3")
    with fresh_database(postgres15) as database:
        database.run(
            "DROP EXTENSION hypopg",
            "CREATE TABLE a AS SELECT n AS id, n % 50000 AS x, 'note' AS note FROM generate_series(1, 100000) AS n",
            "ANALYZE a",
        )
        outcome = run(database.dsn, "--workload", str(tmp_path / "w.sql"), "--output", "json")
    assert outcome.code == 0
    assert "hypopg" in outcome.stderr.lower()
    assert [index["validated"] for index in outcome.json["indexes"]] == [False]
    assert outcome.json["notes"]


def test_without_pg_stat_statements_it_says_how_to_get_it_and_takes_files(
    postgres15: PostgresServer, tmp_path: Path
) -> None:
    (tmp_path / "w.sql").write_text("SELECT * FROM a WHERE x = 3")
    with fresh_database(postgres15) as database:
        database.run("DROP EXTENSION pg_stat_statements", "CREATE TABLE a (x int)")
        outcome = run(database.dsn)
        assert outcome.code == 1
        assert "pg_stat_statements" in outcome.stderr
        assert run(database.dsn, "--workload", str(tmp_path / "w.sql")).code == 0


def test_the_shipped_observer_is_all_it_needs(marketplace: Database) -> None:
    grants = CliRunner().invoke(main, ["grants", "--no-tuner"], env={"PGTEND_DSN": marketplace.dsn})
    marketplace.run(grants.stdout, "ALTER ROLE pgtend_observer PASSWORD 'secret of a test'")
    outcome = run(marketplace.dsn_for("pgtend_observer", "secret of a test"), "--output", "json")
    assert outcome.code == 0
    assert {(table, columns[0]) for table, columns in advised(outcome.json)} == EXPECTED


def test_what_no_plan_can_try_is_advised_beside_it_and_marked(postgres15: PostgresServer, tmp_path: Path) -> None:
    (tmp_path / "w.sql").write_text(
        "SELECT id FROM a WHERE tags @> ARRAY['t7']; SELECT id FROM a WHERE lower(name) = 'name7'; SELECT id FROM v WHERE name = 'x'"
    )
    with fresh_database(postgres15) as database:
        database.run(
            """
            CREATE TABLE a AS SELECT n AS id, 'Name' || n AS name, ARRAY['t' || n % 9000] AS tags, repeat('filler ', 40) AS note
            FROM generate_series(1, 60000) AS n
            """,
            "CREATE VIEW v AS SELECT id, name FROM a WHERE id > 0",
            "VACUUM ANALYZE a",
        )
        content = run(database.dsn, "--workload", str(tmp_path / "w.sql"), "--output", "json").json
    found = {(index["method"], tuple(index["columns"])): index["validated"] for index in content["indexes"]}
    assert found == {
        ("btree", ("(pg_catalog.lower(name))",)): True,
        ("btree", ("name", "id")): True,
        ("gin", ("tags",)): False,
    }
