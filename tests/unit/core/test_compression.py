from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.advise import advise
from pgtend.core.compression import MOST_PLANNED, compress, describe_coverage
from pgtend.core.statement import read_statement
from pgtend.core.upkeep import writes_of
from pgtend.domain.advice import Advice, Constraints, CostAnswer, CostRequest, PlanCost, Unplannable
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Load, Query, StatementKind, WeightedQuery, Workload
from tests.unit.core.catalogs import catalog
from tests.unit.core.planner import Planner

SHOP = catalog()
FORMS = (
    "select id from payments where booking_id = {}",
    "select id from bookings where couple_id = {} order by wedding_date",
    "select id from bookings where vendor_id = {} and wedding_date > '2026-01-01'",
    "update payments set status = 'paid' where booking_id = {}",
)


def statement(text: str, number: int, weight: float, ms: float | None = None) -> WeightedQuery:
    query = read_statement(text, SHOP)
    assert isinstance(query, Query)
    load = None if ms is None else Load(calls=max(int(weight), 1), total_ms=ms, rows=int(weight))
    return WeightedQuery(id=f"q{number}", query=query, weight=weight, load=load)


def many(count: int, forms: Sequence[str] = FORMS) -> Workload:
    """As many statements, the load of each one over its rank."""
    queries = [
        statement(forms[number % len(forms)].format(number), number, 1000.0, 1e6 / (number + 1))
        for number in range(count)
    ]
    return Workload(queries=tuple(queries), hours=1.0)


MANY = many(MOST_PLANNED + 50)


def ask(workload: Workload) -> tuple[Advice, Planner]:
    planner = Planner(SHOP)
    return planner.answer(advise(compress(workload, SHOP), SHOP, Constraints())), planner


def test_a_workload_of_as_many_statements_as_are_planned_stays_as_it_is() -> None:
    workload = many(MOST_PLANNED)
    assert compress(workload, SHOP) is workload


def test_inserts_without_a_search_take_nobodys_place() -> None:
    inserts = tuple(
        statement(f"insert into payments (id, booking_id) values ({number}, 1)", 10_000 + number, 1.0, 1.0)
        for number in range(2 * MOST_PLANNED)
    )
    workload = many(MOST_PLANNED)
    workload = replace(workload, queries=(*workload.queries, *inserts))
    assert compress(workload, SHOP) is workload


def test_the_heaviest_are_planned_and_the_load_of_others_counts_with_those_that_name_the_same_columns() -> None:
    workload = many(3 * MOST_PLANNED)
    small = compress(workload, SHOP)
    assert [each.id for each in small.queries] == [f"q{number}" for number in range(MOST_PLANNED)]
    assert len(small.unplanned) == 2 * MOST_PLANNED
    coverage = small.coverage
    assert coverage is not None
    assert (coverage.planned, coverage.similar, coverage.unlike) == (MOST_PLANNED, 2 * MOST_PLANNED, 0)
    rest = sum(each.load.total_ms for each in small.unplanned if each.load)
    total = sum(each.load.total_ms for each in workload.queries if each.load)
    assert coverage.similar_share == pytest.approx(rest / total)
    lent = sum(each.lent * each.load.total_ms / each.weight for each in small.queries if each.load)
    assert lent == pytest.approx(rest)


def test_what_is_like_nothing_planned_is_said_to_get_no_advice() -> None:
    workload = many(MOST_PLANNED, FORMS[:1])
    stranger = statement("select vendor_id from bookings where wedding_date > '2026-01-01'", 9_999, 1.0, 1.0)
    coverage = compress(replace(workload, queries=(*workload.queries, stranger)), SHOP).coverage
    assert coverage is not None
    assert (coverage.similar, coverage.unlike) == (0, 1)
    assert "1, 0.0 % of the load, is like none of them and got no advice" in describe_coverage(coverage)


def test_statements_of_files_weigh_by_what_they_cost_and_those_that_are_refused_are_left_out() -> None:
    queries = tuple(replace(each, load=None, weight=1.0) for each in many(MOST_PLANNED + 2).queries)
    heavy = queries[-1].id
    answers: dict[str, CostAnswer] = {
        heavy: PlanCost(cost=1e9, used=frozenset()),
        queries[0].id: Unplannable(reason="Not this one."),
    }
    small = compress(Workload(queries=queries), SHOP, answers)
    assert heavy in {each.id for each in small.queries}
    assert [(each.id, each.reason) for each in small.left_out] == [(queries[0].id, "Not this one.")]
    assert queries[0].id not in {each.id for each in (*small.queries, *small.unplanned)}


def test_nothing_is_said_of_the_coverage_where_all_but_the_refused_are_planned() -> None:
    queries = many(MOST_PLANNED + 1).queries
    small = compress(Workload(queries=queries), SHOP, {queries[0].id: Unplannable(reason="Not this one.")})
    assert len(small.queries) == MOST_PLANNED
    assert (small.unplanned, small.coverage) == ((), None)


def test_where_the_time_is_over_those_alone_count_as_planned_that_were() -> None:
    planner = Planner(SHOP, plan_seconds=1.0)
    workload = many(3 * MOST_PLANNED)
    advice = planner.answer(advise(compress(workload, SHOP), SHOP, Constraints(seconds=30.0)))
    coverage = advice.coverage
    assert coverage is not None
    assert not advice.complete
    assert 0 < coverage.planned <= planner.explains / 2
    assert coverage.planned + coverage.unreached == MOST_PLANNED
    assert f"and {coverage.planned} of them were before the time was over" in advice.notes[0]


def test_what_unplanned_statements_write_counts_in_full() -> None:
    workload = many(4 * MOST_PLANNED)
    small = compress(workload, SHOP)
    assert any(each.query.kind is StatementKind.UPDATE for each in small.unplanned)

    def rows(of: Workload) -> dict[str, float]:
        return {str(name): sum(each.rows for each in writes) for name, writes in writes_of(of, SHOP).items()}

    assert rows(small) == rows(workload)


def test_plans_do_not_grow_with_the_statements_beyond_those_that_are_planned_and_the_advice_says_so() -> None:
    _, bounded = ask(many(MOST_PLANNED))
    advice, planner = ask(many(10 * MOST_PLANNED))
    assert planner.explains <= 1.1 * bounded.explains
    assert advice.coverage is not None
    assert describe_coverage(advice.coverage) in advice.notes
    first = advice.changes[0]
    assert first.action is Action.CREATE
    assert first.evidence.saved_seconds_per_hour <= sum(
        each.load.total_ms / 1000 for each in compress(many(10 * MOST_PLANNED), SHOP).queries if each.load
    )


def test_the_cost_before_is_that_of_all_statements() -> None:
    queries = tuple(replace(each, load=None) for each in many(2 * MOST_PLANNED, FORMS[:1]).queries)
    planner = Planner(SHOP)
    workload = Workload(queries=queries)
    answers = {each.id: planner.plan(CostRequest(query=each.query)) for each in queries}
    costs = sum(each.weight * plan.cost for each in queries if isinstance(plan := answers[each.id], PlanCost))
    advice = Planner(SHOP).answer(advise(compress(workload, SHOP, answers), SHOP, Constraints()))
    assert advice.cost_before == pytest.approx(costs)


@settings(max_examples=20, deadline=None)
@given(loads=st.lists(st.floats(0, 1e9), min_size=MOST_PLANNED, max_size=MOST_PLANNED + 50))
def test_no_load_is_lost_or_counted_twice(loads: list[float]) -> None:
    queries = MANY.queries[: len(loads)]
    workload = Workload(
        queries=tuple(
            replace(each, load=Load(calls=1, total_ms=ms, rows=1)) for each, ms in zip(queries, loads, strict=True)
        ),
        hours=1.0,
    )
    small = compress(workload, SHOP)
    assert {each.id for each in (*small.queries, *small.unplanned)} == {each.id for each in queries}
    if small.coverage is not None and sum(loads) > 0:
        own = sum(each.load.total_ms for each in small.queries if each.load) / sum(loads)
        assert own + small.coverage.similar_share + small.coverage.unlike_share == pytest.approx(1.0)
