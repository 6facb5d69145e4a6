"""Choose indexes by an integer program over known costs.

One binary variable an index, one continuous variable for each query's option (a set of indexes that a plan used, and its
cost). Each query takes one option; an option can be taken only as far as each of its indexes is chosen. This is the index
selection program of Papadomanolakis and Ailamaki (2007) with options in place of access paths, solved by HiGHS.

What is made least is the price of the options, and it is the planner who takes one, by its own cost: where the indexes of an
option are all chosen, none can be taken that costs the planner more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from pgtend.core.known_costs import IndexSet, Option
from pgtend.domain.index import Index, TableName

SOLVER_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class WeightedOptions:
    """What one run of a query can cost: one of the ``options`` uses no index."""

    weight: float
    options: Sequence[Option]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a choice has to respect; ``free_slots`` are the indexes that a table may still get."""

    storage: int | None
    free_slots: Mapping[TableName, int]


def choose_indexes(
    queries: Sequence[WeightedOptions], sizes: Mapping[Index, int], upkeep: Mapping[Index, float], limits: Limits
) -> IndexSet:
    """The set with the least weighted price plus upkeep; ``upkeep`` is in the unit of weight times price.

    Same input, same answer: the order of ``sizes`` decides between equals. Without a proven optimum in time, the best found.
    """
    indexes = list(sizes)
    if not indexes:
        return frozenset()
    position = {index: number for number, index in enumerate(indexes)}
    costs = [upkeep[index] for index in indexes]
    rows: list[tuple[dict[int, float], float, float]] = []
    for query in queries:
        uses: dict[int, dict[int, float]] = {}
        chosen_option: dict[int, float] = {}
        first = len(costs)
        for variable, option in enumerate(query.options, first):
            costs.append(query.weight * option.price)
            chosen_option[variable] = 1.0
            for index in option.used:
                uses.setdefault(position[index], {})[variable] = 1.0
        rows.append((chosen_option, 1.0, 1.0))
        for one, other in permutations(range(len(query.options)), 2):
            planned, passed_over = query.options[one], query.options[other]
            if planned.cost < passed_over.cost and planned.price > passed_over.price:
                members = {position[index]: 1.0 for index in planned.used} | {first + other: 1.0}
                rows.append((members, -np.inf, float(len(planned.used))))
        rows += [({**options, number: -1.0}, -np.inf, 0.0) for number, options in uses.items()]
    if limits.storage is not None:
        rows.append(({position[index]: float(size) for index, size in sizes.items()}, 0.0, float(limits.storage)))
    for table, free in limits.free_slots.items():
        members = {position[index]: 1.0 for index in indexes if index.table_name == table}
        if members:
            rows.append((members, 0.0, float(max(free, 0))))
    solution = _solve(costs, len(indexes), rows)
    return frozenset(index for index, value in zip(indexes, solution, strict=False) if value > 0.5)


def _solve(costs: list[float], binaries: int, rows: list[tuple[dict[int, float], float, float]]) -> Sequence[float]:
    scale = max((abs(cost) for cost in costs), default=1.0) or 1.0
    data, where, columns = [], [], []
    for number, (entries, _, _) in enumerate(rows):
        for column, value in entries.items():
            data.append(value)
            where.append(number)
            columns.append(column)
    matrix = csr_matrix((data, (where, columns)), shape=(len(rows), len(costs)))
    integrality = np.zeros(len(costs), dtype=np.int64)
    integrality[:binaries] = 1
    result = milp(
        np.asarray(costs) / scale,
        integrality=integrality,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(
            matrix, np.asarray([row[1] for row in rows]), np.asarray([row[2] for row in rows])
        ),
        options={"time_limit": SOLVER_SECONDS, "mip_rel_gap": 1e-6},
    )
    return [] if result.x is None else [float(value) for value in result.x]
