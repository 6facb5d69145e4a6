"""Workloads of more statements than are planned one by one, on a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pgtend.commands import observed
from pgtend.core.compression import MOST_PLANNED
from tests.integration.advise.conftest import Advise

FORMS = (
    "SELECT id, amount FROM payments WHERE booking_id = {n}",
    "SELECT id, vendor_id FROM bookings WHERE couple_id = {n} ORDER BY wedding_date",
    "UPDATE bookings SET status = 'done' WHERE vendor_id = {n}",
)


def write_many(path: Path, count: int) -> Path:
    """A file of as many statements, the weight of each one over its rank."""
    entries = [
        {"id": f"q{n}", "sql": FORMS[n % len(FORMS)].format(n=n), "weight": 1000 / (1 + n)} for n in range(count)
    ]
    path.write_text(json.dumps(entries))
    return path


def test_the_plans_are_those_of_the_heaviest_and_one_of_each_other(advise: Advise, tmp_path: Path) -> None:
    few, many = (
        advise("--output", "json", "--workload", str(write_many(tmp_path / f"{count}.json", count))).json
        for count in (MOST_PLANNED, 4 * MOST_PLANNED)
    )
    assert few["coverage"] is None
    coverage = many["coverage"]
    assert (coverage["planned"], coverage["similar"], coverage["unlike"]) == (MOST_PLANNED, 3 * MOST_PLANNED, 0)
    assert 0 < coverage["similarShare"] < 0.5
    assert many["spent"]["explains"] - 4 * MOST_PLANNED <= 1.2 * few["spent"]["explains"]
    assert many["statements"] == 4 * MOST_PLANNED
    assert {(each["table"], each["columns"][0]) for each in many["indexes"]} == {
        (each["table"], each["columns"][0]) for each in few["indexes"]
    }
    assert any(f"the {MOST_PLANNED} heaviest were planned" in note for note in many["notes"])


def test_what_the_unplanned_write_makes_an_index_dearer(advise: Advise, tmp_path: Path) -> None:
    given = json.loads(write_many(tmp_path / "few.json", MOST_PLANNED).read_text())
    lighter = [{"sql": f"UPDATE bookings SET couple_id = {n} WHERE id = {n}", "weight": 1} for n in range(MOST_PLANNED)]
    costs = []
    for name, entries in (("few", given), ("many", [*given, *lighter])):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(entries))
        content = advise("--output", "json", "--minimum-gain", "0", "--workload", str(path)).json
        costs.append({next(iter(each["columns"])): each["writeCost"] for each in content["indexes"]}["vendor_id"])
    coverage = content["coverage"]
    assert coverage["similar"] + coverage["unlike"] == len(lighter)
    assert coverage["similarShare"] + coverage["unlikeShare"] < 0.001
    assert costs[1] > costs[0]


def test_where_the_time_does_not_suffice_to_weigh_all_the_best_so_far_is_said_to_be_that(
    advise: Advise, tmp_path: Path
) -> None:
    path = write_many(tmp_path / "many.json", 5 * MOST_PLANNED)
    outcome = advise("--output", "json", "--max-seconds", "0.1", "--workload", str(path))
    assert outcome.code == 0
    assert not outcome.json["complete"]
    coverage = outcome.json["coverage"]
    assert coverage["planned"] < outcome.json["spent"]["explains"] / 2
    assert coverage["planned"] + coverage["unreached"] == MOST_PLANNED


def test_entries_beyond_those_looked_at_are_left_out_with_their_share(
    advise: Advise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed, "MOST_ENTRIES", 3)
    content = advise("--output", "json").json
    rest = [each for each in content["leftOut"] if each["id"].endswith("with the least time")]
    assert len(rest) == 1
    assert 0 < rest[0]["share"] < 1
