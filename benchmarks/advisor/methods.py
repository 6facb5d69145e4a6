"""The methods side by side: pgtend's advisor and the baselines, each asked for one answer a budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import psycopg

from benchmarks.advisor.baselines.db2advis import db2advis
from benchmarks.advisor.baselines.extend import extend
from benchmarks.advisor.measuring import Result, measured
from benchmarks.advisor.problems import Costing, IndexSet, Problem, open_costing, open_model
from pgtend.commands.options import USUAL_SESSIONS
from pgtend.core.advise import advise
from pgtend.core.planning import Pool
from pgtend.domain.advice import Advice, Constraints
from pgtend.domain.recommendation import Action
from pgtend.pipeline.advising import run_advisor

Baseline = Callable[[Problem, Costing, int, int], Awaitable[IndexSet]]

BASELINES: Mapping[str, Baseline] = {"Extend": extend, "DB2Advis": db2advis}
MEGABYTE = 1_000_000
UNLIMITED_INDEXES = 100
"""Indexes a table: more than any method chooses."""


async def run_baseline(
    name: str, problem: Problem, budgets: Sequence[int], width: int, counter: psycopg.Connection
) -> list[Result]:
    """Each budget in a session of its own that knows nothing of the others."""
    results = []
    for budget in budgets:
        with measured(counter, problem) as spending:
            async with open_costing(problem) as costing:
                chosen = await BASELINES[name](problem, costing, budget, width)
        results.append(Result(method=name, budget=budget, chosen=chosen, spent=spending))
    return results


async def run_pgtend(
    problem: Problem,
    budgets: Sequence[int],
    width: int,
    counter: psycopg.Connection,
    *,
    minimum_gain: float = 0.0,
    price_risk: bool = False,
    plain_only: bool = True,
    sessions: int = USUAL_SESSIONS,
) -> list[Result]:
    """The advisor as `pgtend advise` runs it, once a budget; what it has learnt for one budget serves the next.

    Where it chooses by the planner's cost alone, as the baselines do, it may also choose what they may: an index beside an
    existing one that begins with its keys, which `pgtend advise` never thinks of (see ``Constraints.beside_wider``).
    """
    results = []
    pool = Pool()
    for budget in budgets:
        constraints = Constraints(
            storage_budget=budget,
            max_indexes_per_table=UNLIMITED_INDEXES,
            max_width=width,
            minimum_gain=minimum_gain,
            price_risk=price_risk,
            plain_only=plain_only,
            beside_wider=plain_only or not price_risk,
        )
        with measured(counter, problem) as spending:
            async with open_model(problem, sessions) as model:
                advice = await run_advisor(advise(problem.workload, problem.catalog, constraints, pool), model)
        chosen = created(advice)
        results.append(Result(method="pgtend", budget=budget, chosen=chosen, spent=spending))
    return results


def created(advice: Advice) -> IndexSet:
    """The indexes that the advice wants made."""
    return frozenset(change.index for change in advice.changes if change.action is Action.CREATE)
