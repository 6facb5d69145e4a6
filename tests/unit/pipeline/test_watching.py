from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.index import TableName
from pgtend.domain.policy import Budgets
from pgtend.domain.recommendation import Action, ConditionStatus, ConditionType, Recommendation
from pgtend.domain.workload import Load, Slice
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.watching import with_texts
from tests.unit.pipeline.world import MINUTE, ORDERS, PLAIN, World, index_on, put_twins, recommend, slices


def drop(name: str = "orders_a_idx") -> Recommendation:
    return recommend(Action.DROP, index_on(ORDERS, name=name))


async def measure(world: World, change: Recommendation, *, slower: float = 1.0) -> None:
    """Passes of a minute each until there is a verdict; the statement on orders takes that many times as long."""
    for _ in range(300):
        if world.reason(change, ConditionType.VERIFIED) not in ("", "Measuring"):
            return
        [piece] = slices(1, until=world.clock.seconds + MINUTE)
        world.memory.slices.append(_slowed(piece, slower))
        await world.run_pass(after=MINUTE)
    raise AssertionError("there is no verdict after 300 slices")


def _slowed(piece: Slice, factor: float) -> Slice:
    load = piece.loads["on orders"]
    return replace(piece, loads={**piece.loads, "on orders": Load(calls=100, total_ms=load.total_ms * factor)})


async def begin(world: World, change: Recommendation) -> None:
    await world.run_pass()
    await world.run_pass()
    assert world.reason(change, ConditionType.VERIFIED) == "Measuring"


async def test_an_effect_is_shown_with_the_text_of_its_statement_over_a_restart_too(world: World) -> None:
    change = recommend()
    world.add(change)
    await begin(world, change)
    await measure(world, change)
    judgement = world.now_of(change).status.judgement
    assert judgement is not None
    assert {each.fingerprint: each.text for each in judgement.effects} == {"on orders": "SELECT a FROM orders"}
    forgetful = Memory()
    assert with_texts(replace(judgement), world.now_of(change), forgetful) == judgement


async def test_a_drop_gets_its_baseline_from_the_statements_on_its_table(world: World) -> None:
    put_twins(world)
    change = drop()
    world.add(change)
    await begin(world, change)
    measurement = world.now_of(change).status.measurement
    assert measurement is not None
    assert [(each.fingerprint, each.before.n) for each in measurement.treated] == [("on orders", 60)]
    assert {each.fingerprint for each in measurement.controls} == {"on items", "on parcels"}


async def test_a_drop_that_nothing_is_slower_for_is_improved(world: World) -> None:
    put_twins(world)
    change = drop()
    world.add(change)
    await begin(world, change)
    await measure(world, change)
    verified = world.condition(change, ConditionType.VERIFIED)
    assert verified is not None
    assert (verified.status, verified.reason) == (ConditionStatus.TRUE, "Improved")
    judgement = world.now_of(change).status.judgement
    assert judgement is not None
    assert judgement.message == "No statement on the table became slower by 10 % or more without the index."
    assert world.server.sent == [("DROP", "orders_a_idx")]


async def test_a_drop_that_makes_a_statement_slower_is_taken_back(world: World) -> None:
    put_twins(world)
    change = drop()
    world.add(change)
    await begin(world, change)
    await measure(world, change, slower=3.0)
    await world.run_pass(after=MINUTE)
    assert world.reason(change, ConditionType.VERIFIED) == "Regressed"
    assert world.server.sent == [("DROP", "orders_a_idx"), ("CREATE", "orders_a_idx")]
    assert world.reason(change) == "RolledBack"


async def test_a_new_index_that_changes_nothing_is_ineffective_and_stays(world: World) -> None:
    change = recommend()
    world.add(change)
    await begin(world, change)
    await measure(world, change)
    await world.run_pass(after=MINUTE)
    assert world.reason(change, ConditionType.VERIFIED) == "Ineffective"
    assert [verb for verb, _ in world.server.sent] == ["CREATE"]


async def test_the_second_of_two_twins_is_not_dropped_after_the_first(world: World) -> None:
    world.policy = replace(PLAIN, budgets=Budgets(max_concurrent_builds=5))
    put_twins(world)
    first, second = drop("orders_a_idx"), drop("orders_a_twin")
    world.add(first, second)
    await begin(world, first)
    await measure(world, first)
    world.memory.slices.extend(slices(30, until=world.clock.seconds + 30 * MINUTE))
    await world.run_pass(after=30 * MINUTE)
    assert world.server.sent == [("DROP", "orders_a_idx")]
    assert world.reason(second) == "Preflight"


async def test_an_index_that_somebody_dropped_is_not_built_again(world: World) -> None:
    change = recommend()
    world.add(change)
    await begin(world, change)
    world.server.indexes.clear()
    await world.run_pass(after=MINUTE)
    await world.run_pass(after=MINUTE)
    assert world.reason(change) == "RemovedByOthers"
    assert [verb for verb, _ in world.server.sent] == ["CREATE"]


@pytest.mark.parametrize(
    ("table", "name"),
    [(ORDERS, "renamed"), (replace(ORDERS, schema="attic"), "")],
    ids=["the index renamed", "its table moved to another schema"],
)
async def test_an_index_that_is_there_under_another_name_is_not_said_to_be_gone(
    world: World, table: TableName, name: str
) -> None:
    change = recommend()
    world.add(change)
    await begin(world, change)
    [built] = world.server.indexes
    world.server.indexes.clear()
    world.server.put(name or built, index_on(table))
    await world.run_pass(after=MINUTE)
    condition = world.condition(change, ConditionType.APPLIED)
    assert condition is not None
    assert condition.reason == "RemovedByOthers"
    assert f"{table.schema}.{name or built} has the definition" in condition.message


async def test_the_measuring_begins_again_when_somebody_changes_the_indexes_of_the_table(world: World) -> None:
    change = recommend()
    world.add(change)
    await begin(world, change)
    await world.run_pass(after=MINUTE)
    world.server.put("by_hand", index_on(ORDERS, "b"))
    await world.run_pass(after=MINUTE)
    measurement = world.now_of(change).status.measurement
    assert measurement is not None
    assert (measurement.restarts, measurement.since) == (1, world.clock.now())
    assert (change.name, "MeasuringAgain") in world.objects.announced
