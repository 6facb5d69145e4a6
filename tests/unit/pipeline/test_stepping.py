from __future__ import annotations

import pytest

from pgtend.domain.finding import ObjectGone, ObjectRefused, StatementFailed, WriteConflict
from tests.unit.pipeline.world import FROZEN, ITEMS, World, index_on, recommend


async def test_a_recommendation_deleted_in_the_middle_of_a_pass_does_not_end_the_pass(world: World) -> None:
    deleted, other = recommend(), recommend(index=index_on(ITEMS))
    world.add(deleted, other)
    world.policy = FROZEN
    world.objects.refusals[deleted.name] = ObjectGone("It is not there any more.")
    await world.run_pass()
    assert world.reason(other) == "FreezeWindow"


async def test_a_policy_deleted_in_the_middle_of_a_pass_ends_it(world: World) -> None:
    deleted = recommend()
    world.add(deleted)
    gone = ObjectGone("It is not there any more.")
    world.objects.refusals[deleted.name] = world.policies.gone = gone
    with pytest.raises(ObjectGone):
        await world.run_pass()


@pytest.mark.parametrize(
    "refusal", [ObjectRefused("A quota is against it."), StatementFailed("42501", "It may not do that.")]
)
async def test_a_recommendation_that_is_refused_is_told_of_and_does_not_stop_the_others(
    world: World, refusal: ObjectRefused | StatementFailed
) -> None:
    refused, other = recommend(), recommend(index=index_on(ITEMS))
    world.add(refused, other)
    world.policy = FROZEN
    world.objects.refusals[refused.name] = refusal
    await world.run_pass()
    assert world.reason(other) == "FreezeWindow"
    assert (refused.name, "StepFailed") in world.objects.announced


async def test_a_write_conflict_wakes_the_loop_and_does_not_stop_the_others(world: World) -> None:
    changed, other = recommend(), recommend(index=index_on(ITEMS))
    world.add(changed, other)
    world.policy = FROZEN
    world.objects.refusals[changed.name] = WriteConflict("Somebody else was first.")
    await world.run_pass()
    assert (world.wakes, world.reason(other)) == (1, "FreezeWindow")


async def test_no_ddl_begins_when_the_intent_could_not_be_written_down(world: World) -> None:
    change = recommend()
    world.add(change)
    world.policy = FROZEN
    await world.run_pass()
    world.policy = world.policies.policy
    world.objects.refusals[change.name] = WriteConflict("Somebody else was first.")
    await world.run_pass(after=60)
    assert (world.server.sent, world.history.trail) == ([], [])
