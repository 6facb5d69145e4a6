"""The set to look at next: between what is known to be reached and what might be."""

from __future__ import annotations

from pgtend.core.compromise import Mean
from pgtend.core.known_costs import NOTHING, Option
from pgtend.core.lower_bound import Floor, FlooredQuery
from pgtend.core.selection import Limits, WeightedOptions
from pgtend.domain.index import Index
from tests.unit.core.catalogs import index_on

KNOWN, HOPED, BOTH = (index_on("payments", name) for name in ("booking_id", "status", "created_at"))
LIMITS = Limits(storage=1, free_slots={})


def mean(reached: dict[Index, float], possible: dict[Index, float], limits: Limits = LIMITS) -> Mean:
    """For one query that costs 100 without an index; each index has a cost known to be reached and one that is possible."""
    options = [Option(used=frozenset({index}), cost=cost, price=cost) for index, cost in reached.items()]
    floors = [
        Floor(beyond=frozenset(other for other, lower in possible.items() if lower < cost), cost=cost)
        for cost in {100.0, *possible.values()}
    ]
    sizes = dict.fromkeys((KNOWN, HOPED, BOTH), 1)
    return Mean(
        reached=[WeightedOptions(weight=1.0, options=[Option(used=NOTHING, cost=100.0, price=100.0), *options])],
        possible=[FlooredQuery(weight=1.0, floors=floors)],
        sizes=sizes,
        upkeep=dict.fromkeys(sizes, 0.0),
        limits=limits,
    )


def best(reached: dict[Index, float], possible: dict[Index, float], limits: Limits = LIMITS) -> frozenset[Index]:
    return mean(reached, possible, limits).best()


def test_what_is_good_by_both_goes_before_what_is_best_by_one() -> None:
    reached, possible = {KNOWN: 40.0, HOPED: 100.0, BOTH: 50.0}, {KNOWN: 40.0, HOPED: 20.0, BOTH: 20.0}
    assert best(reached, possible) == {BOTH}  # 35 in the mean, the others 40 and 60


def test_with_nothing_more_to_hope_for_the_choice_is_by_what_is_known() -> None:
    costs = {KNOWN: 40.0, HOPED: 60.0, BOTH: 50.0}
    assert best(costs, costs) == {KNOWN}


def test_keeps_to_the_limits() -> None:
    costs = {KNOWN: 40.0, HOPED: 60.0, BOTH: 50.0}
    assert best(costs, costs, Limits(storage=0, free_slots={})) == NOTHING
    assert Mean(reached=[], possible=[], sizes={}, upkeep={}, limits=LIMITS).best() == NOTHING


def test_what_there_is_half_a_place_for_is_taken_in_part() -> None:
    """Two are best for one query each, where there is room for one index and a half of it left."""
    options = {
        index: [Option(used=NOTHING, cost=100.0, price=100.0), Option(used=frozenset({index}), cost=10.0, price=10.0)]
        for index in (KNOWN, HOPED)
    }
    floors = [Floor(beyond=NOTHING, cost=10.0)]
    sizes = {KNOWN: 2, HOPED: 2, BOTH: 2}
    both = Mean(
        reached=[WeightedOptions(weight=1.0, options=each) for each in options.values()],
        possible=[FlooredQuery(weight=1.0, floors=floors) for _ in options],
        sizes=sizes,
        upkeep=dict.fromkeys(sizes, 1.0),
        limits=Limits(storage=3, free_slots={}),
    )
    assert both.taken_in_part() == {KNOWN, HOPED}
    assert len(both.best()) == 1
