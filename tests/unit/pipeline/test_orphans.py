"""Recommendations that are deleted while their builds are under way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, StatementFailed
from pgtend.domain.recommendation import Action, Recommendation
from pgtend.domain.record import ActionRecord
from pgtend.ports import IndexState
from tests.unit.pipeline.fakes import NOW, Observed
from tests.unit.pipeline.world import ITEMS, ORDERS, PLAIN, World, index_on, put_twins, recommend

NAME = "orders_a_idx"


def begun(recommendation: Recommendation, name: str = NAME, policy: str = "shop/tune") -> ActionRecord:
    """What the audit trail says of a build of which nobody knows what came of it."""
    return ActionRecord(
        at=NOW,
        policy=policy,
        recommendation=recommendation.name,
        action="Build",
        definition=f"CREATE INDEX {name}",
        outcome="Begun",
        message="",
        approved_by="jane",
    )


async def build(world: World) -> Recommendation:
    """A recommendation whose build has begun and goes on."""
    change = recommend()
    world.add(change)
    world.server.builds_last = True
    await world.run_pass()
    assert [verb for verb, _ in world.server.sent] == ["CREATE"]
    return change


async def run(world: World, passes: int = 5) -> None:
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog)
    for _ in range(passes):
        await world.run_whole_pass(after=60)


def outcomes(world: World) -> list[str]:
    return [record.outcome for record in world.history.trail]


async def test_a_build_whose_recommendation_is_deleted_is_ended_and_cleared(world: World) -> None:
    change = await build(world)
    await run(world, 1)
    del world.objects.stored[change.name]
    await run(world)
    assert [verb for verb, _ in world.server.sent] == ["CREATE", "CANCEL", "DROP"]
    assert (world.server.indexes, outcomes(world)) == ({}, ["Begun", "Ended"])
    sent = len(world.server.sent)
    await run(world, 2)
    assert len(world.server.sent) == sent


async def test_a_build_whose_recommendation_is_not_listed_yet_is_left_in_peace(world: World) -> None:
    """As in the first pass of a process that has just taken over."""
    change = await build(world)
    world.objects.unlisted = True
    await run(world, 2)
    world.objects.unlisted = False
    await run(world, 1)
    assert [verb for verb, _ in world.server.sent] == ["CREATE"]
    assert world.reason(change) == "Building"


async def test_invalid_remains_are_cleared_at_the_next_start(world: World) -> None:
    world.history.trail.append(begun(recommend()))
    world.server.put(NAME, index_on(ORDERS), IndexState.INVALID)
    await run(world)
    assert [verb for verb, _ in world.server.sent] == ["DROP"]
    assert outcomes(world) == ["Begun", "Ended"]


async def test_a_build_that_was_finished_first_stays_and_somebody_is_told(world: World) -> None:
    world.history.trail.append(begun(recommend()))
    world.server.put(NAME, index_on(ORDERS))
    await run(world)
    assert (world.server.sent, outcomes(world)) == ([], ["Begun", "Done"])
    assert world.policies.announced.count("IndexLeft") == 1


@pytest.mark.parametrize(
    ("record", "state"),
    [
        pytest.param(begun(recommend(), "another_name"), IndexState.INVALID, id="another definition"),
        pytest.param(begun(recommend(), policy="shop/other"), IndexState.INVALID, id="another policy's"),
        pytest.param(replace(begun(recommend()), outcome="Done"), IndexState.INVALID, id="a build that was done"),
        pytest.param(replace(begun(recommend()), action="Remove"), IndexState.INVALID, id="a drop"),
    ],
)
async def test_what_is_not_proven_to_be_its_own_is_left_alone(
    world: World, record: ActionRecord, state: IndexState
) -> None:
    world.history.trail.append(record)
    world.server.put(NAME, index_on(ORDERS), state)
    await run(world)
    assert world.server.sent == []
    assert NAME in world.server.indexes


def dropping(recommendation: Recommendation) -> ActionRecord:
    """What the audit trail says of a drop of which nobody knows what came of it."""
    return replace(begun(recommendation), action="Remove", definition=f"DROP INDEX {NAME}")


@pytest.mark.parametrize(
    ("state", "outcome", "told"),
    [
        pytest.param(None, "Done", 1, id="the index is gone"),
        pytest.param(IndexState.INVALID, "Failed", 1, id="the drop was broken off"),
        pytest.param(IndexState.VALID, "Ended", 0, id="the drop had not begun"),
    ],
)
async def test_of_a_drop_whose_recommendation_is_deleted_is_said_what_became_and_nothing_is_done(
    world: World, state: IndexState | None, outcome: str, told: int
) -> None:
    world.history.trail.append(dropping(recommend()))
    if state is not None:
        world.server.put(NAME, index_on(ORDERS), state)
    await run(world)
    assert (world.server.sent, outcomes(world)) == ([], ["Begun", outcome])
    assert world.policies.announced.count("DropLeft") == told


async def test_a_drop_whose_recommendation_is_deleted_in_the_middle_goes_on_and_somebody_is_told(world: World) -> None:
    put_twins(world)
    change = recommend(Action.DROP, index_on(ORDERS, name=NAME))
    world.add(change)
    await world.run_pass()
    assert world.server.sent == [("DROP", NAME)]
    del world.objects.stored[change.name]
    await run(world)
    assert (world.server.sent, outcomes(world)) == ([("DROP", NAME)], ["Begun", "Done"])
    assert world.policies.announced.count("DropLeft") == 1


async def test_an_invalid_index_of_somebody_else_is_left_alone(world: World) -> None:
    world.server.put(NAME, index_on(ORDERS), IndexState.INVALID)
    await run(world)
    assert world.server.sent == []


async def test_the_same_advice_issued_anew_does_not_hide_what_the_old_build_left(world: World) -> None:
    old = recommend()
    world.history.trail.append(begun(old))
    world.server.put(NAME, index_on(ORDERS), IndexState.INVALID)
    world.clock.advance(60)
    world.add(recommend(approved=False))
    await world.run_pass()
    await run(world)
    assert [verb for verb, _ in world.server.sent] == ["DROP"]


async def test_a_waiting_recommendation_whose_build_was_lost_keeps_its_count_of_attempts(world: World) -> None:
    change = recommend()
    world.add(change)
    lost = Finding(aspect=Aspect.TUNER_READY, reason="ConnectionLost", message="It went away.")
    world.server.failures["CREATE"] = ConnectionRefusedByTarget(lost)
    await world.run_pass()
    await world.run_pass(after=60)
    assert world.now_of(change).status.intent is None
    world.policy = replace(PLAIN, suspended=True)
    await run(world, 2)
    assert (outcomes(world), world.reason(change)) == (["Begun"], "Suspended")


async def test_clearing_that_fails_is_said_and_tried_again(world: World) -> None:
    world.history.trail.append(begun(recommend()))
    world.server.put(NAME, index_on(ORDERS), IndexState.INVALID)
    world.server.failures["DROP"] = StatementFailed("42501", "The tuner may not drop it.")
    await run(world, 2)
    assert "StepFailed" in world.policies.announced
    del world.server.failures["DROP"]
    await run(world, 3)
    assert world.server.indexes == {}


async def test_other_builds_are_left_in_peace(world: World) -> None:
    gone = await build(world)
    other = recommend(index=index_on(ITEMS))
    world.policy = replace(PLAIN, budgets=replace(PLAIN.budgets, max_concurrent_builds=2))
    world.add(other)
    await world.run_pass()
    assert len(world.server.sent) == 2
    del world.objects.stored[gone.name]
    await run(world)
    assert [name for name, there in world.server.indexes.items() if there.state is IndexState.BUILDING] == [
        world.now_of(other).status.index_name
    ]
