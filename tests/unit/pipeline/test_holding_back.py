"""Recommendations of a policy that is not ready."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, PolicyInvalid
from pgtend.domain.policy import Mode, Policy
from pgtend.domain.recommendation import ApprovalState, ConditionStatus, ConditionType
from pgtend.pipeline.holding_back import PASSING_REASONS, tell_unready
from tests.unit.pipeline.fakes import NOW, Observed
from tests.unit.pipeline.world import FROZEN, ITEMS, PLAIN, World, index_on, recommend

SUSPENDED, OBSERVING = replace(PLAIN, suspended=True), replace(PLAIN, mode=Mode.OBSERVE)
UNREACHABLE = ConnectionRefusedByTarget(
    Finding(aspect=Aspect.CONNECTED, reason="Unreachable", message="Nothing answers there.")
)


@pytest.mark.parametrize("decision", [ApprovalState.APPROVED, ApprovalState.REJECTED])
async def test_a_decision_that_is_not_taken_in_yet_is_said_not_to_be(world: World, decision: ApprovalState) -> None:
    change = recommend(approved=False)
    world.add(change)
    await world.run_pass()
    world.approve(change, decision)
    world.target.observed = UNREACHABLE
    await world.run_whole_pass(after=60)
    approved = world.condition(change, ConditionType.APPROVED)
    assert approved is not None
    assert approved.reason == "Pending"
    assert approved.message == (
        f"The policy is not ready (Unreachable): the decision in spec.approval, {decision}, is taken in as soon as it is."
    )
    world.policy = FROZEN
    await world.run_pass(after=60)
    assert world.reason(change, ConditionType.APPROVED) == ("Human" if decision == "Approved" else "Rejected")


async def test_an_approved_change_waits_for_its_policy_and_no_longer_for_what_it_waited_for_before(
    world: World,
) -> None:
    change = recommend()
    world.add(change)
    world.memory.slices.clear()
    await world.run_pass()
    assert world.reason(change) == "Baseline"
    world.target.observed = UNREACHABLE
    await world.run_whole_pass(after=60)
    assert world.reason(change) == "PolicyNotReady"
    await world.run_pass(after=60)
    assert world.reason(change) == "Baseline"


@pytest.mark.parametrize("reason", sorted(PASSING_REASONS))
async def test_one_pass_that_is_lost_to_what_passes_changes_nothing_that_is_said_of_a_waiting_change(
    world: World, reason: str
) -> None:
    change = recommend()
    world.add(change)
    world.memory.slices.clear()
    await world.run_pass()
    before = world.now_of(change)
    lost = ConnectionRefusedByTarget(Finding(aspect=Aspect.CONNECTED, reason=reason, message="It was lost."))
    for _ in range(2):
        world.target.observed = lost
        await world.run_whole_pass(after=60)
        assert world.now_of(change) == before
        assert world.policies.status is not None
        (ready,) = [each for each in world.policies.status.conditions if each.type == "Ready"]
        assert (ready.status, ready.reason) == (ConditionStatus.FALSE, reason)
        world.target.observed = Observed(clock=world.clock, catalog=world.catalog)
        await world.run_whole_pass(after=60)
        assert world.reason(change) == "Baseline"
        before = world.now_of(change)
    world.target.observed = lost
    await world.run_whole_pass(after=60)
    await world.run_whole_pass(after=60)
    assert world.reason(change) == "PolicyNotReady"


@pytest.mark.parametrize(
    ("policy", "then", "reason"),
    [
        pytest.param(FROZEN, FROZEN, "FreezeWindow", id="a freeze"),
        pytest.param(FROZEN, PLAIN, "PolicyNotReady", id="a freeze that is over"),
        pytest.param(SUSPENDED, SUSPENDED, "Suspended", id="suspended"),
        pytest.param(SUSPENDED, PLAIN, "PolicyNotReady", id="suspended no longer"),
        pytest.param(OBSERVING, OBSERVING, "ModeObserve", id="mode Observe"),
        pytest.param(OBSERVING, PLAIN, "PolicyNotReady", id="mode Observe no longer"),
    ],
)
async def test_what_the_policy_alone_forbids_is_said_as_long_as_it_does(
    world: World, policy: Policy, then: Policy, reason: str
) -> None:
    change = recommend()
    world.add(change)
    world.policy = policy
    await world.run_pass()
    world.policy = then
    world.target.observed = UNREACHABLE
    await world.run_whole_pass(after=60)
    assert world.reason(change) == reason


async def test_what_waits_for_nothing_from_its_policy_is_left_as_it_is(world: World) -> None:
    waiting, made = recommend(approved=False), recommend(index=index_on(ITEMS))
    world.add(waiting, made)
    for _ in range(2):
        await world.run_pass(after=60)
    before = dict(world.objects.stored)
    assert world.reason(made) == "Done"
    await tell_unready(tuple(before.values()), "Invalid", world.ports)
    assert world.objects.stored == before


async def test_an_approval_that_is_held_back_already_goes_on_saying_why(world: World) -> None:
    change = recommend(approved=False)
    held = replace(
        change.status,
        approval=replace(change.status.approval, at=NOW, consumed=True) if change.status.approval else None,
    )
    world.add(replace(change, status=held, approval=ApprovalState.APPROVED))
    await world.run_pass()
    before = world.now_of(change)
    assert world.reason(change, ConditionType.APPROVED) == "ReapprovalRequired"
    await tell_unready((before,), "Invalid", world.ports)
    assert world.now_of(change) == before


async def test_a_policy_that_cannot_be_read_is_said_to_hold_decisions_back(world: World) -> None:
    change = recommend(approved=False)
    world.add(change)
    await world.run_pass()
    world.approve(change, ApprovalState.APPROVED)
    world.policies.gone = PolicyInvalid("There is no such time zone.")
    await world.run_whole_pass(after=60)
    approved = world.condition(change, ConditionType.APPROVED)
    assert approved is not None
    assert approved.message.startswith("The policy is not ready (Invalid): the decision in spec.approval, Approved,")
