"""When advice is due, and within what it has to stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pgtend.core.made_changes import own_indexes, storage_added, unsettled_indexes, unwanted_indexes
from pgtend.core.size import spendable
from pgtend.domain.advice import Constraints
from pgtend.domain.policy import Policy
from pgtend.domain.recommendation import Recommendation
from pgtend.domain.scene import Scene

FIRST_EVIDENCE = timedelta(seconds=30)
"""The first advice comes after this, and after three looks at the counters, but never later than tuneInterval."""
WHAT_IF_SECONDS = 60.0
"""What-if time of one advice on one database; what was found by then is the answer."""


def is_advice_due(
    policy: Policy, next_advice: datetime | None, collecting_since: datetime | None, now: datetime
) -> bool:
    """Whether it is time for advice: for the first after three looks, then every tuneInterval.

    ``next_advice`` is None before the first, ``collecting_since`` before the first look at the counters.
    """
    if next_advice is not None:
        return now >= next_advice
    if collecting_since is None:
        return False
    enough = max(FIRST_EVIDENCE, 3 * policy.collect_interval)
    return now - collecting_since >= min(enough, policy.tune_interval)


def constraints_for(scene: Scene) -> Constraints:
    """Within what the next advice has to stay: the policy's budgets, less what its changes take, and what is not to be touched."""
    budgets = scene.policy.budgets
    left = None if budgets.index_storage is None else max(budgets.index_storage - storage_added(scene), 0)
    return Constraints(
        storage_budget=spendable(left),
        max_indexes_per_table=budgets.max_indexes_per_table,
        seconds=WHAT_IF_SECONDS,
        single_steps=True,
        kept=frozenset(_names(own_indexes(scene.recommendations))),
        unsettled=frozenset(_names(unsettled_indexes(scene.recommendations))),
        unwanted=frozenset(unwanted_indexes(scene.recommendations)),
    )


def _names(recommendations: Iterable[Recommendation]) -> Iterator[str]:
    for recommendation in recommendations:
        if recommendation.status.proposal is not None:
            yield f"{recommendation.status.proposal.index.schema}.{recommendation.status.index_name}"
