"""All recommendations of a policy, one step each."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pgtend.domain.recommendation import Recommendation
from pgtend.domain.scene import Scene
from pgtend.pipeline.attempting import attempt
from pgtend.pipeline.lifecycle import advance
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.surroundings import Ports


async def advance_all(scene: Scene, memory: Memory, ports: Ports) -> tuple[Recommendation, ...]:
    """Advance every recommendation, each on what the steps before it have left, and on the time that it is by then."""
    known = {recommendation.name: recommendation for recommendation in scene.recommendations}
    for recommendation in scene.recommendations:
        current = replace(
            scene,
            now=ports.clock.now(),
            recommendations=tuple(known.values()),
            changes_in_last_day=scene.changes_in_last_day + _begun(scene, known),
        )
        stepped = await attempt(recommendation, partial(advance, recommendation, current, memory, ports), ports)
        if stepped is None:
            del known[recommendation.name]
        else:
            known[recommendation.name] = stepped
    return tuple(known.values())


def _begun(scene: Scene, now: dict[str, Recommendation]) -> int:
    """Changes that this pass has begun."""
    idle = {each.name for each in scene.recommendations if each.status.intent is None}
    return sum(each.status.intent is not None for name, each in now.items() if name in idle)
