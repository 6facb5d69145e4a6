from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pgtend.core.conditions import with_condition
from pgtend.domain.advice import Advice, AdvisedChange
from pgtend.domain.finding import StatementFailed
from pgtend.domain.policy import Mode
from pgtend.domain.recommendation import Action, ApprovalRecord, ApprovalState, ConditionStatus, ConditionType
from pgtend.pipeline.recommending import publish
from tests.unit.pipeline.fakes import ELSEWHERE, HERE, NOW
from tests.unit.pipeline.world import FROZEN, ORDERS, PLAIN, World, index_on, recommend


async def test_other_database_is_said_while_it_holds_and_no_longer(world: World) -> None:
    change = recommend()
    world.add(change)
    world.here = world.server.identity = ELSEWHERE
    await world.run_pass()
    proposed = world.condition(change, ConditionType.PROPOSED)
    assert proposed is not None
    assert (proposed.status, proposed.reason) == (ConditionStatus.FALSE, "OtherDatabase")
    assert "the Secret observer leads to" in proposed.message
    assert world.server.sent == []
    world.here = world.server.identity = HERE
    world.policy = FROZEN
    await world.run_pass(after=60)
    proposed = world.condition(change, ConditionType.PROPOSED)
    assert proposed is not None
    assert (proposed.status, proposed.reason) == (ConditionStatus.TRUE, "Issued")


@pytest.mark.parametrize("decision", [ApprovalState.PENDING, ApprovalState.REJECTED])
async def test_what_a_change_waits_for_is_said_no_longer_once_it_is_not_approved_any_more(
    world: World, decision: ApprovalState
) -> None:
    change = recommend()
    world.add(change)
    world.policy = FROZEN
    await world.run_pass()
    assert world.reason(change) == "FreezeWindow"
    world.approve(change, decision)
    await world.run_pass(after=60)
    assert world.reason(change) == ""
    assert world.reason(change, ConditionType.APPROVED) == decision.value


async def test_what_a_change_waits_for_gives_way_to_the_change(world: World) -> None:
    change = recommend()
    world.add(change)
    world.policy = replace(PLAIN, suspended=True)
    await world.run_pass()
    assert world.reason(change) == "Suspended"
    world.policy = PLAIN
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert world.reason(change) == "Done"


@pytest.mark.parametrize(("is_outdated", "approved"), [(True, False), (False, True)])
async def test_auto_approves_what_the_workload_calls_for_and_not_what_is_outdated(
    world: World, is_outdated: bool, approved: bool
) -> None:
    change = recommend(approved=False)
    if is_outdated:
        status = with_condition(
            change.status, ConditionType.PROPOSED, ConditionStatus.FALSE, "Outdated", "Not now.", now=NOW, generation=1
        )
        change = replace(change, status=status)
    world.add(change)
    world.policy = replace(FROZEN, mode=Mode.AUTO)
    await world.run_pass()
    condition = world.condition(change, ConditionType.APPROVED)
    assert condition is not None
    assert (condition.status is ConditionStatus.TRUE) == approved
    assert world.reason(change, ConditionType.PROPOSED) == ("Outdated" if is_outdated else "Issued")


async def test_an_approval_renewed_between_two_looks_lets_a_failed_change_be_tried_again(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.failures["CREATE"] = StatementFailed("53100", "The server's disk is full.")
    for _ in range(3):
        await world.run_pass(after=60)
    assert (world.reason(change), len(world.server.sent)) == ("Failed", 1)
    world.approve(change, ApprovalState.PENDING)
    world.approve(change, ApprovalState.APPROVED)
    del world.server.failures["CREATE"]
    for _ in range(3):
        await world.run_pass(after=60)
    assert (world.reason(change), len(world.server.sent)) == ("Done", 2)
    assert world.now_of(change).status.approval == ApprovalRecord(
        state=ApprovalState.APPROVED, by="jane", at=NOW + timedelta(seconds=240), consumed=True, generation=3
    )


async def test_a_comment_lets_nothing_be_tried_again(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.failures["CREATE"] = StatementFailed("53100", "The server's disk is full.")
    for generation in range(2, 6):
        await world.run_pass(after=60)
        world.add(replace(world.now_of(change), comment=f"edit {generation}", generation=generation))
    assert (world.reason(change), len(world.server.sent)) == ("Failed", 1)


async def test_an_approval_of_what_is_outdated_is_kept_until_the_workload_calls_for_it_again(world: World) -> None:
    change = recommend(approved=False)
    status = with_condition(
        change.status, ConditionType.PROPOSED, ConditionStatus.FALSE, "Outdated", "Not now.", now=NOW, generation=1
    )
    world.add(replace(change, status=status))
    world.approve(change, ApprovalState.APPROVED)
    await world.run_pass()
    assert (world.reason(change), world.server.sent) == ("NotCalledFor", [])
    assert change.status.proposal is not None
    assert change.status.evidence is not None
    advised = AdvisedChange(action=Action.CREATE, index=change.status.proposal.index, evidence=change.status.evidence)
    advice = Advice(changes=(advised,), cost_before=10.0, cost_after=1.0)
    await publish(advice, world.scene(), world.ports)
    assert world.reason(change, ConditionType.PROPOSED) == "Issued"
    await world.run_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CREATE"]


@pytest.mark.parametrize("approved", [False, True])
async def test_what_was_proposed_for_a_table_that_was_dropped_is_outdated(world: World, *, approved: bool) -> None:
    change = recommend(approved=approved)
    world.add(change)
    world.policy = FROZEN
    await world.run_pass()
    assert world.reason(change, ConditionType.PROPOSED) == "Issued"
    world.dropped.add(ORDERS)
    await world.run_pass(after=60)
    proposed = world.condition(change, ConditionType.PROPOSED)
    assert proposed is not None
    assert (proposed.status, proposed.reason) == (ConditionStatus.FALSE, "Outdated")
    assert "public.orders is not there any more" in proposed.message
    assert world.now_of(change).status.phase == "Outdated"
    before = world.now_of(change)
    await publish(Advice(changes=(), cost_before=10.0, cost_after=10.0), world.scene(), world.ports)
    assert world.now_of(change) == before, "advice that names it no more has no other reason to give"
    # A table of that name that is made later is another one: the workload has to call for the change anew.
    world.dropped.clear()
    await world.run_pass(after=60)
    assert world.reason(change, ConditionType.PROPOSED) == "Outdated"
    assert change.status.evidence is not None
    advised = AdvisedChange(action=Action.CREATE, index=index_on(ORDERS), evidence=change.status.evidence)
    await publish(Advice(changes=(advised,), cost_before=10.0, cost_after=1.0), world.scene(), world.ports)
    assert world.reason(change, ConditionType.PROPOSED) == "Issued"


async def test_a_drop_of_an_index_that_somebody_dropped_is_outdated(world: World) -> None:
    change = recommend(Action.DROP, index_on(ORDERS, name="orders_a_idx"), approved=False)
    world.add(change)
    world.server.put("orders_a_idx", index_on(ORDERS))
    await world.run_pass()
    assert world.reason(change, ConditionType.PROPOSED) == "Issued"
    world.server.indexes.clear()
    await world.run_pass(after=60)
    assert world.reason(change, ConditionType.PROPOSED) == "Outdated"
