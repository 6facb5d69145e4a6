"""Builds that pgtend ends itself: they count as no attempt, and what stands in the way is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.finding import (
    Aspect,
    BuildNotEnded,
    ConnectionRefusedByTarget,
    Finding,
    PgtendError,
    StatementFailed,
)
from pgtend.domain.recommendation import ApprovalState, ConditionStatus, ConditionType, IntentKind
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


@pytest.mark.parametrize(
    "refusal",
    [StatementFailed("42501", "The tuner may not end it."), BuildNotEnded("It was asked to end and goes on.")],
    ids=["refused", "not heeded"],
)
async def test_that_a_build_cannot_be_ended_is_said(world: World, refusal: PgtendError) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.BUILDING)
    world.add(applied(recommend(intent=intend(IntentKind.BUILD)), ConditionStatus.FALSE, "Building"))
    world.policy = FROZEN
    world.server.failures["CANCEL"] = refusal
    for _ in range(3):
        await world.run_pass(after=60)
    assert any("StepFailed" in str(said) for said in world.objects.announced)
    assert world.server.sent.count(("CANCEL", "orders_a_idx")) > 1


async def test_that_an_ended_build_cannot_be_cleared_away_is_said(world: World) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.INVALID)
    world.add(applied(recommend(intent=intend(IntentKind.BUILD)), ConditionStatus.FALSE, "Building"))
    world.policy = FROZEN
    world.server.failures["DROP"] = StatementFailed("2BP01", "Other objects depend on it.")
    for _ in range(3):
        await world.run_pass(after=60)
    assert any("StepFailed" in str(said) for said in world.objects.announced)


@pytest.mark.parametrize(
    ("decision", "said_meanwhile"),
    [
        (
            ApprovalState.PENDING,
            "The approval was taken away: the build under way is ended, and what it left is removed.",
        ),
        (ApprovalState.REJECTED, "Rejected by jane: the build under way is ended, and what it left is removed."),
    ],
)
async def test_a_build_ended_for_want_of_an_approval_says_that_nothing_is_left_and_complains_of_nothing(
    world: World, decision: ApprovalState, said_meanwhile: str
) -> None:
    change = recommend()
    world.add(change)
    world.server.builds_last = True
    await world.run_pass()
    assert world.reason(change) == "Building"
    world.approve(change, decision)
    await world.run_pass(after=60)
    approved = world.condition(change, ConditionType.APPROVED)
    assert approved is not None
    assert approved.message.startswith(said_meanwhile)
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert world.server.indexes == {}
    assert world.condition(change, ConditionType.APPLIED) is None
    last = world.now_of(change).status.transitions[-1]
    assert (last.type, last.reason) == ("Applied", "Ended")
    assert "nothing of it is left in the database" in last.message
    assert [reason for _, reason in world.objects.announced] == ["Issued", "Human", "Building", decision.value, "Ended"]


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        (ApprovalState.PENDING, "The approval was taken away: the change was made before that, and stays."),
        (ApprovalState.REJECTED, "Rejected by jane: the change was made before that, and stays. Nothing is made anew."),
    ],
)
async def test_a_change_that_was_made_stays_and_says_so_in_every_pass(
    world: World, decision: ApprovalState, sentence: str
) -> None:
    change = recommend()
    world.add(change)
    for _ in range(2):
        await world.run_pass(after=60)
    assert world.reason(change) == "Done"
    world.approve(change, decision)
    for _ in range(3):
        await world.run_pass(after=60)
        approved = world.condition(change, ConditionType.APPROVED)
        assert approved is not None
        assert approved.message == sentence
