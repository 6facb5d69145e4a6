"""What no choice of indexes can be below, and which choice promises the most: an integer program over costs known to be reached.

A plan that was made while the indexes T were shown tells more than the cost of T. The planner had the choice among all of T, so
while nothing outside of T is there, no smaller set makes the query cheaper. To fall below that cost an index from outside of T
is needed. The program gives each query the least of the costs known for it that the chosen indexes do not rule out in this way.
Its optimum is a lower bound on the cost of every set of the candidates that keeps to the limits, as far as the planner does
take its cheapest plan; a reader can check a row of it by planning the one query with the one set.

The first rows are each query with all candidates; what is learnt afterwards tightens the bound, since each plan without the
indexes of a family (those that begin with the same key) says what that family is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pgtend.core.integer_program import IntegerProgram
from pgtend.core.known_costs import IndexSet
from pgtend.core.selection import Limits, add_limits
from pgtend.domain.index import Index, TableName

NODES = 10
GAP = 0.005
"""How near the program is solved: its bound counts, which holds wherever the solver stops."""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """One run of a query costs ``cost`` or more as long as none of the indexes ``beyond`` is there."""

    beyond: IndexSet
    cost: float


@dataclass(frozen=True, kw_only=True)
class FlooredQuery:
    """A query's floors; one of them, the lowest, has nothing beyond."""

    weight: float
    floors: Sequence[Floor]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """The set that might be the best for all that is known, and the bound: weighted cost plus upkeep of any set."""

    indexes: IndexSet
    bound: float


def most_promising(
    queries: Sequence[FlooredQuery],
    sizes: Mapping[Index, int],
    upkeep: Mapping[Index, float],
    limits: Limits,
    seconds: float | None = None,
) -> Promise:
    """The optimum over the floors; ``seconds`` are those left. Where the solver finds no set in time, an empty one with the bound that it proved."""
    program = IntegerProgram()
    necessary = [without_implied(query) for query in queries]
    indexes = _undominated([query.floors for query in necessary], sizes, upkeep)
    variables = {index: program.add_variable(upkeep[index], whole=True) for index in indexes}
    add_floors(program, variables, necessary)
    add_limits(program, variables, sizes, limits)
    solution = program.solve(GAP, NODES, seconds)
    return Promise(indexes=solution.taken(variables), bound=solution.bound)


def add_floors(
    program: IntegerProgram, variables: Mapping[Index, int], queries: Sequence[FlooredQuery], share: float = 1.0
) -> None:
    """Add that each query costs the least that the chosen indexes do not rule out, at this share."""
    always = program.add_variable(
        share * sum(query.weight * max(floor.cost for floor in query.floors) for query in queries)
    )
    program.add_row({always: 1.0}, 1.0, 1.0)
    for query in queries:
        levels = sorted({floor.cost for floor in query.floors})
        # One variable a step: it is 1 where the query may cost what is below. In this form each floor is one short row.
        steps = {
            upper: program.add_variable(-share * query.weight * (upper - lower)) for lower, upper in pairwise(levels)
        }
        for one, next_ in pairwise(steps.values()):
            program.add_row({one: 1.0, next_: -1.0}, most=0.0)
        for floor in query.floors:
            if floor.cost in steps:
                needed = {variables[index]: -1.0 for index in floor.beyond if index in variables}
                program.add_row({steps[floor.cost]: 1.0, **needed}, most=0.0)


def without_implied(query: FlooredQuery) -> FlooredQuery:
    """Without the floors that follow from another: less is needed to go below it, and it is no higher."""
    highest: dict[IndexSet, float] = {}
    for floor in query.floors:
        highest[floor.beyond] = max(floor.cost, highest.get(floor.beyond, floor.cost))
    necessary = [
        Floor(beyond=beyond, cost=cost)
        for beyond, cost in highest.items()
        if not any(other < beyond and higher >= cost for other, higher in highest.items())
    ]
    return replace(query, floors=necessary)


def _undominated(
    floors: Sequence[Sequence[Floor]], sizes: Mapping[Index, int], upkeep: Mapping[Index, float]
) -> list[Index]:
    """Without those whose place another index of the table can take: it breaks every floor that they break, and costs no more."""
    breaks: dict[Index, set[tuple[int, int]]] = {index: set() for index in sizes}
    for query, of_query in enumerate(floors):
        for number, floor in enumerate(of_query):
            for index in floor.beyond:
                if index in breaks:
                    breaks[index].add((query, number))
    kept: dict[TableName, list[Index]] = {}
    # Who breaks more comes first, so that whoever could take its place is there already; of equals the one that costs less.
    for index in sorted(sizes, key=lambda each: (-len(breaks[each]), sizes[each], upkeep[each])):
        others = kept.setdefault(index.table_name, [])
        if breaks[index] and not any(
            breaks[index] <= breaks[other] and sizes[other] <= sizes[index] and upkeep[other] <= upkeep[index]
            for other in others
        ):
            others.append(index)
    found = frozenset(index for others in kept.values() for index in others)
    return [index for index in sizes if index in found]
