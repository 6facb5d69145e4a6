"""Which existing index goes because a wider one holds it, and which stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.candidates import starts_with
from pgtend.domain.advice import Advice, AdvisedChange, Constraints, CostAnswer, CostRequest, PlanCost
from pgtend.domain.catalog import Catalog, ExistingIndex
from pgtend.domain.index import (
    AccessMethod,
    Comparison,
    ComparisonOperator,
    FunctionCall,
    Index,
    IndexColumn,
    SortOrder,
)
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Workload
from tests.unit.core.catalogs import POSSIBLE, existing, followed, index_on, needed
from tests.unit.core.planner import Planner
from tests.unit.core.plans import node, over, scan
from tests.unit.core.test_advise import SHOP, ask, workload, workloads

BY_VENDOR = "select id from bookings where vendor_id = $1"
BY_BOTH = "select id from bookings where vendor_id = $1 and wedding_date = $2"
VENDOR = index_on("bookings", "vendor_id")
WIDER = index_on("bookings", "vendor_id", "wedding_date")
NARROW, WIDE = existing(VENDOR, "narrow", oid=5), existing(WIDER, "wide", oid=6)


def shop(*indexes: ExistingIndex) -> Catalog:
    return replace(SHOP, indexes=indexes)


def drops(advice: Advice) -> list[AdvisedChange]:
    return [change for change in advice.changes if change.action is Action.DROP]


def dropped(
    *indexes: ExistingIndex,
    texts: Sequence[str] = (BY_VENDOR, BY_BOTH),
    constraints: Constraints | None = None,
    planner: Planner | None = None,
) -> list[str | None]:
    of = shop(*indexes)
    return [change.index.name for change in drops(ask(workload(texts), of, constraints, planner))]


def test_the_beginning_of_another_index_goes_with_what_is_said_about_it() -> None:
    advice = ask(workload((BY_VENDOR, BY_BOTH)), shop(NARROW, WIDE))
    (change,) = advice.changes
    assert (change.action, change.index.name, change.after) == (Action.DROP, "narrow", None)
    assert change.evidence.size_bytes == NARROW.size_bytes
    assert "narrow" in change.evidence.reason
    assert "wide" in change.evidence.reason
    assert "which stays" in change.evidence.reason
    assert advice.cost_after >= advice.cost_before


def test_of_a_chain_of_beginnings_the_longest_stays() -> None:
    longest = existing(index_on("bookings", "vendor_id", "wedding_date", "couple_id"), "longest", oid=7)
    assert dropped(NARROW, WIDE, longest) == ["narrow", "wide"]


def test_what_begins_a_primary_key_goes_and_the_key_stays() -> None:
    key = replace(WIDE, unique=True, primary=True, constraint=True)
    assert dropped(NARROW, key) == ["narrow"]


@pytest.mark.parametrize("narrow", needed(NARROW).values(), ids=needed(NARROW))
def test_what_something_depends_on_never_goes(narrow: ExistingIndex) -> None:
    assert dropped(narrow, WIDE) == []


OTHER_ORDER = (IndexColumn(column="vendor_id", order=SortOrder.DESC), IndexColumn(column="wedding_date"))
OTHER_CLASS = (IndexColumn(column="vendor_id", opclass="text_pattern_ops"), IndexColumn(column="wedding_date"))
OTHER_COLLATION = (IndexColumn(column="vendor_id", collation="C"), IndexColumn(column="wedding_date"))
CONDITION = (Comparison(column="status", operator=ComparisonOperator.IS_NULL),)


@pytest.mark.parametrize(
    "wider",
    [
        pytest.param(replace(WIDER, columns=OTHER_ORDER), id="another order"),
        pytest.param(replace(WIDER, columns=OTHER_CLASS), id="another operator class"),
        pytest.param(replace(WIDER, columns=OTHER_COLLATION), id="another collation"),
        pytest.param(replace(WIDER, columns=tuple(reversed(WIDER.columns))), id="another first key"),
        pytest.param(replace(WIDER, predicate=CONDITION), id="a part of the rows"),
        pytest.param(replace(WIDER, method=AccessMethod.GIST), id="another method"),
    ],
)
def test_nothing_goes_for_an_index_that_cannot_do_all_it_does(wider: Index) -> None:
    assert dropped(NARROW, existing(wider, "wide", oid=6)) == []


@pytest.mark.parametrize(
    "wide",
    [pytest.param(replace(WIDE, valid=False), id="invalid"), pytest.param(replace(WIDE, ready=False), id="not ready")],
)
def test_nothing_goes_for_an_index_that_is_not_finished(wide: ExistingIndex) -> None:
    assert dropped(NARROW, wide, texts=(BY_VENDOR,)) == []


@pytest.mark.parametrize(
    "narrow",
    [
        pytest.param(replace(VENDOR, predicate=CONDITION), id="partial"),
        pytest.param(replace(VENDOR, include=("total",)), id="stores more"),
        pytest.param(replace(VENDOR, columns=(IndexColumn(expression=FunctionCall(function="now")),)), id="expression"),
    ],
)
def test_what_is_no_plain_beginning_stays(narrow: Index) -> None:
    wide = replace(WIDER, predicate=narrow.predicate, columns=(*narrow.columns, *WIDER.columns[1:]))
    assert dropped(existing(narrow, "narrow", oid=5), existing(wide, "wide", oid=6)) == []


def test_the_beginning_of_an_advised_index_goes_after_that_is_made() -> None:
    (create, drop) = ask(workload((BY_BOTH,)), shop(NARROW)).changes
    assert (create.action, drop.action) == (Action.CREATE, Action.DROP)
    assert drop.after == create.index
    assert starts_with(create.index, VENDOR)
    assert "which is advised" in drop.evidence.reason


def test_where_each_change_is_decided_by_itself_nothing_goes_for_an_index_that_is_not_there() -> None:
    single = Constraints(single_steps=True)
    assert [change.action for change in ask(workload((BY_BOTH,)), shop(NARROW), single).changes] == [Action.CREATE]
    assert dropped(NARROW, WIDE, constraints=single) == ["narrow"]


def test_neither_goes_what_is_to_be_kept_nor_anything_for_what_may_not_stay() -> None:
    assert dropped(NARROW, WIDE, constraints=Constraints(kept=frozenset({"public.narrow"}))) == []
    assert dropped(NARROW, WIDE, constraints=Constraints(unsettled=frozenset({"public.wide"}))) == []
    twins = (NARROW, existing(VENDOR, "twin", oid=7))
    for constraints, expected in (
        (Constraints(kept=frozenset({"public.twin"})), ["narrow"]),
        (Constraints(unsettled=frozenset({"public.narrow"})), []),
    ):
        assert dropped(*twins, texts=(BY_VENDOR,), constraints=constraints) == expected


class Dearer(Planner):
    """Without the narrow index the query for one vendor costs this many times as much."""

    def __init__(self, of: Catalog, factor: float, hides: bool = True) -> None:
        super().__init__(of, hides=hides)
        self.factor = factor
        self.hidden: list[tuple[int, ...]] = []

    def plan(self, request: CostRequest) -> CostAnswer:
        answer = super().plan(request)
        if request.hidden:
            self.hidden.append(request.hidden)
        concerned = "wedding_date" not in request.query.text
        if concerned and NARROW.oid in request.hidden and isinstance(answer, PlanCost):
            return replace(answer, cost=answer.cost * self.factor)
        return answer


def test_an_index_stays_where_a_query_would_get_dearer_by_more_than_a_twentieth() -> None:
    heavy = workload((BY_VENDOR, BY_BOTH), (1.0, 1e9))  # so that all together lose next to nothing
    for factor, expected in ((1.04, ["narrow"]), (1.06, [])):
        planner = Dearer(shop(NARROW, WIDE), factor)
        advice = ask(heavy, shop(NARROW, WIDE), planner=planner)
        assert [change.index.name for change in drops(advice)] == expected
    assert advice.cost_after == advice.cost_before


def test_an_index_stays_where_all_together_lose_more_than_its_upkeep_and_what_a_new_one_has_to_save() -> None:
    of = shop(NARROW, WIDE)
    assert drops(ask(workload((BY_VENDOR,)), of, planner=Dearer(of, 1.01))) == []
    written = ask(
        workload((BY_VENDOR, "insert into bookings (id) values ($1)"), (100.0, 1e5)), of, planner=Dearer(of, 1.01)
    )
    (change,) = drops(written)
    assert change.evidence.write_cost < 0
    assert written.cost_after > written.cost_before


def test_where_nothing_can_be_hidden_what_a_plan_uses_stays_and_it_is_said_why() -> None:
    of = shop(NARROW, WIDE)
    advice = ask(workload((BY_VENDOR,)), of, planner=Planner(of, hides=False))
    assert advice.changes == ()
    assert advice.notes == (
        "public.narrow is held by a wider index; whether it can go cannot be said: Nothing can be hidden here.",
    )


class Known(Planner):
    """Every plan is an index scan by the existing index of this name."""

    def __init__(self, of: Catalog, name: str) -> None:
        super().__init__(of, hides=False)
        self.name = name

    def plan(self, request: CostRequest) -> CostAnswer:
        answer = super().plan(request)
        shape = over(node("Limit", 1, 10), (scan("bookings", 1, 10, kind="Index Scan", index=self.name),))
        return replace(answer, shape=shape) if isinstance(answer, PlanCost) else answer


def test_what_no_plan_uses_goes_without_anything_being_hidden() -> None:
    of = shop(NARROW, WIDE)
    assert dropped(NARROW, WIDE, planner=Known(of, "wide")) == ["narrow"]
    assert dropped(NARROW, WIDE, planner=Known(of, "narrow")) == []


def test_a_plan_by_the_twin_that_goes_is_one_by_the_twin_that_stays() -> None:
    twin = existing(VENDOR, "twin", oid=7)
    of = shop(NARROW, WIDE, twin)
    assert dropped(NARROW, WIDE, twin, planner=Known(of, "twin")) == ["twin"]
    planner = Dearer(of, 1.0)
    assert dropped(NARROW, WIDE, twin, planner=planner) == ["narrow", "twin"]
    assert set(planner.hidden) == {(5, 7)}


def test_an_index_on_a_table_that_no_statement_reads_or_that_one_cannot_be_planned_on_stays() -> None:
    assert dropped(NARROW, WIDE, texts=("select id from payments where booking_id = $1",)) == []
    of, given_workload = shop(NARROW, WIDE), workload((BY_VENDOR, BY_BOTH))
    refused = Planner(of, {given_workload.queries[1].query.fingerprint: "A reason."})
    advice = ask(given_workload, of, planner=refused)
    assert drops(advice) == []
    assert any("a statement on its table cannot be planned" in note for note in advice.notes)


def test_after_a_deadline_nothing_goes_but_duplicates() -> None:
    of = shop(NARROW, WIDE, existing(WIDER, "wide_too", oid=7))
    planner = Planner(of, seconds=1.0)
    advice = ask(workload((BY_VENDOR, BY_BOTH)), of, Constraints(seconds=0.5), planner)
    assert [change.index.name for change in drops(advice)] == ["wide_too"]


def test_what_goes_makes_room_within_the_limits() -> None:
    texts = (BY_BOTH, "select id from payments where booking_id = $1")
    narrow = replace(NARROW, size_bytes=10**9)
    given_workload = workload(texts, (1e6, 1.0))
    budget = Constraints(storage_budget=int(Planner(SHOP).size(WIDER) * 1.01), minimum_gain=0.0)
    changes = ask(given_workload, shop(narrow), budget).changes
    assert [change.action for change in changes] == [Action.CREATE, Action.CREATE, Action.DROP]
    alone = ask(given_workload, shop(narrow), replace(budget, single_steps=True)).changes
    assert [change.action for change in alone] == [Action.CREATE]


there = st.lists(st.sampled_from(POSSIBLE), max_size=5).map(
    lambda drawn: [existing(index, f"there_{number}", oid=10 + number) for number, index in enumerate(drawn)]
)
limits = st.tuples(st.none() | st.integers(0, 100_000_000), st.integers(1, 6)).map(
    lambda drawn: Constraints(storage_budget=drawn[0], max_indexes_per_table=drawn[1])
)


@settings(max_examples=40, deadline=None)
@given(workloads, there, limits)
def test_the_limits_hold_once_the_advice_is_followed_and_whatever_goes_is_held_by_what_is_there_then(
    given_workload: Workload, indexes: list[ExistingIndex], within: Constraints
) -> None:
    of = shop(*indexes)
    advice = ask(given_workload, of, within)
    then = followed(of, advice)
    added = sum(each.size_bytes for each in then.indexes) - sum(each.size_bytes for each in of.indexes)
    assert within.storage_budget is None or added <= max(within.storage_budget, 0)
    for table in of.tables:
        most = max(within.max_indexes_per_table, len(of.indexes_of(table)))
        assert len(then.indexes_of(table)) <= most
    for change in drops(advice):
        assert any(each.index and starts_with(each.index, change.index) for each in then.indexes)
        assert change.after is None or change.after in [each.index for each in then.indexes]
