from __future__ import annotations

import json
from pathlib import Path

import pytest

from pgtend.commands.workload_files import GivenStatement, WorkloadInvalid, given_workload, read_workload_files
from pgtend.core.sql.lexer import LONGEST_TEXT
from tests.unit.core.catalogs import catalog

ONE, TWO = "select id from payments where booking_id = 1", "select id from bookings where couple_id = 2"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_folder_holds_one_or_more_statements_a_file(tmp_path: Path) -> None:
    write(tmp_path / "b.sql", f"{ONE};\n{TWO}; -- the end\n")
    write(tmp_path / "a.SQL", f"-- what it does: everything\n{ONE}")
    write(tmp_path / "notes.txt", "not this")
    given = read_workload_files(tmp_path)
    assert [statement.id for statement in given] == ["a.SQL", "b.sql:1", "b.sql:2"]
    assert {statement.weight for statement in given} == {1.0}


def test_a_file_is_split_where_statements_end_and_not_within_strings(tmp_path: Path) -> None:
    given = read_workload_files(
        write(tmp_path / "w.sql", "select ';' from payments /* ; */;; select $$;$$ from payments")
    )
    assert [statement.sql for statement in given] == ["select ';' from payments", "select ';' from payments"]


def test_a_file_of_ten_thousand_statements_is_split_although_no_single_one_may_be_so_long(tmp_path: Path) -> None:
    text = ";\n".join(f"select id from payments where booking_id = {number}" for number in range(10_000))
    assert len(text) > LONGEST_TEXT
    given = read_workload_files(write(tmp_path / "w.sql", text))
    assert len(given) == 10_000
    assert given[-1].id == "w.sql:10000"


def test_json_gives_ids_and_weights(tmp_path: Path) -> None:
    content = [{"id": "pay", "sql": ONE, "weight": 10}, {"sql": TWO}, {"id": "pay", "sql": TWO, "weight": 0.5}]
    assert read_workload_files(write(tmp_path / "w.json", json.dumps(content))) == (
        GivenStatement(id="pay", sql=ONE, weight=10.0),
        GivenStatement(id="w.json:2", sql=TWO, weight=1.0),
        GivenStatement(id="pay (2)", sql=TWO, weight=0.5),
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("w.json", "[", "no JSON (line 1)"),
        ("w.json", "{}", "no list"),
        ("w.json", "[]", "no statement"),
        ("w.json", "[1]", 'Entry 1 of .* no text under "sql"'),
        ("w.json", '[{"sql": 5}]', 'no text under "sql"'),
        ("w.json", '[{"sql": "select 1", "weight": "much"}]', "no number from 0 to 1e+12"),
        ("w.json", '[{"sql": "select 1", "weight": -1}]', "no number from 0 to 1e+12"),
        ("w.json", '[{"sql": "select 1", "weight": NaN}]', "no number from 0 to 1e+12"),
        ("w.json", '[{"sql": "select 1", "weight": Infinity}]', "no number from 0 to 1e+12"),
        ("w.json", '[{"sql": "select 1", "weight": 1e308}]', "no number from 0 to 1e+12"),
        ("w.json", f'[{{"sql": "select 1", "weight": 1{"0" * 400}}}]', "no number from 0 to 1e+12"),
        ("w.json", f'[{{"sql": "select 1", "weight": 1{"0" * 5000}}}]', "no JSON"),
        ("w.json", '[{"sql": "select \\ud800"}]', "half of a surrogate pair"),
        ("w.json", '[{"sql": "select 1", "id": "\\udfff"}]', "half of a surrogate pair"),
        ("w.json", '[{"sql": "select 1", "weight": true}]', "no number from 0 to 1e+12"),
        ("w.json", '[{"sql": "select 1", "id": {}}]', '"id" that is no text'),
        ("w.json", "[" * 100_000, "no JSON"),
        ("w.sql", "", "no statement"),
        ("w.sql", "-- nothing", "no statement"),
        ("w.sql", b"\xff\xfe\x00", "no UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, name: str, content: str | bytes, words: str) -> None:
    with pytest.raises(WorkloadInvalid, match=words.replace("(", r"\(").replace(")", r"\)").replace("+", r"\+")):
        read_workload_files(write(tmp_path / name, content))


def test_a_missing_path_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(WorkloadInvalid, match="no file or folder"):
        read_workload_files(tmp_path / "gone.sql")
    with pytest.raises(WorkloadInvalid, match="cannot be read"):
        read_workload_files(Path("x" * 5000))
    with pytest.raises(WorkloadInvalid, match=r"no \.sql file in the folder"):
        read_workload_files(tmp_path)


def test_statements_that_cannot_be_used_are_left_out_with_their_share_and_the_rest_stays(tmp_path: Path) -> None:
    content = [
        {"id": "good", "sql": ONE, "weight": 6},
        {"id": "ddl", "sql": "drop table payments", "weight": 1},
        {"id": "cut", "sql": "select id from payments where status = 'cut", "weight": 1},
        {"id": "gone", "sql": "select * from gone", "weight": 2},
    ]
    given = read_workload_files(write(tmp_path / "w.json", json.dumps(content)))
    workload = given_workload(given, catalog())
    assert [(each.id, each.weight) for each in workload.queries] == [("good", 6.0)]
    assert [(each.id, each.share) for each in workload.left_out] == [("ddl", 0.1), ("cut", 0.1), ("gone", 0.2)]
    assert workload.hours is None


def test_a_file_that_is_no_sql_at_all_is_left_out_as_one_statement(tmp_path: Path) -> None:
    (statement,) = read_workload_files(write(tmp_path / "w.sql", "select 'open"))
    assert statement.id == "w.sql"
