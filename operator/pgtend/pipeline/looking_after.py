"""What is under way is looked after even when a pass does not come to its scene.

The observer may be locked out, the history away, an older policy may have laid claim to the database, the policy itself may have
been edited into what cannot be read: nothing new is begun then.
But a freeze that begins, or an approval that is taken away, ends a running build all the same, and what was ended is cleared up.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import ConnectionRefusedByTarget, HistoryUnavailable
from pgtend.domain.policy import Policy
from pgtend.domain.recommendation import Recommendation
from pgtend.domain.scene import Scene
from pgtend.pipeline.attempting import attempt
from pgtend.pipeline.lifecycle import advance
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.surroundings import Ports

_UNKNOWN = Catalog(tables={}, indexes=())


def is_any_under_way(recommendations: Iterable[Recommendation]) -> bool:
    """Whether there is anything to look after."""
    return any(recommendation.status.intent is not None for recommendation in recommendations)


async def look_after(
    policy: Policy,
    recommendations: tuple[Recommendation, ...],
    memory: Memory,
    ports: Ports,
    *,
    tuner_problem: str | None,
    policy_problem: str | None = None,
) -> tuple[Recommendation, ...]:
    """Take the next step for each change that was begun, as the tuner alone; returns all recommendations as they then are.

    The observer has not said which database this is, so each session of the tuner is held against the database that the
    proposal was issued for. A ``tuner_problem`` is why it cannot work. What cannot be done now is tried again in the next pass.
    With a ``policy_problem`` the policy is the one that was last read, and no rollback begins.
    """
    known = {recommendation.name: recommendation for recommendation in recommendations}
    for recommendation in recommendations:
        proposal = recommendation.status.proposal
        if recommendation.status.intent is None or proposal is None:
            continue
        scene = Scene(
            now=ports.clock.now(),
            policy=policy,
            identity=proposal.database,
            catalog=memory.catalog or _UNKNOWN,
            recommendations=tuple(known.values()),
            policy_problem=policy_problem,
            tuner_problem=tuner_problem,
            changes_in_last_day=0,
        )
        step = partial(advance, recommendation, scene, memory, ports)
        try:
            after = await attempt(recommendation, step, ports)
        except (ConnectionRefusedByTarget, HistoryUnavailable):
            # Said in the policy's conditions by whoever found out first.
            continue
        if after is None:
            del known[recommendation.name]
        else:
            known[recommendation.name] = after
    return tuple(known.values())
