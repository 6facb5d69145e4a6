"""What has to be planned to find out whether a set of indexes is as good as it promises to be for all that is known."""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.candidate_set import CandidateSet
from pgtend.core.known_costs import IndexSet
from pgtend.core.planning import Planning
from pgtend.domain.workload import WeightedQuery

MOST_DOUBTS = 30
"""Queries looked at for one promise, those first of which it promises most."""


def plans_in_doubt(promised: IndexSet, planning: Planning, candidates: CandidateSet) -> list[tuple[str, IndexSet]]:
    """Those queries that cost less with the promised set for all that is known, each with it, and without what would tell no more."""
    doubts = sorted(
        (
            doubt
            for query in planning.planned()
            for doubt in _doubts(query, candidates.relevant(query.id, promised), planning, candidates)
        ),
        key=lambda doubt: (-doubt[0], doubt[1]),
    )
    return [(query, shown) for _, query, shown in doubts[:MOST_DOUBTS]]


def _doubts(
    query: WeightedQuery, promised: IndexSet, planning: Planning, candidates: CandidateSet
) -> Iterator[tuple[float, str, IndexSet]]:
    """What the set promises for a query beyond what is known to hold, and the plan to ask for to find out."""
    known = planning.known
    plans = known.plans(query.id)
    floors = [plan for plan in plans if not known.beyond(query.id, plan, promised)]
    # Of equal ones that which was made with least: what another one lacks is known from it.
    floor = max(floors, key=lambda plan: (plan.cost, -len(plan.shown)), default=None)
    if floor is None:
        return
    stood_for = {candidates.stand_ins[query.id].get(index) for index in promised}
    lacking = floor.used - promised - stood_for
    if lacking:
        ceiling = min(plan.cost for plan in plans if plan.used <= promised)
        largest = max(candidates.in_order(lacking), key=lambda index: candidates.sizes[index])
        without = candidates.family_no_smaller(largest, floor.shown) - promised
        yield query.weight * (ceiling - floor.cost), query.id, (floor.shown | promised) - without
