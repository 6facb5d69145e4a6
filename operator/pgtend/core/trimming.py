"""What a chosen set can do without, and smaller indexes that do as well: a program takes any of what is nearly equal."""

from __future__ import annotations

from collections.abc import Generator
from math import inf

from pgtend.core.candidate_set import CandidateSet
from pgtend.core.candidates import starts_with
from pgtend.core.known_costs import NOTHING, IndexSet
from pgtend.core.marginal import losses
from pgtend.core.objective import Objective
from pgtend.core.questions import Answers, Questions
from pgtend.domain.advice import CostsRequest, SizesRequest
from pgtend.domain.index import Index

Trimming = Generator[SizesRequest | CostsRequest, Answers, IndexSet]
"""Yields questions, is sent Answers, returns what is left of the set."""


def leave_out_beginnings(chosen: IndexSet, objective: Objective, candidates: CandidateSet) -> Trimming:
    """Leave out an index that another chosen one begins with, where that gives up next to nothing of what is saved, and of what is left."""
    planning = objective.planning
    for index in candidates.in_order(chosen):
        if not planning.complete:
            break
        rest = chosen - {index}
        if not any(starts_with(wider, index) for wider in rest):
            continue
        yield from planning.ask_all(rest, objective.slack(chosen))
        left = objective.query_price(chosen)
        saved = objective.query_price(NOTHING) - left
        given_up = objective.cost_of(rest, chosen) - objective.cost_of(chosen, chosen)
        if planning.complete and given_up <= objective.minimum_gain * min(saved, left):
            chosen = rest
    return chosen


def narrow(chosen: IndexSet, objective: Objective, candidates: CandidateSet) -> Trimming:
    """Put a smaller index that another one begins with in its place where that costs no more."""
    planning, sizes = objective.planning, candidates.sizes
    for index in candidates.in_order(chosen):
        if not planning.complete:
            break
        smaller = [each for each in candidates.narrower_than(index) if sizes[each] < sizes[index]]
        for narrower in sorted(smaller, key=sizes.__getitem__):
            choice = chosen - {index} | {narrower}
            if narrower in chosen:
                continue
            yield from planning.ask_all(choice, objective.slack(chosen))
            if planning.complete and objective.cost_of(choice, chosen) <= objective.cost_of(chosen, chosen):
                chosen = choice
                break
    return chosen


def leave_out_needless(chosen: IndexSet, objective: Objective, candidates: CandidateSet) -> Trimming:
    """Leave out what the plans without it show to save too little beside the others, one index at a time."""
    while True:
        yield from learn_without_each(chosen, objective, candidates)
        is_known = objective.planning.complete and chosen
        needless = _most_needless(chosen, objective, candidates) if is_known else None
        if needless is None:
            return chosen
        chosen -= {needless}


def learn_without_each(chosen: IndexSet, objective: Objective, candidates: CandidateSet) -> Questions:
    """What the evidence of each index rests on: the plans with all that is chosen but this."""
    planning = objective.planning
    yield from planning.ask(
        (
            (query.id, candidates.relevant(query.id, chosen) - {index})
            for query in planning.planned()
            for index in candidates.in_order(planning.used(query.id, chosen))
        ),
        objective.slack(chosen),
    )


def _most_needless(chosen: IndexSet, objective: Objective, candidates: CandidateSet) -> Index | None:
    """The chosen index that lacks most to save its upkeep and the least gain beside the others; None where none lacks any.

    It has to by the planner's cost, too, which is what a person is shown of it: not only by the price of doubtful plans.
    """
    queries = objective.planning.planned()
    on_tables = {query.id: candidates.relevant(query.id, chosen) for query in queries}
    lost = losses(queries, on_tables, objective.planning.known)
    least_gain = objective.minimum_gain * objective.query_cost(chosen)
    least_price = objective.least_gain(chosen)
    surplus = {
        index: min(lost[index].cost - least_gain, lost[index].price - least_price) - objective.upkeep(index)
        if index in lost
        else -inf
        for index in candidates.in_order(chosen)
    }
    index = min(surplus, key=surplus.__getitem__)
    return index if surplus[index] <= 0 else None
