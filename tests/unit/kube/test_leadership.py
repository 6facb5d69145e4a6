"""The Lease under a clock that the test holds, against a Lease that lives in a dict."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from pgtend.domain.finding import ApiUnavailable, LeadershipLost, ObjectGone, WriteConflict
from pgtend.kube.client import Api
from pgtend.kube.leadership import LEASE_SECONDS, Leadership


class Leases:
    """The one Lease, with versions as the API server keeps them; the real one is used in the integration tests."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.away = False

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        self._answer()
        if self.lease is None:
            raise ObjectGone("no lease")
        return copy.deepcopy(self.lease)

    async def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._answer()
        if self.lease is not None:
            raise WriteConflict("there is one")
        return self._store(body)

    async def replace(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self._answer()
        if self.lease is None:
            raise ObjectGone("no lease")
        if body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise WriteConflict("somebody was faster")
        return self._store(body)

    def _answer(self) -> None:
        if self.away:
            raise ApiUnavailable("away")

    def _store(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = copy.deepcopy(dict(body))
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        return copy.deepcopy(self.lease)


class World:
    """A clock, and processes that would lead. Sleeping moves the clock."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.leases = Leases()

    def process(self, name: str) -> Leadership:
        return Leadership(
            cast(Api, self.leases),
            namespace="tools",
            identity=name,
            now=lambda: datetime(2026, 6, 1, tzinfo=UTC),
            clock=lambda: self.seconds,
        )

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await REAL_SLEEP(0)


REAL_SLEEP = asyncio.sleep


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(asyncio, "sleep", made.sleep)
    return made


async def lead(process: Leadership) -> None:
    await process.acquire(lambda: None)


async def test_the_first_leads_at_once(world: World) -> None:
    first = world.process("first")
    with pytest.raises(LeadershipLost):
        first.check()
    await lead(first)
    first.check()
    assert world.seconds == 1000.0


async def test_nobody_leads_while_another_one_trusts_itself(world: World) -> None:
    first, second = world.process("first"), world.process("second")
    await lead(first)
    stood_by = []
    await second.acquire(lambda: stood_by.append(first.is_leader))
    assert stood_by == [True]
    assert second.is_leader
    assert not first.is_leader
    assert LEASE_SECONDS <= world.seconds - 1000.0 <= LEASE_SECONDS + 0.1


async def test_a_suspended_leader_refuses_to_act_and_to_renew(world: World) -> None:
    first = world.process("first")
    await lead(first)
    world.seconds += LEASE_SECONDS
    with pytest.raises(LeadershipLost):
        first.check()
    with pytest.raises(LeadershipLost):
        await first._renew()


async def test_a_renewed_lease_lasts_from_the_moment_the_renewal_was_begun(world: World) -> None:
    first = world.process("first")
    await lead(first)
    world.seconds += 4
    await first._renew()
    world.seconds += LEASE_SECONDS - 0.1
    first.check()
    world.seconds += 0.2
    assert not first.is_leader


async def test_gives_up_before_anybody_can_take_over(world: World) -> None:
    first = world.process("first")
    await lead(first)
    world.leases.away = True
    with pytest.raises(LeadershipLost, match="could not be renewed in time"):
        await first.keep()
    assert world.seconds - 1000.0 < LEASE_SECONDS
    assert not first.is_leader


async def test_gives_up_when_somebody_else_holds_it(world: World) -> None:
    first = world.process("first")
    await lead(first)
    assert world.leases.lease is not None
    world.leases._store({**world.leases.lease, "spec": {**world.leases.lease["spec"], "holderIdentity": "second"}})
    with pytest.raises(LeadershipLost, match="Another process has taken"):
        await first.keep()


async def test_goes_on_when_somebody_only_labelled_the_lease(world: World) -> None:
    first = world.process("first")
    await lead(first)
    assert world.leases.lease is not None
    world.leases._store(world.leases.lease)
    await first._renew()
    first.check()


async def test_gives_up_when_the_lease_was_deleted(world: World) -> None:
    first = world.process("first")
    await lead(first)
    world.leases.lease = None
    with pytest.raises(LeadershipLost):
        await first.keep()


async def test_what_was_released_is_had_at_once(world: World) -> None:
    first, second = world.process("first"), world.process("second")
    await lead(first)
    await first.release()
    assert not first.is_leader
    await lead(second)
    assert world.seconds == 1000.0
    assert world.leases.lease is not None
    assert world.leases.lease["spec"]["leaseTransitions"] == 1
    await first.release()
    assert world.leases.lease["spec"]["holderIdentity"] == "second"


async def test_of_two_that_try_at_once_one_gets_it(world: World) -> None:
    processes = [world.process(name) for name in ("one", "two")]
    waiting = [asyncio.ensure_future(lead(each)) for each in processes]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert sum(each.is_leader for each in processes) == 1
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
