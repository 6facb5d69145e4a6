"""BASELINE, not pgtend: Extend, from Schlosser, Kossmann and Boissier, "Efficient Scalable Multi-Attribute Index Selection
Using Recursive Strategies", ICDE 2019.

Start with nothing. In every step look at all single-column indexes that could be added and at all chosen indexes that
could be extended by one column; really cost each of these sets; take the step with the most benefit per byte added. Stop
when no step within the budget helps by at least 0.3 % of the current cost.
"""

from __future__ import annotations

from benchmarks.advisor.problems import Costing, IndexSet, Problem, QualifiedColumn, columns_named, plain_index
from pgtend.domain.index import Index

LEAST_IMPROVEMENT = 1.003
"""A step counts when the cost before it is more than this multiple of the cost after it."""


async def extend(problem: Problem, costing: Costing, budget: int, width: int) -> IndexSet:
    """The set that Extend chooses within ``budget`` bytes."""
    named = frozenset().union(*(columns_named(query, problem.catalog) for query in problem.queries.values()))
    columns = sorted(named, key=str)
    chosen: IndexSet = frozenset()
    cost = await costing.total(chosen)
    while True:
        best: tuple[float, IndexSet, float] | None = None
        for replaced, index in _steps(chosen, columns, width):
            after = (chosen - {replaced} if replaced else chosen) | {index}
            sizes = await costing.sizes(after | chosen)
            if sum(sizes[each] for each in after) > budget:
                continue
            cost_after = await costing.total(after)
            added = sizes[index] - (sizes[replaced] if replaced else 0)
            if cost_after * LEAST_IMPROVEMENT >= cost or added <= 0:
                continue
            ratio = (cost - cost_after) / added
            if best is None or ratio > best[0]:
                best = (ratio, after, cost_after)
        if best is None:
            return chosen
        _, chosen, cost = best


def _steps(chosen: IndexSet, columns: list[QualifiedColumn], width: int) -> list[tuple[Index | None, Index]]:
    """(the index that is replaced, the index that comes) of every step from here."""
    singles = [plain_index(table, (column,)) for table, column in columns]
    steps: list[tuple[Index | None, Index]] = [(None, index) for index in singles if index not in chosen]
    for index in sorted(chosen, key=repr):
        names = [key.column or "" for key in index.columns]
        for table, column in columns:
            if table == index.table_name and column not in names and len(names) < width:
                wider = plain_index(table, (*names, column))
                if wider not in chosen:
                    steps.append((index, wider))
    return steps
