"""Several policies on one database: the oldest tends it, also right after a start."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, PolicyInvalid
from pgtend.domain.recommendation import ApprovalState, IntentKind
from pgtend.pipeline.claims import Claims, claim_of
from pgtend.pipeline.kept_slices import SliceRoom
from pgtend.pipeline.statements import TextRoom
from pgtend.pipeline.tending import Tending
from pgtend.ports import IndexState
from tests.unit.pipeline.fakes import Observed, OnePolicy
from tests.unit.pipeline.world import ORDERS, PLAIN, World, index_on, intend, recommend

OLDER = replace(PLAIN, uid="of the older", namespace="attic", created_at=PLAIN.created_at - timedelta(days=1))
YOUNGER = replace(PLAIN, uid="of the younger", name="younger", created_at=PLAIN.created_at + timedelta(days=1))
UNREACHABLE = ConnectionRefusedByTarget(Finding(aspect=Aspect.CONNECTED, reason="Unreachable", message="It is away."))


def start(world: World) -> tuple[Tending, World]:
    """The world's policy and an older one in one process that has just been started; returns the older one's loop and world."""
    claims = Claims(lambda: (claim_of(PLAIN), claim_of(OLDER), claim_of(YOUNGER)))
    other = World(policy=OLDER, policies=OnePolicy(policy=OLDER))
    for each in (world, other):
        each.target.observed = Observed(clock=each.clock, catalog=each.catalog)
    memory = world.memory
    world.tending = Tending(world.ports, claims, SliceRoom(), TextRoom())
    world.tending._memory = memory
    other.tending = Tending(other.ports, claims, SliceRoom(), TextRoom())
    return other.tending, other


async def test_nothing_begins_and_nothing_is_said_before_an_older_policy_was_heard(world: World) -> None:
    _, other = start(world)
    change = recommend()
    world.add(change)
    for _ in range(3):
        await world.run_whole_pass(after=60)
    assert (world.server.sent, world.reason(change), world.policies.status) == ([], "", None)
    await other.run_whole_pass()
    assert world.wakes == 1
    await world.run_whole_pass(after=60)
    assert world.policies.status is not None
    [ready] = [each for each in world.policies.status.conditions if each.type == "Ready"]
    assert (world.server.sent, ready.reason) == ([], "DatabaseClaimed")


async def test_changes_are_decided_on_once_every_older_policy_leads_elsewhere_or_nowhere(world: World) -> None:
    _, other = start(world)
    other.target.observed = UNREACHABLE
    change = recommend()
    world.add(change)
    await world.run_whole_pass()
    assert world.reason(change) == ""
    await other.run_whole_pass()
    await world.run_whole_pass(after=1)
    assert world.reason(change) == "Baseline"


async def test_an_older_policy_that_cannot_be_read_keeps_nobody_waiting(world: World) -> None:
    _, other = start(world)
    other.policies.gone = PolicyInvalid("It cannot be read.")
    change = recommend()
    world.add(change)
    await world.run_whole_pass()
    await other.run_whole_pass()
    await world.run_whole_pass(after=1)
    assert world.reason(change) == "Baseline"


async def test_an_older_policy_that_is_deleted_keeps_nobody_waiting(world: World) -> None:
    known = [claim_of(PLAIN), claim_of(OLDER)]
    claims = Claims(lambda: known)
    woken: list[str] = []
    assert claims.awaits_older(PLAIN, lambda: woken.append("at once"))
    claims.leave(OLDER.uid)
    assert woken == ["at once"]
    known.pop()
    assert not claims.awaits_older(PLAIN, lambda: None)


async def test_a_policy_waits_for_no_younger_one(world: World) -> None:
    _, other = start(world)
    change = recommend()
    other.add(change)
    await other.run_whole_pass()
    assert other.reason(change) == "Baseline"


async def test_what_is_under_way_is_looked_after_meanwhile(world: World) -> None:
    start(world)
    world.server.put("orders_a_idx", index_on(ORDERS), IndexState.BUILDING)
    change = recommend(intent=intend(IntentKind.BUILD))
    world.add(change)
    world.approve(change, ApprovalState.PENDING)
    for _ in range(3):
        await world.run_whole_pass(after=60)
    assert [verb for verb, _ in world.server.sent] == ["CANCEL", "DROP"]


async def test_a_loop_that_ends_claims_nothing_any_more(world: World) -> None:
    older, other = start(world)
    await other.run_whole_pass()
    await older.aclose()
    claims = world.tending._claims
    assert claims.lay("1/1", PLAIN) is None
