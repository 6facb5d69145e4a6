from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.advice import Advice, AdvisedChange
from pgtend.domain.finding import ObjectGone, ObjectRefused, PgtendError, WriteConflict
from pgtend.domain.index import Index
from pgtend.domain.policy import Mode
from pgtend.domain.recommendation import Action, ConditionStatus, ConditionType, Evidence
from pgtend.pipeline.recommending import publish
from tests.unit.pipeline.world import FROZEN, ITEMS, ORDERS, PLAIN, World, index_on, recommend

EVIDENCE = Evidence(
    validated=True,
    cost_before=10.0,
    cost_after=1.0,
    saved_seconds_per_hour=1.0,
    size_bytes=1000,
    write_cost=1.0,
    queries=(),
)
ON_ORDERS, ON_ITEMS = recommend(), recommend(index=index_on(ITEMS))


def advice(*indexes: Index, complete: bool = True) -> Advice:
    changes = tuple(AdvisedChange(action=Action.CREATE, index=index, evidence=EVIDENCE) for index in indexes)
    return Advice(changes=changes, cost_before=10.0, cost_after=1.0, complete=complete)


BOTH = advice(index_on(ORDERS), index_on(ITEMS))


async def test_each_advised_change_becomes_an_object_of_its_name(world: World) -> None:
    known = await publish(BOTH, world.scene(), world.ports)
    assert [each.name for each in known] == [ON_ORDERS.name, ON_ITEMS.name]
    assert all(each.status.proposal is not None for each in world.objects.stored.values())


async def test_in_mode_observe_no_object_is_made(world: World) -> None:
    world.policy = replace(PLAIN, mode=Mode.OBSERVE)
    assert await publish(BOTH, world.scene(), world.ports) == ()
    assert world.objects.stored == {}


async def test_a_name_that_is_taken_is_told_of_and_does_not_stop_the_others(world: World) -> None:
    world.objects.taken[ON_ORDERS.name] = ObjectRefused("It is another policy's.")
    known = await publish(BOTH, world.scene(), world.ports)
    assert [each.name for each in known] == [ON_ITEMS.name]
    assert world.policies.announced == ["NameTaken"]


@pytest.mark.parametrize(
    ("refusal", "left", "wakes"),
    [
        (ObjectGone("It is not there any more."), False, 0),
        (ObjectRefused("A quota is against it."), True, 0),
        (WriteConflict("Somebody else was first."), True, 1),
    ],
)
async def test_an_object_that_cannot_be_written_does_not_stop_the_others(
    world: World, refusal: PgtendError, left: bool, wakes: int
) -> None:
    world.objects.refusals[ON_ORDERS.name] = refusal
    known = {each.name: each for each in await publish(BOTH, world.scene(), world.ports)}
    assert (ON_ORDERS.name in known, world.wakes) == (left, wakes)
    assert known[ON_ITEMS.name].status.proposal is not None


@pytest.mark.parametrize(("complete", "reason"), [(True, "Outdated"), (False, "Issued")])
async def test_what_complete_advice_names_no_more_is_outdated_and_auto_takes_its_approval_back(
    world: World, complete: bool, reason: str
) -> None:
    world.policy = replace(FROZEN, mode=Mode.AUTO)
    await publish(advice(index_on(ITEMS)), world.scene(), world.ports)
    await publish(advice(complete=complete), world.scene(), world.ports)
    assert world.reason(ON_ITEMS, ConditionType.PROPOSED) == reason
    await world.run_pass()
    condition = world.condition(ON_ITEMS, ConditionType.APPROVED)
    assert condition is not None
    assert (condition.status is ConditionStatus.TRUE) == (not complete)


async def test_where_advice_comes_first_after_its_table_was_dropped_that_is_the_reason(world: World) -> None:
    await publish(advice(index_on(ITEMS)), world.scene(), world.ports)
    world.dropped.add(ITEMS)
    await publish(advice(), world.scene(), world.ports)
    condition = world.condition(ON_ITEMS, ConditionType.PROPOSED)
    assert condition is not None
    assert condition.reason == "Outdated"
    assert "public.items is not there any more" in condition.message


async def test_what_a_person_approved_is_not_outdated(world: World) -> None:
    change = recommend()
    world.add(change)
    world.policy = FROZEN
    await world.run_pass()
    await publish(advice(), world.scene(), world.ports)
    assert world.reason(change, ConditionType.PROPOSED) == "Issued"
