"""Of what the figures in the table are shares: of the whole workload, and of its time where that was counted."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console

from pgtend.commands.answer import Answer
from pgtend.commands.json_output import render_json
from pgtend.commands.shares import seconds_per_hour, share_saved
from pgtend.commands.table_output import render_table
from pgtend.core.redundancy import drop_of
from pgtend.domain.advice import Advice, AdvisedChange, Spent
from pgtend.domain.recommendation import Action, Evidence
from pgtend.domain.workload import Load, WeightedQuery, Workload
from tests.unit.core.catalogs import existing, index_on
from tests.unit.core.test_advise import workload

HELPS = Evidence(
    validated=True,
    cost_before=200.0,
    cost_after=20.0,
    saved_seconds_per_hour=0.0,
    size_bytes=4_000_000,
    write_cost=0.0,
    queries=(),
)
CREATE = AdvisedChange(action=Action.CREATE, index=index_on("payments", "booking_id"), evidence=HELPS)
TIMED = replace(CREATE, evidence=replace(HELPS, saved_seconds_per_hour=3.0))
DROP = drop_of(replace(existing(index_on("payments", "status"), "surplus"), size_bytes=1_000_000), "Held by one.", 0.0)


def answer(*changes: AdvisedChange, of: Workload | None = None, hours: float | None = None) -> Answer:
    advice = Advice(changes=changes, cost_before=1_000.0, cost_after=820.0)
    return Answer(database="shop", advice=advice, workload=of or Workload(queries=(), hours=hours), spent=Spent())


def counted(total_ms: float, hours: float) -> Workload:
    queries: list[WeightedQuery] = []
    for each in workload().queries[:2]:
        queries.append(replace(each, load=Load(calls=10, total_ms=total_ms / 2, rows=10)))
    return Workload(queries=tuple(queries), hours=hours)


def table(told: Answer) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        render_table(told, console)
    return " ".join(capture.get().split())


def test_of_files_the_share_is_of_the_cost_of_the_whole_workload() -> None:
    told = answer(CREATE)
    assert share_saved(CREATE, told) == pytest.approx(18.0)
    assert "Saves: share of the estimated cost of the whole workload" in table(told)
    assert " 18 " in table(told)


def test_where_times_were_counted_the_share_is_of_all_time_of_the_statements_looked_at() -> None:
    told = answer(TIMED, of=counted(total_ms=60_000.0, hours=2.0))
    assert seconds_per_hour(told) == pytest.approx(30.0)
    assert share_saved(TIMED, told) == pytest.approx(10.0)
    assert "3.0 (10 %)" in table(told)
    assert "their share of the 30.0 s that all statements looked at take; 3.0 s together" in table(told)


def test_without_a_planner_no_share_is_made_up() -> None:
    unplanned = replace(CREATE, evidence=replace(HELPS, validated=False))
    assert share_saved(unplanned, answer(unplanned)) is None
    assert "without a planner nobody knows what the whole workload costs" in table(answer(unplanned))


def test_bytes_are_told_as_they_are_before_and_after_the_drops() -> None:
    assert "the disk needs 4.0 MB more until these are dropped, then 3.0 MB" in table(answer(CREATE, DROP))
    assert "the disk needs" not in table(answer(CREATE))
    assert "with 1.0 MB of dropped ones." in table(answer(DROP))


def test_programs_are_told_bytes_before_and_after_the_drops() -> None:
    storage = json.loads(render_json(answer(CREATE, DROP)))["storage"]
    assert storage == {"created": 4_000_000, "dropped": 1_000_000, "net": 3_000_000}
