"""BASELINE, not pgtend: DB2Advis, from Valentin, Zuliani, Zilio, Lohman and Skelley, "DB2 Advisor: An Optimizer Smart
Enough to Recommend Its Own Indexes", ICDE 2000; without its final random variations.

Plan each query once with nothing and once with every candidate; credit each index that the second plan uses with all that
the query saves; take indexes by benefit per byte while they fit, leaving out those that a better one begins with.
"""

from __future__ import annotations

from collections import defaultdict

from benchmarks.advisor.problems import Costing, IndexSet, Problem, syntactic_candidates
from pgtend.core.candidates import starts_with
from pgtend.domain.index import Index


async def db2advis(problem: Problem, costing: Costing, budget: int, width: int) -> IndexSet:
    """The set that DB2Advis chooses within ``budget`` bytes."""
    saved: dict[Index, float] = defaultdict(float)
    for query, weight in problem.weights.items():
        candidates = frozenset(syntactic_candidates(problem, query, width))
        without, with_all = await costing.plans([(query, frozenset()), (query, candidates)])
        for index in with_all.used:
            saved[index] += weight * (without.cost - with_all.cost)
    sizes = await costing.sizes(saved)
    by_ratio = sorted(saved, key=lambda index: (-saved[index] / sizes[index], repr(index)))
    combined: dict[Index, float] = {}
    for index in by_ratio:
        better = next((each for each in combined if starts_with(each, index)), index)
        combined[better] = combined.get(better, 0.0) + saved[index]
    kept = sorted(combined, key=lambda index: (-combined[index] / sizes[index], repr(index)))
    chosen: set[Index] = set()
    left = budget
    for index in kept:
        if sizes[index] <= left:
            chosen.add(index)
            left -= sizes[index]
    return frozenset(chosen)
