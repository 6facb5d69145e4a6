"""Choose indexes by an integer program over known costs.

One binary variable an index, one continuous variable for each query's option (a set of indexes that a plan used, and its
cost). Each query takes one option; an option can be taken only as far as each of its indexes is chosen. This is the index
selection program of Papadomanolakis and Ailamaki (2007) with options in place of access paths, solved by HiGHS.

What is made least is the price of the options, and it is the planner who takes one, by its own cost: where the indexes of an
option are all chosen, none can be taken that costs the planner more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from math import inf

from pgtend.core.integer_program import IntegerProgram
from pgtend.core.known_costs import NOTHING, IndexSet, Option
from pgtend.domain.index import Index, IndexColumn, TableName

NODES = 1000
GAP = 1e-3
"""How near the program is solved: what planning the chosen set teaches moves its cost by more."""


ROUNDING = 1e-9
"""Share of a cost that sums in another order may differ by."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A set, and what it costs for sure, in the unit of weight times price."""

    indexes: IndexSet
    cost: float


@dataclass(frozen=True, kw_only=True)
class WeightedOptions:
    """What one run of a query can cost: one of the ``options`` uses no index."""

    weight: float
    options: Sequence[Option]
    substitutes: Mapping[Index, IndexSet] = field(default_factory=dict)
    """For an index that options use, those that may serve as well for all that is known; where one of them does, it may do for the other."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a choice has to respect; ``free_slots`` are the indexes that a table may still get."""

    storage: int | None
    free_slots: Mapping[TableName, int]

    def allow(self, indexes: IndexSet, sizes: Mapping[Index, int]) -> bool:
        """Whether all of these may be chosen together."""
        counts = Counter(index.table_name for index in indexes)
        fits = self.storage is None or sum(sizes[index] for index in indexes) <= self.storage
        return fits and all(count <= self.free_slots.get(table, count) for table, count in counts.items())


def choose_indexes(
    queries: Sequence[WeightedOptions],
    sizes: Mapping[Index, int],
    upkeep: Mapping[Index, float],
    limits: Limits,
    seconds: float | None = None,
    known: Known | None = None,
) -> IndexSet:
    """The set with the least weighted price plus upkeep; ``upkeep`` is in the unit of weight times price.

    Where a set is ``known``, it is the answer unless one that costs less is found.

    Same input, same answer: the order of ``sizes`` decides between equals. Without a proven optimum in the
    ``seconds`` that are left, the best found.
    """
    if not sizes:
        return frozenset()
    below = inf if known is None else known.cost
    program = IntegerProgram()
    variables = {index: program.add_variable(upkeep[index], whole=True) for index in sizes}
    add_options(program, variables, queries)
    add_limits(program, variables, sizes, limits)
    solution = program.solve(GAP, NODES, seconds, below)
    if known is not None and (not solution.values or solution.cost >= below * (1 - ROUNDING)):
        return known.indexes
    return earliest_of_equals(solution.taken(variables), queries, sizes, upkeep)


def earliest_of_equals(
    chosen: IndexSet, queries: Sequence[WeightedOptions], sizes: Mapping[Index, int], upkeep: Mapping[Index, float]
) -> IndexSet:
    """With each index replaced by the first of the same columns in another order that costs no more and takes no more bytes.

    The solver ends with any of them. Candidates come in the order of their selectivity, and the first may serve others, too.
    """
    orders: dict[tuple[Index, frozenset[IndexColumn]], list[Index]] = {}
    for index in sizes:
        orders.setdefault(_without_order(index), []).append(index)
    concerned: dict[Index, set[int]] = {}
    for number, query in enumerate(queries):
        for index in frozenset().union(*(option.used for option in query.options)):
            for each in (index, *query.substitutes.get(index, ())):
                concerned.setdefault(each, set()).add(number)

    def cost(index: Index, indexes: IndexSet, affected: set[int]) -> float:
        weighted = (queries[number].weight * _price_with(indexes, queries[number]) for number in sorted(affected))
        return upkeep[index] + sum(weighted)

    for index in [index for index in sizes if index in chosen]:
        for other in orders[_without_order(index)]:
            if other == index:
                break
            affected = concerned.get(index, set()) | concerned.get(other, set())
            swapped = chosen - {index} | {other}
            if (
                other not in chosen
                and sizes[other] <= sizes[index]
                and cost(other, swapped, affected) <= cost(index, chosen, affected)
            ):
                chosen = swapped
                break
    return chosen


def _without_order(index: Index) -> tuple[Index, frozenset[IndexColumn]]:
    return replace(index, columns=()), frozenset(index.columns)


def _price_with(indexes: IndexSet, query: WeightedOptions) -> float:
    """By the planner's choice: the cheapest option by its own costs."""
    open_to_it = (
        option
        for option in query.options
        if all(index in indexes or query.substitutes.get(index, NOTHING) & indexes for index in option.used)
    )
    return min(open_to_it, key=lambda option: (option.cost, option.price)).price


def add_options(
    program: IntegerProgram, variables: Mapping[Index, int], queries: Sequence[WeightedOptions], share: float = 1.0
) -> None:
    """Add that each query takes one option whose indexes are chosen, at this share of its price."""
    for query in queries:
        taken = [program.add_variable(share * query.weight * option.price) for option in query.options]
        program.add_row(dict.fromkeys(taken, 1.0), 1.0, 1.0)
        for one, other in permutations(range(len(taken)), 2):
            planned, passed_over = query.options[one], query.options[other]
            if planned.cost < passed_over.cost and planned.price > passed_over.price:
                members = {variables[index]: 1.0 for index in planned.used} | {taken[other]: 1.0}
                program.add_row(members, most=float(len(planned.used)))
        uses: dict[int, dict[int, float]] = {}
        serving: dict[int, dict[int, float]] = {}
        for variable, option in zip(taken, query.options, strict=True):
            for index in option.used:
                uses.setdefault(variables[index], {})[variable] = 1.0
                serving[variables[index]] = {
                    variables[each]: -1.0 for each in (index, *query.substitutes.get(index, ())) if each in variables
                }
        for used, options in sorted(uses.items()):  # sets have no order of their own
            program.add_row(options | serving[used], most=0.0)


def add_limits(
    program: IntegerProgram, variables: Mapping[Index, int], sizes: Mapping[Index, int], limits: Limits
) -> None:
    """Add the storage and the places on each table as rows."""
    if limits.storage is not None:
        members = {variable: float(sizes[index]) for index, variable in variables.items()}
        program.add_row(members, 0.0, float(limits.storage))
    on_table: dict[TableName, dict[int, float]] = {}
    for index, variable in variables.items():
        on_table.setdefault(index.table_name, {})[variable] = 1.0
    for table, members in on_table.items():
        if table in limits.free_slots:
            program.add_row(members, 0.0, float(max(limits.free_slots[table], 0)))
