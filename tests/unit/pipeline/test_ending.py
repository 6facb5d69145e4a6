"""Builds that pgtend ends itself: they count as no attempt, and what stands in the way is said."""

from __future__ import annotations

from dataclasses import replace

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, StatementFailed
from pgtend.domain.recommendation import ConditionStatus, IntentKind
from pgtend.ports import IndexState
from tests.unit.pipeline.world import ORDERS, PLAIN, World, applied, freeze, index_on, intend, recommend, slices

FROZEN = replace(PLAIN, freeze_windows=(freeze(-3600, 360_000),))
LOST = ConnectionRefusedByTarget(Finding(aspect=Aspect.TUNER_READY, reason="Lost", message="The connection was lost."))


async def test_a_build_that_was_ended_for_a_freeze_counts_as_no_attempt(world: World) -> None:
    change = recommend()
    world.add(change)
    for hour in range(3):
        world.server.builds_last = True
        begin = 3600.0 * hour + 1800
        world.policy = replace(PLAIN, freeze_windows=(freeze(begin, begin + 600),))
        world.memory.slices.extend(slices(30, until=world.clock.seconds))
        await world.run_pass()
        await world.run_pass(after=begin - world.clock.seconds)
        await world.run_pass(after=60)
        await world.run_pass(after=60)
        assert world.reason(change) == "FreezeWindow"
        world.clock.seconds = begin + 700
    world.server.failures["CREATE"] = LOST
    world.memory.slices.extend(slices(30, until=world.clock.seconds))
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert world.reason(change) != "Failed"


async def test_that_a_build_cannot_be_ended_is_said(world: World) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.BUILDING)
    world.add(applied(recommend(intent=intend(IntentKind.BUILD)), ConditionStatus.FALSE, "Building"))
    world.policy = FROZEN
    world.server.failures["CANCEL"] = StatementFailed("42501", "The tuner may not end it.")
    for _ in range(3):
        await world.run_pass(after=60)
    assert any("StepFailed" in str(said) for said in world.objects.announced)


async def test_that_an_ended_build_cannot_be_cleared_away_is_said(world: World) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.INVALID)
    world.add(applied(recommend(intent=intend(IntentKind.BUILD)), ConditionStatus.FALSE, "Building"))
    world.policy = FROZEN
    world.server.failures["DROP"] = StatementFailed("2BP01", "Other objects depend on it.")
    for _ in range(3):
        await world.run_pass(after=60)
    assert any("StepFailed" in str(said) for said in world.objects.announced)
