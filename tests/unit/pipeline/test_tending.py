"""Whole passes: what they ask of the database, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from pgtend.core.approval import POLICY
from pgtend.core.conditions import with_condition
from pgtend.domain.finding import LeadershipLost
from pgtend.domain.policy import RecurringWindow
from pgtend.domain.recommendation import (
    ApprovalRecord,
    ApprovalState,
    ConditionStatus,
    ConditionType,
    IntentKind,
    Recommendation,
)
from pgtend.pipeline.collecting import keep_loads
from pgtend.pipeline.memory import Unkept
from tests.unit.pipeline.fakes import HERE, NOW, Observed
from tests.unit.pipeline.world import FROZEN, ORDERS, World, applied, index_on, intend, recommend

BUILT = applied(recommend(intent=intend(IntentKind.BUILD)), ConditionStatus.TRUE, "Done")
BUILT = replace(BUILT, status=replace(BUILT.status, intent=None, measurement=None))


def verified(verdict: str, change: Recommendation = BUILT) -> Recommendation:
    status = with_condition(
        change.status, ConditionType.VERIFIED, ConditionStatus.UNKNOWN, verdict, "Said.", now=NOW, generation=1
    )
    return replace(change, status=status)


def by_policy(*, consumed: bool) -> Recommendation:
    change = (
        recommend(approved=False) if not consumed else replace(verified("Improved"), approval=ApprovalState.PENDING)
    )
    record = ApprovalRecord(state=ApprovalState.APPROVED, by=POLICY, at=NOW, consumed=consumed)
    return replace(change, status=replace(change.status, approval=record))


def held_back() -> Recommendation:
    """Approved before anybody could see the proposal."""
    change = recommend()
    record = ApprovalRecord(state=ApprovalState.PENDING, by="jane", at=NOW, consumed=True)
    return replace(change, status=replace(change.status, approval=record))


def rolled_back() -> Recommendation:
    return verified("Regressed", applied(BUILT, ConditionStatus.FALSE, "RolledBack"))


async def _catalogs_read(world: World, change: Recommendation) -> int:
    """In three passes after one that has read it, without advice being due."""
    world.server.put("orders_a_idx", index_on(ORDERS))
    observed = Observed(clock=world.clock, catalog=world.catalog)
    world.target.observed = observed
    world.memory.next_advice = NOW + timedelta(days=1)
    # Nothing begins in a freeze, so that an approval stays as it is.
    world.policy = FROZEN
    world.add(recommend(approved=False))
    await world.run_whole_pass()
    world.add(change)
    before = observed.catalogs_read
    for _ in range(3):
        await world.run_whole_pass(after=10)
    return observed.catalogs_read - before


async def test_a_process_that_lost_the_leadership_keeps_no_loads(world: World) -> None:
    world.memory.unkept = Unkept(since=NOW)
    world.lose_leadership()
    with pytest.raises(LeadershipLost):
        await keep_loads(HERE, world.memory, world.ports, NOW + timedelta(minutes=1))
    assert world.history.kept == []


async def test_loads_are_kept_by_the_minute(world: World) -> None:
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog)
    for _ in range(13):
        await world.run_whole_pass(after=10)
    assert [hour.seconds for hour in world.history.kept] == [60, 60]


@pytest.mark.parametrize(
    "change",
    [
        verified("Improved"),
        verified("Inconclusive"),
        rolled_back(),
        by_policy(consumed=True),
        held_back(),
        recommend(approved=False),
    ],
    ids=["improved", "inconclusive", "rolled back", "improved by the policy's leave", "approved too early", "pending"],
)
async def test_the_catalog_is_not_read_in_every_pass_for_what_has_come_to_its_end_or_not_begun(
    world: World, change: Recommendation
) -> None:
    assert await _catalogs_read(world, change) == 0


@pytest.mark.parametrize(
    "change",
    [verified("Measuring"), verified("Regressed"), recommend(index=index_on(ORDERS, "b"))],
    ids=["measuring", "regressed", "approved"],
)
async def test_the_catalog_is_read_in_every_pass_while_something_is_to_be_done_or_measured(
    world: World, change: Recommendation
) -> None:
    assert await _catalogs_read(world, change) == 3


async def test_the_catalog_is_fresh_when_an_approval_is_first_seen(world: World) -> None:
    world.add(recommend(approved=False))
    assert await _catalogs_read(world, recommend(approved=False)) == 0
    world.approve(recommend(), ApprovalState.APPROVED)
    observed = world.target.observed
    assert isinstance(observed, Observed)
    before = observed.catalogs_read
    await world.run_whole_pass(after=10)
    assert observed.catalogs_read == before + 1


async def test_windows_without_a_gap_between_them_are_announced_once(world: World) -> None:
    hourly = RecurringWindow(name="hours", schedule="*/5 * * * *", duration=timedelta(minutes=7), zone=ZoneInfo("UTC"))
    world.policy = replace(FROZEN, freeze_windows=(hourly,))
    world.target.observed = Observed(clock=world.clock, catalog=world.catalog)
    change = recommend()
    world.add(change)
    await world.run_whole_pass()
    announced = list(world.policies.announced)
    said = world.condition(change, ConditionType.APPLIED)
    assert said is not None
    assert said.reason == "FreezeWindow"
    for _ in range(20):
        await world.run_whole_pass(after=60)
    assert world.policies.announced == announced
    assert world.condition(change, ConditionType.APPLIED) == said
