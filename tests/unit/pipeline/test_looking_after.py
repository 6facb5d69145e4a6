"""What is under way, in passes that come to no scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, HistoryUnavailable, PolicyInvalid
from pgtend.domain.recommendation import (
    Action,
    ApprovalState,
    ConditionStatus,
    ConditionType,
    IntentKind,
    Recommendation,
)
from pgtend.pipeline.claims import Claims
from pgtend.pipeline.kept_slices import SliceRoom
from pgtend.pipeline.statements import TextRoom
from pgtend.pipeline.tending import Tending
from pgtend.ports import IndexState
from tests.unit.pipeline.fakes import ELSEWHERE, Observed
from tests.unit.pipeline.world import FROZEN, ITEMS, ORDERS, PLAIN, World, applied, index_on, intend, recommend

LOCKED_OUT = ConnectionRefusedByTarget(
    Finding(aspect=Aspect.CONNECTED, reason="AuthenticationFailed", message="The password is wrong.")
)
BLIND = Finding(aspect=Aspect.PERMITTED, reason="StatementsMissing", message="There is no pg_stat_statements.")


def lock_out(world: World) -> None:
    world.target.observed = LOCKED_OUT


def blindfold(world: World) -> None:
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog, findings=(BLIND,))


def claim_elsewhere(world: World) -> None:
    """An older policy tends the same database."""
    older = PLAIN.created_at.replace(year=2020)
    claims = Claims()
    claims.lay("1/1", replace(PLAIN, uid="another", name="older", created_at=older))
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog)
    world.tending = Tending(world.ports, claims, SliceRoom(), TextRoom())


CAUSES = [lock_out, blindfold, claim_elsewhere]


def build_under_way(world: World) -> Recommendation:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.BUILDING)
    change = recommend(intent=intend(IntentKind.BUILD))
    world.add(change)
    return change


@pytest.mark.parametrize("cause", CAUSES)
async def test_a_freeze_ends_a_running_build_even_when_the_observer_sees_nothing(
    world: World, cause: Callable[[World], None]
) -> None:
    change = build_under_way(world)
    cause(world)
    await world.run_whole_pass()
    assert world.server.sent == []
    world.policy = FROZEN
    for _ in range(4):
        await world.run_whole_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CANCEL", "DROP"]
    assert (world.server.indexes, world.reason(change)) == ({}, "FreezeWindow")


@pytest.mark.parametrize("cause", CAUSES)
async def test_nothing_new_begins_where_the_observer_sees_nothing(world: World, cause: Callable[[World], None]) -> None:
    build_under_way(world)
    waiting = recommend(index=index_on(ITEMS))
    world.add(waiting)
    cause(world)
    await world.run_whole_pass()
    assert (world.server.sent, world.reason(waiting)) == ([], "PolicyNotReady")


async def test_a_build_that_ends_while_the_observer_is_locked_out_is_done(world: World) -> None:
    change = build_under_way(world)
    lock_out(world)
    await world.run_whole_pass()
    world.server.put("orders_a_idx", index_on(ORDERS))
    world.server.comments["orders_a_idx"] = "as it is"
    for _ in range(2):
        await world.run_whole_pass(after=60)
    assert world.reason(change) == "Done"


async def test_an_approval_taken_away_ends_a_running_build_while_the_history_is_away(world: World) -> None:
    change = build_under_way(world)
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog)
    world.history.away = True
    world.approve(change, ApprovalState.PENDING)
    for _ in range(3):
        with pytest.raises(HistoryUnavailable):
            await world.run_whole_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CANCEL", "DROP"]
    assert world.now_of(change).status.intent is not None, "what became of it is not in the audit trail yet"
    world.history.away = False
    await world.run_whole_pass(after=60)
    assert world.now_of(change).status.intent is None
    assert [record.outcome for record in world.history.trail] == ["Ended"]


async def test_a_tuner_that_leads_to_another_database_is_not_let_near_what_is_under_way(world: World) -> None:
    change = build_under_way(world)
    lock_out(world)
    world.server.identity = ELSEWHERE
    world.policy = FROZEN
    for _ in range(3):
        await world.run_whole_pass(after=60)
    assert (world.server.sent, world.now_of(change).status.intent is None) == ([], False)


async def test_a_tuner_with_something_in_its_way_is_left_alone(world: World) -> None:
    build_under_way(world)
    lock_out(world)
    world.policy = FROZEN
    pooler = Finding(aspect=Aspect.TUNER_READY, reason="PoolerInTheWay", message="It is a pooler.")
    world.server.findings = (pooler,)
    await world.run_whole_pass()
    assert world.server.sent == []


def misspell(world: World) -> None:
    """Somebody edits the policy into what cannot be read."""
    world.policies.gone = PolicyInvalid("This policy cannot be read: europe/london is no time zone.")


@pytest.mark.parametrize("decision", [ApprovalState.PENDING, ApprovalState.REJECTED])
async def test_an_approval_taken_away_ends_a_running_build_while_the_policy_cannot_be_read(
    world: World, decision: ApprovalState
) -> None:
    change = build_under_way(world)
    lock_out(world)
    await world.run_whole_pass()
    misspell(world)
    await world.run_whole_pass(after=60)
    assert world.server.sent == []
    world.approve(change, decision)
    for _ in range(4):
        await world.run_whole_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CANCEL", "DROP"]
    assert (world.server.indexes, world.reason(change, ConditionType.APPROVED)) == ({}, decision.value)


@pytest.mark.parametrize("kind", [IntentKind.UNDO_BUILD, IntentKind.UNDO_REMOVE])
async def test_no_rollback_begins_while_the_policy_cannot_be_read(world: World, kind: IntentKind) -> None:
    if kind is IntentKind.UNDO_BUILD:
        world.server.put("orders_a_idx", index_on(ORDERS))
    action = Action.CREATE if kind is IntentKind.UNDO_BUILD else Action.DROP
    change = recommend(action, index_on(ORDERS, name="orders_a_idx"), intent=intend(kind))
    change = applied(change, ConditionStatus.TRUE, "RollingBack")
    lock_out(world)
    await world.run_whole_pass()
    world.add(change)
    misspell(world)
    await world.run_whole_pass(after=60)
    assert (world.server.sent, (change.name, "RollbackDue") in world.objects.announced) == ([], True)
    world.policies.gone = None
    await world.run_whole_pass(after=60)
    assert len(world.server.sent) == 1


async def test_a_policy_that_could_never_be_read_moves_nothing(world: World) -> None:
    build_under_way(world)
    misspell(world)
    await world.run_whole_pass()
    assert (world.server.sent, world.policies.announced) == ([], ["Unready", "Invalid"])


WRONG_PASSWORD = ConnectionRefusedByTarget(
    Finding(aspect=Aspect.TUNER_READY, reason="AuthenticationFailed", message="The tuner's password is wrong.")
)


def see(world: World) -> None:
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog)


@pytest.mark.parametrize("observer", [lock_out, see])
@pytest.mark.parametrize(
    ("kind", "value", "before"),
    [
        (IntentKind.BUILD, ConditionStatus.FALSE, "Building"),
        (IntentKind.UNDO_BUILD, ConditionStatus.TRUE, "RollingBack"),
    ],
)
async def test_what_nobody_can_see_without_the_tuner_is_said_once_and_carried_on_with_when_it_is_back(
    world: World, observer: Callable[[World], None], kind: IntentKind, value: ConditionStatus, before: str
) -> None:
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.BUILDING)
    change = applied(recommend(intent=intend(kind)), value, before)
    world.add(change)
    observer(world)
    world.target.refusal = WRONG_PASSWORD
    for _ in range(3):
        await world.run_whole_pass(after=60)
    condition = world.condition(change, ConditionType.APPLIED)
    assert condition is not None
    assert (condition.status, condition.reason) == (value, "NoTuner")
    assert "The tuner's password is wrong." in condition.message
    assert world.objects.announced.count((change.name, "NoTuner")) == 1
    assert world.server.sent == []
    world.target.refusal = None
    await world.run_whole_pass(after=60)
    assert world.reason(change) == before
    if kind is IntentKind.BUILD:
        world.server.put("orders_a_idx", index_on(ORDERS))
    else:
        del world.server.indexes["orders_a_idx"]
    for _ in range(2):
        await world.run_whole_pass(after=60)
    assert world.reason(change) == ("Done" if kind is IntentKind.BUILD else "RolledBack")


async def test_remains_of_a_failed_build_stay_failed_without_the_tuner(world: World) -> None:
    change = applied(recommend(intent=intend(IntentKind.UNDO_BUILD)), ConditionStatus.FALSE, "Failed")
    world.add(change)
    see(world)
    world.target.refusal = WRONG_PASSWORD
    await world.run_whole_pass()
    assert world.reason(change) == "Failed"


async def test_each_change_under_way_is_looked_after_though_another_cannot_be(world: World) -> None:
    forgotten = recommend(index=index_on(ITEMS), intent=intend(IntentKind.BUILD, "items_a_idx"))
    world.add(forgotten)
    change = build_under_way(world)
    lock_out(world)
    world.history.away = True
    world.policy = FROZEN
    await world.run_whole_pass()
    assert world.server.sent == [("CANCEL", "orders_a_idx")]
    assert world.condition(change, ConditionType.APPROVED) is not None


@pytest.mark.parametrize("cause", CAUSES)
async def test_a_fault_of_the_tuner_is_told_together_with_one_of_the_observer(
    world: World, cause: Callable[[World], None]
) -> None:
    cause(world)
    missing = Finding(aspect=Aspect.TUNER_READY, reason="SecretNotFound", message="There is no Secret shop-tuner.")
    world.target.refusal = ConnectionRefusedByTarget(missing)
    await world.run_whole_pass()
    assert world.policies.status is not None
    told = {each.type: (each.status, each.reason, each.message) for each in world.policies.status.conditions}
    assert told["TunerReady"] == (ConditionStatus.FALSE, missing.reason, missing.message)
    assert ConditionStatus.FALSE in (told["Connected"][0], told["Permitted"][0])
    assert told["Ready"][0] is ConditionStatus.FALSE
    assert missing.reason in world.policies.announced


async def test_a_tuner_that_works_is_told_of_while_the_observer_is_locked_out(world: World) -> None:
    lock_out(world)
    await world.run_whole_pass()
    assert world.policies.status is not None
    told = {each.type: each.status for each in world.policies.status.conditions}
    assert (told["Connected"], told["TunerReady"]) == (ConditionStatus.FALSE, ConditionStatus.TRUE)


async def test_a_tuner_that_leads_elsewhere_is_told_of_with_both_secrets_and_databases(world: World) -> None:
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog)
    world.server.identity = replace(ELSEWHERE, name="archive")
    await world.run_whole_pass()
    assert world.policies.status is not None
    (said,) = [each for each in world.policies.status.conditions if each.type == "TunerReady"]
    assert (said.status, said.reason) == (ConditionStatus.FALSE, "OtherDatabase")
    assert said.message == (
        "The Secret tuner (tuner) leads to the database archive and the Secret observer (observer) to shop: point both to the same."
    )
