"""What is said of an index that goes, where another schema has one of the same name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from pgtend.commands.answer import Answer, find_change
from pgtend.commands.sql_output import render_sql
from pgtend.commands.story_output import render_story
from pgtend.core.redundancy import drop_of
from pgtend.domain.advice import Advice, AdvisedChange, Spent
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Workload
from tests.unit.commands.test_answer import EVIDENCE
from tests.unit.core.catalogs import existing, index_on

CREATE = AdvisedChange(
    action=Action.CREATE,
    index=index_on("bookings", "vendor_id", "wedding_date"),
    evidence=replace(EVIDENCE, makes_redundant=("narrow",)),
)


def drop(schema: str) -> AdvisedChange:
    return drop_of(existing(index_on("bookings", "vendor_id", schema=schema), "narrow"), "It is held.", 0.0)


def answer(*changes: AdvisedChange) -> Answer:
    advice = Advice(changes=changes, cost_before=2.0, cost_after=1.0)
    return Answer(database="shop", advice=advice, workload=Workload(queries=()), spent=Spent())


def story(told: Answer) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        render_story(CREATE, told, console)
    return capture.get()


@pytest.mark.parametrize(("schema", "goes"), [("public", True), ("archive", False)])
def test_only_the_index_of_the_same_schema_takes_the_place_of_a_redundant_one(schema: str, goes: bool) -> None:
    told = answer(CREATE, drop(schema))
    assert ("Look afterwards whether these are still needed: narrow." in render_sql(told)) is not goes
    assert ("It takes the place of narrow" in story(told)) is goes
    assert ("It has all that narrow has: look whether that is still needed" in story(told)) is not goes


def test_one_of_two_of_the_same_name_is_found_by_its_schema() -> None:
    told = answer(drop("archive"), drop("public"))
    assert find_change(told, "public.narrow") is told.advice.changes[1]
    assert find_change(told, "archive.narrow") is find_change(told, "narrow") is told.advice.changes[0]
    assert find_change(told, "other.narrow") is None
