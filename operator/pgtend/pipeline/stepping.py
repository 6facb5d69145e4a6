"""All recommendations of a policy, one step each."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pgtend.domain.recommendation import Recommendation
from pgtend.pipeline.attempting import attempt
from pgtend.pipeline.lifecycle import advance
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.surroundings import Ports, Scene


async def advance_all(scene: Scene, memory: Memory, ports: Ports) -> tuple[Recommendation, ...]:
    """Advance every recommendation, each on what the steps before it have left; returns them as they then are."""
    known = {recommendation.name: recommendation for recommendation in scene.recommendations}
    for recommendation in scene.recommendations:
        current = replace(scene, recommendations=tuple(known.values()))
        advanced = await attempt(recommendation, partial(advance, recommendation, current, memory, ports), ports)
        if advanced is None:
            del known[recommendation.name]
        else:
            known[recommendation.name] = advanced
    return tuple(known.values())
