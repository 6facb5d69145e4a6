"""All recommendations of a policy, one step each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from pgtend.domain.recommendation import Recommendation
from pgtend.pipeline.attempting import attempt
from pgtend.pipeline.lifecycle import advance, settle
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.surroundings import Ports, Scene


async def advance_all(scene: Scene, memory: Memory, ports: Ports) -> tuple[Recommendation, ...]:
    """Advance every recommendation, each on what the steps before it have left; returns them as they then are."""

    async def step(recommendation: Recommendation, current: Scene) -> Recommendation:
        return await advance(recommendation, current, memory, ports)

    return await _step_all(scene, step, ports)


async def settle_all(scene: Scene, ports: Ports) -> tuple[Recommendation, ...]:
    """Take in what people decided of every recommendation; returns them as they then are.

    Done before advice is sought, which can take its time: whoever approves wants to see that it was noticed.
    """

    async def step(recommendation: Recommendation, current: Scene) -> Recommendation:
        return await settle(recommendation, current, ports)

    return await _step_all(scene, step, ports)


async def _step_all(
    scene: Scene, step: Callable[[Recommendation, Scene], Awaitable[Recommendation]], ports: Ports
) -> tuple[Recommendation, ...]:
    known = {recommendation.name: recommendation for recommendation in scene.recommendations}
    for recommendation in scene.recommendations:
        current = replace(scene, recommendations=tuple(known.values()))
        stepped = await attempt(recommendation, partial(step, recommendation, current), ports)
        if stepped is None:
            del known[recommendation.name]
        else:
            known[recommendation.name] = stepped
    return tuple(known.values())
