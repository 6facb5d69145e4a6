from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.approval import is_usable
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, PgtendError, StatementFailed
from pgtend.domain.index import ColumnArgument, FunctionCall, IndexColumn
from pgtend.domain.policy import FreezeRollback, Mode, Policy, RunningBuild
from pgtend.domain.recommendation import (
    Action,
    ApprovalState,
    ConditionStatus,
    ConditionType,
    IntentKind,
    Recommendation,
)
from pgtend.ports import IndexState
from tests.unit.pipeline.world import (
    FROZEN,
    MINUTE,
    ORDERS,
    PLAIN,
    World,
    applied,
    freeze,
    index_on,
    intend,
    put_twins,
    recommend,
    slices,
)

HELD_BACK = [
    pytest.param(FROZEN, id="in a freeze"),
    pytest.param(replace(PLAIN, suspended=True), id="while suspended"),
    pytest.param(replace(PLAIN, mode=Mode.OBSERVE), id="in mode Observe"),
]
LOST = ConnectionRefusedByTarget(Finding(aspect=Aspect.TUNER_READY, reason="ConnectionLost", message="It went away."))
GROWING = [0, 5, 15, 35, 75, 155, 315]
"""Seconds at which a thing that never works out is tried: after pauses of 5, 10, 20 … seconds."""


def taken_back(world: World, kind: IntentKind) -> Recommendation:
    """A change whose rollback had been begun when the operator was killed."""
    if kind is IntentKind.UNDO_BUILD:
        world.server.put("orders_a_idx", index_on(ORDERS))
        change = recommend(intent=intend(kind))
    else:
        change = recommend(Action.DROP, index_on(ORDERS, name="orders_a_idx"), intent=intend(kind))
    change = applied(change, ConditionStatus.TRUE, "RollingBack")
    world.add(change)
    return change


UNDOS = [(IntentKind.UNDO_BUILD, "DROP"), (IntentKind.UNDO_REMOVE, "CREATE")]


@pytest.mark.parametrize("policy", HELD_BACK)
@pytest.mark.parametrize(("kind", "verb"), UNDOS)
async def test_a_resumed_rollback_waits_where_nothing_may_be_done_and_carries_on_after(
    world: World, policy: Policy, kind: IntentKind, verb: str
) -> None:
    change = taken_back(world, kind)
    world.policy = policy
    await world.run_pass()
    await world.run_pass(after=60)
    assert world.server.sent == []
    assert (change.name, "RollbackDue") in world.objects.announced
    world.policy = PLAIN
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert world.server.sent == [(verb, "orders_a_idx")]
    assert world.reason(change) == "RolledBack"
    assert world.now_of(change).status.intent is None


def approve_anew(world: World, change: Recommendation) -> None:
    world.approve(change, ApprovalState.PENDING)
    world.approve(change, ApprovalState.APPROVED)


@pytest.mark.parametrize(("kind", "verb"), UNDOS)
async def test_an_approval_given_during_a_rollback_makes_nothing_again_after_it(
    world: World, kind: IntentKind, verb: str
) -> None:
    change = taken_back(world, kind)
    world.policy = FROZEN
    await world.run_pass()
    approve_anew(world, change)
    await world.run_pass(after=60)
    assert is_usable(world.now_of(change).status.approval)
    world.policy = PLAIN
    for _ in range(5):
        await world.run_pass(after=60)
    assert (world.server.sent, world.reason(change)) == ([(verb, "orders_a_idx")], "RolledBack")
    assert not is_usable(world.now_of(change).status.approval)


async def test_an_approval_given_while_a_change_was_measured_is_spent_when_its_rollback_begins(world: World) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS))
    change = recommend(intent=intend(IntentKind.BUILD))
    change = replace(change, status=replace(change.status, intent=None))
    change = applied(change, ConditionStatus.TRUE, "Done", verified="Regressed")
    world.add(change)
    approve_anew(world, change)
    await world.run_pass()
    assert (world.reason(change), is_usable(world.now_of(change).status.approval)) == ("RollingBack", False)


@pytest.mark.parametrize(("kind", "verb"), UNDOS)
async def test_a_resumed_rollback_goes_on_in_a_freeze_that_allows_it(world: World, kind: IntentKind, verb: str) -> None:
    taken_back(world, kind)
    world.policy = replace(FROZEN, freeze_rollback=FreezeRollback.ALLOW)
    await world.run_pass()
    assert world.server.sent == [(verb, "orders_a_idx")]


@pytest.mark.parametrize("policy", HELD_BACK)
async def test_a_resumed_drop_waits_where_nothing_may_be_done_and_carries_on_after(
    world: World, policy: Policy
) -> None:
    put_twins(world)
    change = recommend(Action.DROP, index_on(ORDERS, name="orders_a_idx"), intent=intend(IntentKind.REMOVE))
    world.add(change)
    world.policy = policy
    for _ in range(3):
        await world.run_pass(after=60)
    assert world.server.sent == []
    assert is_usable(world.now_of(change).status.approval)
    world.policy = PLAIN
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert world.server.sent == [("DROP", "orders_a_idx")]
    assert world.reason(change) == "Done"


async def test_a_resumed_drop_whose_approval_was_taken_away_is_not_made(world: World) -> None:
    put_twins(world)
    change = recommend(Action.DROP, index_on(ORDERS, name="orders_a_idx"), intent=intend(IntentKind.REMOVE))
    world.add(change)
    world.approve(change, ApprovalState.PENDING)
    await world.run_pass()
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(change)) == ([], "")


async def test_a_drop_that_was_broken_off_is_finished_even_in_a_freeze(world: World) -> None:
    put_twins(world)
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.INVALID)
    change = recommend(Action.DROP, index_on(ORDERS, name="orders_a_idx"), intent=intend(IntentKind.REMOVE))
    world.add(change)
    world.policy = FROZEN
    await world.run_pass()
    assert world.server.sent == [("DROP", "orders_a_idx")]


async def test_a_rollback_that_lost_its_connection_is_not_said_to_have_failed(world: World) -> None:
    change = taken_back(world, IntentKind.UNDO_BUILD)
    world.server.failures["DROP"] = LOST
    await world.run_pass()
    await world.run_pass(after=60)
    assert len(world.server.sent) == 2
    assert world.reason(change) == "RollingBack"


@pytest.mark.parametrize(("kind", "verb"), UNDOS)
async def test_a_rollback_that_fails_is_tried_again_with_growing_pauses_and_says_so(
    world: World, kind: IntentKind, verb: str
) -> None:
    change = taken_back(world, kind)
    world.server.failures[verb] = StatementFailed("53100", "The server's disk is full.")
    await world.run_pass()
    while world.clock.seconds < 600:
        await world.run_pass(after=5)
    assert world.server.moments == GROWING
    condition = world.condition(change, ConditionType.APPLIED)
    assert condition is not None
    assert (condition.status, condition.reason) == (ConditionStatus.TRUE, "RollbackFailing")
    assert "The server's disk is full." in condition.message
    assert world.wakes == 0


@pytest.mark.parametrize(("kind", "verb"), UNDOS)
async def test_a_rollback_that_failed_is_made_once_nothing_is_in_its_way(
    world: World, kind: IntentKind, verb: str
) -> None:
    change = taken_back(world, kind)
    world.server.failures[verb] = StatementFailed("53100", "The server's disk is full.")
    await world.run_pass()
    del world.server.failures[verb]
    await world.run_pass(after=5)
    await world.run_pass(after=5)
    assert (len(world.server.sent), world.reason(change)) == (2, "RolledBack")


@pytest.mark.parametrize("kind", [IntentKind.UNDO_BUILD, IntentKind.UNDO_REMOVE, IntentKind.REMOVE])
async def test_what_has_the_name_and_is_something_else_is_left_alone_and_never_called_done(
    world: World, kind: IntentKind
) -> None:
    if kind is IntentKind.REMOVE:
        change = recommend(Action.DROP, index_on(ORDERS, name="orders_a_idx"), intent=intend(kind))
        world.add(change)
    else:
        change = taken_back(world, kind)
    world.server.put("orders_a_idx", index_on(ORDERS, "b"))
    for _ in range(3):
        await world.run_pass(after=60)
    condition = world.condition(change, ConditionType.APPLIED)
    assert condition is not None
    assert (condition.status, condition.reason) == (ConditionStatus.FALSE, "Failed")
    assert "orders_a_idx is there" in condition.message
    assert (world.server.sent, world.now_of(change).status.intent) == ([], None)
    assert world.objects.announced.count((change.name, "Failed")) == 1
    assert [record.outcome for record in world.history.trail] == ["Failed"]


async def test_remains_that_have_become_something_else_are_announced_and_left_alone(world: World) -> None:
    change = applied(recommend(intent=intend(IntentKind.UNDO_BUILD)), ConditionStatus.FALSE, "Failed")
    world.add(change)
    world.server.put("orders_a_idx", index_on(ORDERS, "b"))
    for _ in range(3):
        await world.run_pass(after=60)
    assert (world.server.sent, world.now_of(change).status.intent) == ([], None)
    assert world.objects.announced.count((change.name, "Failed")) == 1


async def test_an_index_renamed_before_its_rollback_is_not_said_to_be_dropped(world: World) -> None:
    change = taken_back(world, IntentKind.UNDO_BUILD)
    world.server.indexes.clear()
    world.server.put("renamed", index_on(ORDERS))
    await world.run_pass()
    condition = world.condition(change, ConditionType.APPLIED)
    assert condition is not None
    assert (condition.reason, world.server.sent) == ("Failed", [])
    assert "public.renamed has the definition" in condition.message


@pytest.mark.parametrize("failure", [LOST, StatementFailed("42501", "The tuner may not end it.")])
async def test_ending_a_build_that_fails_is_tried_again_with_growing_pauses(world: World, failure: PgtendError) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.BUILDING)
    change = recommend(intent=intend(IntentKind.BUILD))
    world.add(change)
    world.policy = FROZEN
    world.server.failures["CANCEL"] = failure
    await world.run_pass()
    while world.clock.seconds < 600:
        await world.run_pass(after=5)
    assert world.server.moments == GROWING
    assert world.wakes == 0


async def test_a_build_that_outlived_its_client_is_watched_to_its_end(world: World) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.BUILDING)
    change = recommend(intent=intend(IntentKind.BUILD))
    world.add(change)
    await world.run_pass()
    assert (world.server.sent, world.now_of(change).status.intent is None) == ([], False)
    world.server.put("orders_a_idx", index_on(ORDERS))
    await world.run_pass(after=60)
    await world.run_pass()
    assert world.reason(change) == "Done"
    assert world.server.comments == {"orders_a_idx": f"pgtend: shop/{change.name}"}


@pytest.mark.parametrize("failure", [LOST, StatementFailed("42501", "The tuner may not.")])
async def test_a_comment_that_cannot_be_made_keeps_no_build_from_being_done(world: World, failure: PgtendError) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS))
    world.server.failures["COMMENT"] = failure
    change = recommend(intent=intend(IntentKind.BUILD))
    world.add(change)
    await world.run_pass()
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(change)) == ([("COMMENT", "orders_a_idx")], "Done")


@pytest.mark.parametrize("kind", [IntentKind.BUILD, IntentKind.UNDO_REMOVE])
async def test_an_index_on_an_expression_that_was_finished_without_its_client_is_analyzed(
    world: World, kind: IntentKind
) -> None:
    lower = FunctionCall(function="lower", arguments=(ColumnArgument(column="a"),))
    index = replace(index_on(ORDERS), columns=(IndexColumn(expression=lower),), name="orders_a_idx")
    action = Action.CREATE if kind is IntentKind.BUILD else Action.DROP
    change = applied(recommend(action, index, intent=intend(kind)), ConditionStatus.TRUE, "RollingBack")
    world.add(change)
    world.server.put("orders_a_idx", index)
    for _ in range(3):
        await world.run_pass(after=60)
    assert world.server.sent == [("COMMENT", "orders_a_idx"), ("ANALYZE", "public.orders")]
    assert world.reason(change) == ("Done" if kind is IntentKind.BUILD else "RolledBack")


async def test_what_this_process_has_built_itself_needs_nothing_more(world: World) -> None:
    change = recommend()
    world.add(change)
    await world.run_pass()
    await world.run_pass()
    assert (world.reason(change), [verb for verb, _ in world.server.sent]) == ("Done", ["CREATE"])


async def test_a_build_that_the_server_refuses_is_failed_and_not_tried_again(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.failures["CREATE"] = StatementFailed("53100", "The server's disk is full.")
    for _ in range(5):
        await world.run_pass(after=60)
    assert (len(world.server.sent), world.reason(change)) == (1, "Failed")


async def test_a_failed_build_that_is_approved_anew_is_begun_at_once(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.failures["CREATE"] = StatementFailed("53100", "The server's disk is full.")
    await world.run_pass()
    await world.run_pass(after=1)
    world.approve(change, ApprovalState.PENDING)
    await world.run_pass(after=1)
    world.approve(change, ApprovalState.APPROVED)
    await world.run_pass(after=1)
    assert world.server.moments == [0, 3]


async def test_a_build_that_ends_three_times_without_being_asked_is_failed(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.failures["CREATE"] = LOST
    for _ in range(12):
        await world.run_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CREATE"] * 3
    assert world.reason(change) == "Failed"
    assert [record.outcome for record in world.history.trail] == ["Begun", "Begun", "Begun", "Failed"]


async def test_a_build_that_ended_twice_without_being_asked_is_begun_a_third_time(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.failures["CREATE"] = LOST
    while len(world.server.sent) < 2:
        await world.run_pass(after=60)
    del world.server.failures["CREATE"]
    for _ in range(4):
        await world.run_pass(after=60)
    assert (len(world.server.sent), world.reason(change)) == (3, "Done")


async def test_a_build_ended_for_a_freeze_keeps_its_approval_and_is_begun_again_after(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.builds_last = True
    for hour in range(4):
        begin = 3600.0 * hour + 1800
        world.policy = replace(PLAIN, freeze_windows=(freeze(begin, begin + 600),))
        # A build needs a baseline, and slices go on coming.
        world.memory.slices.extend(slices(30, until=world.clock.seconds))
        await world.run_pass()
        assert world.reason(change) == "Building"
        await world.run_pass(after=begin - world.clock.seconds)
        await world.run_pass(after=MINUTE)
        await world.run_pass(after=MINUTE)
        assert world.reason(change) == "FreezeWindow"
        assert is_usable(world.now_of(change).status.approval)
        assert world.server.indexes == {}
        await world.run_pass(after=begin + 600 - world.clock.seconds)
    assert [verb for verb, _ in world.server.sent] == ["CREATE", "CANCEL", "DROP"] * 4 + ["CREATE"]


async def test_a_build_goes_on_through_a_freeze_that_lets_it_finish(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.builds_last = True
    await world.run_pass()
    world.policy = replace(FROZEN, running_build=RunningBuild.FINISH)
    await world.run_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CREATE"]


async def test_a_build_whose_approval_is_taken_away_is_ended_and_cleared_up(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.builds_last = True
    await world.run_pass()
    world.approve(change, ApprovalState.PENDING)
    for _ in range(3):
        await world.run_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CREATE", "CANCEL", "DROP"]
    assert (world.server.indexes, world.reason(change)) == ({}, "")


async def test_a_build_that_is_ended_and_approved_anew_before_the_next_pass_is_begun_again(world: World) -> None:
    change = recommend()
    world.add(change)
    world.server.builds_last = True
    await world.run_pass()
    world.approve(change, ApprovalState.PENDING)
    await world.run_pass(after=60)
    world.approve(change, ApprovalState.APPROVED)
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert world.reason(change) == "Preflight"
    assert is_usable(world.now_of(change).status.approval)
    world.server.builds_last = False
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert world.reason(change) == "Done"
    assert "Failed" not in {transition.reason for transition in world.now_of(change).status.transitions}


async def test_an_index_of_the_same_name_that_is_not_ours_is_left_alone(world: World) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS, "b"))
    change = recommend(intent=intend(IntentKind.BUILD))
    world.add(change)
    await world.run_pass()
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(change)) == ([], "Failed")
