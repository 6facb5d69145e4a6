"""The integer program against the exhaustive answer, and what follows from known plans."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.known_costs import KnownCosts, Option
from pgtend.core.selection import Known, Limits, WeightedOptions, choose_indexes, earliest_of_equals
from pgtend.domain.advice import PlanCost, Unplannable
from pgtend.domain.index import Index, IndexColumn

INDEXES = [
    Index(schema="public", table=f"t{number % 2}", columns=(IndexColumn(column=f"c{number}"),)) for number in range(4)
]
NOTHING: frozenset[Index] = frozenset()
SIZES = st.lists(st.integers(1, 50), min_size=4, max_size=4)
UPKEEP = st.lists(st.integers(0, 20), min_size=4, max_size=4)
QUERIES = st.lists(
    st.tuples(
        st.integers(1, 10),
        st.integers(1, 100),
        st.lists(
            st.tuples(st.frozensets(st.sampled_from(INDEXES), max_size=3), st.integers(1, 100), st.integers(1, 100)),
            max_size=4,
            unique_by=lambda option: option[1],
        ),
    ),
    max_size=4,
)


def cost_of(queries: list[WeightedOptions], upkeep: dict[Index, float], chosen: frozenset[Index]) -> float:
    """The planner takes the cheapest by its own cost; what counts is the price."""
    taken = [min((each for each in q.options if each.used <= chosen), key=lambda each: each.cost) for q in queries]
    prices = sum(query.weight * option.price for query, option in zip(queries, taken, strict=True))
    return prices + sum(upkeep[index] for index in chosen)


def affordable(chosen: frozenset[Index], sizes: dict[Index, int], limits: Limits) -> bool:
    fits = limits.storage is None or sum(sizes[index] for index in chosen) <= limits.storage
    return fits and all(
        sum(index.table_name == table for index in chosen) <= free for table, free in limits.free_slots.items()
    )


DRAWN = list[tuple[int, int, list[tuple[frozenset[Index], int, int]]]]


def weighted(drawn: DRAWN) -> list[WeightedOptions]:
    return [
        WeightedOptions(
            weight=weight,
            options=[
                Option(used=NOTHING, cost=100.5, price=nothing),
                *(Option(used=used, cost=cost, price=price) for used, cost, price in options),
            ],
        )
        for weight, nothing, options in drawn
    ]


def all_affordable(sizes: dict[Index, int], limits: Limits) -> list[frozenset[Index]]:
    everything = chain.from_iterable(combinations(INDEXES, count) for count in range(5))
    return [frozenset(each) for each in everything if affordable(frozenset(each), sizes, limits)]


@given(QUERIES, SIZES, UPKEEP, st.none() | st.integers(0, 120), st.integers(0, 3))
def test_chooses_a_set_that_no_other_affordable_set_beats(
    drawn: DRAWN, bytes_: list[int], costs: list[int], storage: int | None, slots: int
) -> None:
    queries = weighted(drawn)
    sizes, upkeep = dict(zip(INDEXES, bytes_, strict=True)), dict(zip(INDEXES, map(float, costs), strict=True))
    limits = Limits(storage=storage, free_slots={INDEXES[0].table_name: slots})
    chosen = choose_indexes(queries, sizes, upkeep, limits)
    assert affordable(chosen, sizes, limits)
    best = min(cost_of(queries, upkeep, each) for each in all_affordable(sizes, limits))
    assert cost_of(queries, upkeep, chosen) == pytest.approx(best, abs=1e-3)


@given(QUERIES, SIZES, UPKEEP, st.none() | st.integers(0, 120), st.data())
def test_a_set_that_is_known_gives_way_to_the_best_alone(
    drawn: DRAWN, bytes_: list[int], costs: list[int], storage: int | None, data: st.DataObject
) -> None:
    queries = weighted(drawn)
    sizes, upkeep = dict(zip(INDEXES, bytes_, strict=True)), dict(zip(INDEXES, map(float, costs), strict=True))
    limits = Limits(storage=storage, free_slots={})
    sets = all_affordable(sizes, limits)
    known = data.draw(st.sampled_from(sets))
    cost = cost_of(queries, upkeep, known)
    chosen = choose_indexes(queries, sizes, upkeep, limits, known=Known(indexes=known, cost=cost))
    best = min(cost_of(queries, upkeep, each) for each in sets)
    assert cost_of(queries, upkeep, chosen) == pytest.approx(best, abs=1e-3)
    if cost <= best:
        assert chosen == known


def test_of_two_orders_that_cost_the_same_the_earlier_candidate_is_taken() -> None:
    first, second = (
        Index(schema="public", table="t0", columns=tuple(IndexColumn(column=name) for name in names))
        for names in (("a", "b"), ("b", "a"))
    )

    def query(price: float) -> WeightedOptions:
        options = [
            Option(used=NOTHING, cost=99.0, price=99.0),
            Option(used=frozenset({first}), cost=price, price=price),
            Option(used=frozenset({second}), cost=9.0, price=9.0),
        ]
        return WeightedOptions(weight=1.0, options=options)

    upkeep = dict.fromkeys((first, second), 1.0)

    def earliest(price: float, size: int) -> frozenset[Index]:
        return earliest_of_equals(frozenset({second}), [query(price)], {first: size, second: 5}, upkeep)

    assert earliest(price=9.0, size=5) == {first}
    assert earliest(price=9.5, size=5) == {second}
    assert earliest(price=9.0, size=6) == {second}


def test_an_earlier_order_has_to_make_up_for_what_other_queries_lose() -> None:
    """One query gains 1 by it and another loses 2, though the first has to do with both orders, and with one for the other."""
    first, second = (
        Index(schema="public", table="t0", columns=tuple(IndexColumn(column=name) for name in names))
        for names in (("a", "b"), ("b", "a"))
    )

    def query(by_second: float, **by_first: float) -> WeightedOptions:
        costs = {NOTHING: 11.0, frozenset({second}): by_second} | {
            frozenset({first}): each for each in by_first.values()
        }
        options = [Option(used=used, cost=cost, price=cost) for used, cost in costs.items()]
        return WeightedOptions(
            weight=1.0, options=options, substitutes={second: frozenset({first})} if by_first else {}
        )

    queries = [query(9.0, by_first=8.0), query(9.0)]
    alike, upkeep = dict.fromkeys((first, second), 5), dict.fromkeys((first, second), 1.0)
    assert earliest_of_equals(frozenset({second}), queries, alike, upkeep) == {second}


def test_chooses_nothing_where_there_is_nothing_to_choose_from() -> None:
    assert choose_indexes([], {}, {}, Limits(storage=None, free_slots={})) == NOTHING


def test_knows_a_plan_that_follows_from_another() -> None:
    first, second, third = INDEXES[:3]
    known = KnownCosts()
    known.learn("q", frozenset({first, second}), PlanCost(cost=5.0, used=frozenset({first})))
    plan = known.plan_with("q", frozenset({first}))
    assert plan is not None
    assert plan.cost == 5.0
    assert known.plan_with("q", frozenset({second})) is None
    assert known.plan_with("q", frozenset({first, third})) is None


def test_knows_a_cost_that_more_indexes_could_not_better() -> None:
    first, second, third = INDEXES[:3]
    known = KnownCosts()
    known.learn("q", frozenset({first, second, third}), PlanCost(cost=5.0, used=frozenset({first})))
    known.learn("q", frozenset({second}), PlanCost(cost=5.001, used=frozenset({second})))
    plan = known.plan_with("q", frozenset({second, third}))
    assert plan is not None
    assert plan.cost == 5.001
    known.learn("r", frozenset({first, second, third}), PlanCost(cost=5.0, used=frozenset({first})))
    known.learn("r", frozenset({second}), PlanCost(cost=6.0, used=frozenset({second})))
    assert known.plan_with("r", frozenset({second, third})) is None


def test_learns_nothing_from_what_could_not_be_planned() -> None:
    known = KnownCosts()
    known.learn("q", NOTHING, Unplannable(reason="no"))
    assert known.plan_with("q", NOTHING) is None
    assert known.options("q") == ()


def test_leaves_out_an_option_that_fewer_indexes_do_as_well() -> None:
    first, second = INDEXES[:2]
    known = KnownCosts()
    known.learn("q", NOTHING, PlanCost(cost=9.0, used=NOTHING))
    known.learn("q", frozenset({first}), PlanCost(cost=4.0, used=frozenset({first})))
    known.learn("q", frozenset({first, second}), PlanCost(cost=4.0, used=frozenset({first, second})))
    assert [(each.used, each.cost) for each in known.options("q")] == [(NOTHING, 9.0), (frozenset({first}), 4.0)]


def test_a_price_does_not_change_which_plan_the_planner_takes() -> None:
    first = INDEXES[0]
    known = KnownCosts(price_of=lambda answer: answer.cost * 5 if answer.used else answer.cost)
    known.learn("q", NOTHING, PlanCost(cost=9.0, used=NOTHING))
    known.learn("q", frozenset({first}), PlanCost(cost=8.0, used=frozenset({first})))
    options = known.options("q")
    assert [each.price for each in options] == [9.0, 40.0]
    asked = [WeightedOptions(weight=1.0, options=options)]
    other = WeightedOptions(
        weight=1.0,
        options=[Option(used=NOTHING, cost=50.0, price=50.0), Option(used=frozenset({first}), cost=1.0, price=1.0)],
    )
    limits = Limits(storage=None, free_slots={})
    assert choose_indexes(asked, {first: 1}, {first: 0.0}, limits) == NOTHING
    assert choose_indexes([*asked, other], {first: 1}, {first: 0.0}, limits) == {first}
    harm = WeightedOptions(weight=3.0, options=options)
    assert choose_indexes([harm, other], {first: 1}, {first: 0.0}, limits) == NOTHING


def test_a_wider_index_may_do_what_a_narrower_one_does_until_a_plan_tells() -> None:
    narrow, wide, other = (
        Index(schema="public", table="t0", columns=tuple(IndexColumn(column=name) for name in names))
        for names in (("a",), ("a", "b"), ("c",))
    )
    queries = [
        WeightedOptions(
            weight=1.0,
            options=[Option(used=NOTHING, cost=99.0, price=99.0), Option(used=frozenset({used}), cost=9.0, price=9.0)],
            substitutes={narrow: frozenset({wide})},
        )
        for used in (narrow, wide, other)
    ]
    sizes, upkeep = dict.fromkeys((narrow, wide, other), 1), dict.fromkeys((narrow, wide, other), 0.0)
    limits = Limits(storage=2, free_slots={})
    assert choose_indexes(queries, sizes, upkeep, limits) == {wide, other}
    known = KnownCosts()
    known.learn("q", frozenset({narrow}), PlanCost(cost=9.0, used=frozenset({narrow})))
    assert not known.tells_apart("q", narrow, wide)
    known.learn("q", frozenset({wide}), PlanCost(cost=50.0, used=frozenset({wide})))
    assert known.tells_apart("q", narrow, wide)
