"""The bound against every set there is, and which candidates matter to which query."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.known_costs import KnownCosts
from pgtend.core.lower_bound import Floor, FlooredQuery, most_promising
from pgtend.core.relevance import scanned, stand_ins
from pgtend.core.selection import Limits
from pgtend.domain.advice import PlanCost
from pgtend.domain.index import Index, IndexColumn
from tests.unit.core.catalogs import index_on

INDEXES = [
    Index(schema="public", table=f"t{number % 2}", columns=(IndexColumn(column=f"c{number}"),)) for number in range(4)
]
SETS = [frozenset(each) for each in chain.from_iterable(combinations(INDEXES, count) for count in range(5))]
NOTHING: frozenset[Index] = frozenset()
ACCESS_PATHS = st.lists(
    st.tuples(st.frozensets(st.sampled_from(INDEXES), min_size=1, max_size=2), st.integers(1, 99)), max_size=4
)


class Reality:
    """A planner that takes the cheapest of some ways to run a query; without any index it costs 100."""

    def __init__(self, ways: list[tuple[frozenset[Index], int]]) -> None:
        self.ways = [(NOTHING, 100), *ways]

    def plan(self, shown: frozenset[Index]) -> PlanCost:
        used, cost = min(
            (way for way in self.ways if way[0] <= shown), key=lambda way: (way[1], sorted(map(str, way[0])))
        )
        return PlanCost(cost=float(cost), used=used)


def floors(reality: Reality, asked: list[frozenset[Index]]) -> list[Floor]:
    known = KnownCosts()
    for shown in (frozenset(INDEXES), *asked):
        known.learn("q", shown, reality.plan(shown))
    return [Floor(beyond=known.beyond("q", plan, frozenset(INDEXES)), cost=plan.cost) for plan in known.plans("q")]


@given(
    st.lists(
        st.tuples(st.integers(1, 10), ACCESS_PATHS, st.lists(st.frozensets(st.sampled_from(INDEXES)), max_size=4)),
        max_size=3,
    ),
    st.lists(st.integers(1, 50), min_size=4, max_size=4),
    st.lists(st.integers(0, 20), min_size=4, max_size=4),
    st.none() | st.integers(0, 120),
)
def test_no_affordable_set_costs_less_than_the_bound(
    drawn: list[tuple[int, list[tuple[frozenset[Index], int]], list[frozenset[Index]]]],
    bytes_: list[int],
    costs: list[int],
    storage: int | None,
) -> None:
    sizes, upkeep = dict(zip(INDEXES, bytes_, strict=True)), dict(zip(INDEXES, map(float, costs), strict=True))
    realities = [(weight, Reality(ways), asked) for weight, ways, asked in drawn]
    queries = [FlooredQuery(weight=weight, floors=floors(reality, asked)) for weight, reality, asked in realities]
    promise = most_promising(queries, sizes, upkeep, Limits(storage=storage, free_slots={}))
    for indexes in SETS:
        if storage is None or sum(sizes[index] for index in indexes) <= storage:
            cost = sum(weight * reality.plan(indexes).cost for weight, reality, _ in realities)
            assert promise.bound <= cost + sum(upkeep[index] for index in indexes) + 1e-6


def test_a_smaller_index_that_costs_more_to_keep_up_to_date_takes_nobodys_place() -> None:
    large, small = (replace(index_on("t0", name), include=("c",) if name == "a" else ()) for name in ("a", "b"))
    floors_ = [Floor(beyond=NOTHING, cost=10.0), Floor(beyond=frozenset({large, small}), cost=100.0)]
    sizes, upkeep = {large: 20, small: 10}, {large: 1.0, small: 50.0}
    promise = most_promising(
        [FlooredQuery(weight=1.0, floors=floors_)], sizes, upkeep, Limits(storage=None, free_slots={})
    )
    assert promise.bound <= 11.0 + 1e-6
    assert promise.indexes == {large}


def test_the_bound_is_reached_when_all_is_known() -> None:
    first, second = INDEXES[0], INDEXES[2]
    reality = Reality([(frozenset({first}), 40), (frozenset({second}), 60)])
    sizes, upkeep = dict.fromkeys(INDEXES, 10), dict.fromkeys(INDEXES, 1.0)
    queries = [FlooredQuery(weight=2.0, floors=floors(reality, SETS))]
    promise = most_promising(queries, sizes | {first: 30}, upkeep, Limits(storage=20, free_slots={}))
    assert promise.indexes == {second}
    assert promise.bound >= 121 * 0.99


def test_what_another_query_wants_stands_for_no_more_than_the_keys_that_it_begins_with() -> None:
    mine, wider, elsewhere, other = (
        index_on("bookings", "vendor_id"),
        index_on("bookings", "vendor_id", "status"),
        index_on("bookings", "status"),
        index_on("payments", "status"),
    )
    own = {"mine": frozenset({mine}), "others": frozenset({wider, elsewhere, other})}
    tables = {"mine": {mine.table_name}, "others": {mine.table_name, other.table_name}}
    found = stand_ins(own, tables)
    assert found["mine"] == {wider: mine}
    assert found["others"] == {}
    known = KnownCosts(stand_ins=found)
    known.learn("mine", frozenset({mine}), PlanCost(cost=9.0, used=NOTHING))
    assert known.plan_with("mine", frozenset({wider})) is not None
    assert known.plan_with("mine", frozenset({elsewhere})) is None


def test_what_holds_all_that_a_query_reads_may_be_scanned_whatever_its_keys_are() -> None:
    mine, unlike, begun, covered, lacking = (
        index_on("bookings", "vendor_id"),
        index_on("bookings", "status", "couple_id", "vendor_id"),
        index_on("bookings", "vendor_id", "couple_id", "status"),
        index_on("bookings", "vendor_id", "status", "couple_id"),
        index_on("bookings", "status", "couple_id"),
    )
    whole = index_on("bookings", "vendor_id", "status")
    reads = [(mine.table_name, frozenset({"vendor_id", "status"}))]
    chosen = frozenset({mine, unlike, begun, covered, lacking})
    found = scanned(chosen, frozenset({mine, whole}), {begun: mine, covered: whole}, reads)
    assert found == {unlike, begun}
    assert scanned(chosen, frozenset({mine, whole}), {}, []) == NOTHING


def test_what_no_longer_stands_in_is_asked_about_again() -> None:
    mine, wider = index_on("bookings", "vendor_id"), index_on("bookings", "vendor_id", "status")
    found = {"mine": {wider: mine}}
    known = KnownCosts(stand_ins=found)
    known.learn("mine", frozenset({mine}), PlanCost(cost=9.0, used=NOTHING))
    assert known.plan_with("mine", frozenset({wider})) is not None
    found["mine"].clear()
    known.forget_what_followed({"mine"})
    assert known.plan_with("mine", frozenset({wider})) is None


def test_what_stands_in_may_become_known_later() -> None:
    mine, wider = index_on("bookings", "vendor_id"), index_on("bookings", "vendor_id", "status")
    found: dict[str, dict[Index, Index]] = {}
    known = KnownCosts(stand_ins=found)
    found["mine"] = {wider: mine}
    known.learn("mine", frozenset({mine}), PlanCost(cost=9.0, used=NOTHING))
    assert known.plan_with("mine", frozenset({wider})) is not None
