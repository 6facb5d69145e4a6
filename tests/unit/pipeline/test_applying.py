from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.canonical import object_name
from pgtend.domain.finding import LeadershipLost, PolicyInvalid
from pgtend.domain.policy import Budgets, Mode, Policy
from pgtend.domain.recommendation import Action, ApprovalState, ConditionType, IntentKind, Recommendation
from pgtend.ports import IndexState
from tests.unit.pipeline.fakes import ELSEWHERE
from tests.unit.pipeline.world import ITEMS, ORDERS, PLAIN, World, freeze, index_on, intend, put_twins, recommend


async def test_an_approved_index_is_built_once_and_then_measured(world: World) -> None:
    build = recommend()
    world.add(build)
    await world.run_pass()
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CREATE"]
    assert (world.reason(build), world.reason(build, ConditionType.VERIFIED)) == ("Done", "Measuring")


@pytest.mark.parametrize("action", [Action.CREATE, Action.DROP])
async def test_no_ddl_is_sent_when_the_session_leads_to_another_database(world: World, action: Action) -> None:
    put_twins(world)
    index = index_on(ORDERS, "b") if action is Action.CREATE else index_on(ORDERS, name="orders_a_idx")
    change = recommend(action, index)
    world.add(change)
    # The Secret is changed while the session for the DDL waits for its place.
    world.target.before_alter = lambda: setattr(world.server, "identity", ELSEWHERE)
    await world.run_pass()
    assert world.now_of(change).status.intent is not None
    assert world.server.sent == []


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (IntentKind.REMOVE, IndexState.INVALID),
        (IntentKind.UNDO_BUILD, IndexState.VALID),
        (IntentKind.UNDO_REMOVE, IndexState.ABSENT),
    ],
)
async def test_no_resumed_ddl_is_sent_when_the_session_leads_to_another_database(
    world: World, kind: IntentKind, state: IndexState
) -> None:
    if state is not IndexState.ABSENT:
        world.server.put("orders_a_idx", index_on(ORDERS), state)
    action = Action.CREATE if kind is IntentKind.UNDO_BUILD else Action.DROP
    index = index_on(ORDERS, name=None if action is Action.CREATE else "orders_a_idx")
    world.add(recommend(action, index, intent=intend(kind)))
    world.target.before_alter = lambda: setattr(world.server, "identity", ELSEWHERE)
    await world.run_pass()
    assert world.server.sent == []


@pytest.mark.parametrize("action", [Action.CREATE, Action.DROP])
async def test_no_ddl_is_sent_when_a_freeze_begins_between_decision_and_statement(world: World, action: Action) -> None:
    put_twins(world)
    index = index_on(ORDERS, "b") if action is Action.CREATE else index_on(ORDERS, name="orders_a_idx")
    change = recommend(action, index)
    world.add(change)
    world.policy = replace(PLAIN, freeze_windows=(freeze(30, 600),))
    world.target.before_alter = lambda: world.clock.advance(40)
    await world.run_pass()
    assert world.now_of(change).status.intent is not None
    assert world.server.sent == []
    world.target.before_alter = None
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(change)) == ([], "FreezeWindow")


def _edit(world: World, policy: Policy) -> None:
    world.policies.policy = world.policy = policy


def _misspell(world: World, _: Recommendation) -> None:
    world.policies.gone = PolicyInvalid("This policy cannot be read.")


MEANWHILE = {
    "Suspended": lambda world, _: _edit(world, replace(PLAIN, suspended=True)),
    "ModeObserve": lambda world, _: _edit(world, replace(PLAIN, mode=Mode.OBSERVE)),
    "FreezeWindow": lambda world, _: _edit(world, replace(PLAIN, freeze_windows=(freeze(0, 6000),))),
    "": lambda world, change: world.approve(change, ApprovalState.PENDING),
    "Rejected": lambda world, change: world.approve(change, ApprovalState.REJECTED),
    "Invalid": _misspell,
}


@pytest.mark.parametrize("action", [Action.CREATE, Action.DROP])
@pytest.mark.parametrize("reason", MEANWHILE)
async def test_no_ddl_is_sent_when_what_was_decided_on_changes_between_decision_and_statement(
    world: World, action: Action, reason: str
) -> None:
    put_twins(world)
    index = index_on(ORDERS, "b") if action is Action.CREATE else index_on(ORDERS, name="orders_a_idx")
    change = recommend(action, index)
    world.add(change)
    world.target.before_alter = lambda: MEANWHILE[reason](world, change)
    await world.run_pass()
    assert world.now_of(change).status.intent is not None
    assert world.server.sent == []
    world.target.before_alter = None
    if reason == "Invalid":
        return
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(change)) == ([], "" if reason == "Rejected" else reason)


async def test_no_index_that_the_policy_approves_no_more_is_built(world: World) -> None:
    change = recommend(approved=False)
    world.add(change)
    world.policy = replace(PLAIN, mode=Mode.AUTO)
    world.target.before_alter = lambda: _edit(world, PLAIN)
    await world.run_pass()
    assert world.now_of(change).status.intent is not None
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(change, ConditionType.APPROVED)) == ([], "Pending")


async def test_builds_that_were_not_begun_after_all_count_as_no_attempt(world: World) -> None:
    change = recommend()
    world.add(change)
    world.target.before_alter = lambda: _edit(world, replace(PLAIN, suspended=True))
    for _ in range(5):
        _edit(world, PLAIN)
        await world.run_pass(after=60)
        await world.run_pass(after=60)
        await world.run_pass(after=60)
    world.target.before_alter = None
    _edit(world, PLAIN)
    await world.run_pass(after=60)
    await world.run_pass(after=60)
    assert ([verb for verb, _ in world.server.sent], world.reason(change)) == (["CREATE"], "Done")


@pytest.mark.parametrize("kind", [IntentKind.UNDO_BUILD, IntentKind.UNDO_REMOVE])
async def test_no_rollback_is_sent_when_the_policy_is_suspended_between_decision_and_statement(
    world: World, kind: IntentKind
) -> None:
    builds = kind is IntentKind.UNDO_REMOVE
    if not builds:
        world.server.put("orders_a_idx", index_on(ORDERS))
    action = Action.DROP if builds else Action.CREATE
    change = recommend(action, index_on(ORDERS, name="orders_a_idx" if builds else None), intent=intend(kind))
    world.add(change)
    world.target.before_alter = lambda: _edit(world, replace(PLAIN, suspended=True))
    await world.run_pass()
    assert world.server.sent == []


@pytest.mark.parametrize("kind", [IntentKind.UNDO_BUILD, IntentKind.UNDO_REMOVE])
async def test_no_rollback_is_sent_when_a_freeze_begins_between_decision_and_statement(
    world: World, kind: IntentKind
) -> None:
    builds = kind is IntentKind.UNDO_REMOVE
    if not builds:
        world.server.put("orders_a_idx", index_on(ORDERS))
    action = Action.DROP if builds else Action.CREATE
    change = recommend(action, index_on(ORDERS, name="orders_a_idx" if builds else None), intent=intend(kind))
    world.add(change)
    world.policy = replace(PLAIN, freeze_windows=(freeze(30, 600),))
    world.target.before_alter = lambda: world.clock.advance(40)
    await world.run_pass()
    assert world.clock.seconds == 40
    assert world.server.sent == []


async def test_no_ddl_is_sent_for_a_proposal_whose_hash_is_not_its_own(world: World) -> None:
    honest = recommend()
    proposal = honest.status.proposal
    assert proposal is not None
    forged = replace(honest, status=replace(honest.status, proposal=replace(proposal, index=index_on(ITEMS, "b"))))
    world.add(forged)
    await world.run_pass()
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(forged, ConditionType.PROPOSED)) == ([], "NotIssued")


async def test_no_ddl_is_sent_for_a_proposal_under_the_name_of_another(world: World) -> None:
    honest = recommend()
    proposal = honest.status.proposal
    assert proposal is not None
    forged = replace(honest, name=object_name("tune", "items", proposal.hash))
    world.add(forged)
    await world.run_pass()
    await world.run_pass(after=60)
    assert (world.server.sent, world.reason(forged, ConditionType.PROPOSED)) == ([], "NotIssued")


@pytest.mark.parametrize("kind", [IntentKind.BUILD, IntentKind.UNDO_BUILD])
async def test_an_intent_in_a_forged_object_moves_nothing(world: World, kind: IntentKind) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.INVALID)
    honest = recommend(intent=intend(kind))
    world.add(replace(honest, name="tune-orders-00000000"))
    await world.run_pass()
    assert world.server.sent == []


@pytest.mark.parametrize("action", [Action.CREATE, Action.DROP])
async def test_no_ddl_is_sent_by_a_process_that_lost_the_leadership_and_the_next_pass_says_so(
    world: World, action: Action
) -> None:
    put_twins(world)
    index = index_on(ORDERS, "b") if action is Action.CREATE else index_on(ORDERS, name="orders_a_idx")
    world.add(recommend(action, index))
    world.target.before_alter = world.lose_leadership
    await world.run_pass()
    assert world.server.sent == []
    with pytest.raises(LeadershipLost):
        await world.run_pass(after=60)


async def test_a_process_that_lost_the_leadership_writes_nothing_into_the_audit_trail(world: World) -> None:
    world.add(recommend())
    world.lose_leadership()
    with pytest.raises(LeadershipLost):
        await world.run_pass()
    assert (world.history.trail, world.server.sent) == ([], [])


async def test_the_storage_budget_counts_a_build_that_is_under_way(world: World) -> None:
    world.policy = replace(PLAIN, budgets=Budgets(max_concurrent_builds=3, index_storage=1500))
    world.server.builds_last = True
    first, second = recommend(), recommend(index=index_on(ITEMS))
    world.add(first, second)
    await world.run_pass()
    await world.run_pass(after=60)
    assert (world.reason(first), world.reason(second)) == ("Building", "Budget")
    assert len(world.server.sent) == 1


async def test_the_daily_budget_counts_what_the_same_pass_has_begun(world: World) -> None:
    world.policy = replace(PLAIN, budgets=Budgets(max_concurrent_builds=3, max_changes_per_day=1))
    first, second = recommend(), recommend(index=index_on(ITEMS))
    world.add(first, second)
    await world.run_pass()
    assert (world.reason(first), world.reason(second)) == ("Building", "Budget")
    assert len(world.server.sent) == 1


async def test_two_builds_go_on_at_once_where_the_budgets_let_them(world: World) -> None:
    world.policy = replace(PLAIN, budgets=Budgets(max_concurrent_builds=2, index_storage=2000))
    world.server.builds_last = True
    world.add(recommend(), recommend(index=index_on(ITEMS)))
    await world.run_pass()
    assert len(world.server.sent) == 2
