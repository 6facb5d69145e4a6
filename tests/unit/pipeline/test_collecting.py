from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from pgtend.core.advice_terms import is_advice_due
from pgtend.core.verify import add_slice
from pgtend.domain.record import HourOfLoad
from pgtend.domain.verification import Measurement
from pgtend.domain.workload import CounterSnapshot
from pgtend.pipeline.collecting import collect, keep_loads
from pgtend.pipeline.kept_slices import KeptSlices, SliceRoom
from tests.unit.pipeline.fakes import HERE, NOW, ListedHistory, Observed
from tests.unit.pipeline.world import PLAIN, World

MINUTE = timedelta(minutes=1)
WEEK = 7 * 24 * 3600.0


@dataclass(kw_only=True)
class Hours(ListedHistory):
    """The rollups as a list."""

    kept: list[HourOfLoad] = field(default_factory=list)

    async def add_hour(self, database: str, hour: HourOfLoad) -> None:
        self.kept.append(hour)


@dataclass(kw_only=True)
class Ahead(Observed):
    """A database whose clock is not the operator's."""

    seconds: float

    async def read_counters(self) -> CounterSnapshot:
        snapshot = await super().read_counters()
        skew = timedelta(seconds=self.seconds)
        return replace(snapshot, at=snapshot.at + skew, stats_reset=NOW + skew, server_started=NOW + skew)


@pytest.fixture(params=[-WEEK, -300.0, 0.0, 300.0, WEEK], ids=lambda seconds: f"the server's clock {seconds:+.0f} s")
def database(world: World, request: pytest.FixtureRequest) -> Ahead:
    world.memory.slices = KeptSlices(SliceRoom())
    world.memory.catalog = world.catalog()
    return Ahead(clock=world.clock, catalog=world.catalog, seconds=request.param)


async def look(world: World, database: Ahead, *, times: int = 1, after: timedelta = MINUTE) -> None:
    for _ in range(times):
        world.clock.advance(after.total_seconds())
        assert await collect(database, HERE, PLAIN, world.memory, world.ports) == ""


async def test_slices_begin_and_end_by_the_operators_clock(world: World, database: Ahead) -> None:
    await look(world, database, times=4)
    slices = list(world.memory.slices.since(NOW - timedelta(days=30), set()))
    assert [piece.start for piece in slices] == [NOW + MINUTE, NOW + 2 * MINUTE, NOW + 3 * MINUTE]
    assert {piece.seconds for piece in slices} == {60.0}


async def test_a_measurement_takes_the_slices_after_the_change_and_no_other(world: World, database: Ahead) -> None:
    await look(world, database, times=5)
    since = world.clock.now()
    measurement = Measurement(
        slice_seconds=60.0, before_from=NOW, before_to=since, treated=(), controls=(), since=since
    )
    assert list(world.memory.slices.since(since, set())) == []
    await look(world, database, times=3)
    taken = list(world.memory.slices.since(since, set()))
    assert len(taken) == 3
    for piece in taken:
        measurement = add_slice(measurement, piece)
    assert measurement.until == world.clock.now()


def is_due(world: World) -> bool:
    return is_advice_due(PLAIN, world.memory.next_advice, world.memory.collecting_since, world.clock.now())


async def test_the_first_advice_is_due_and_hours_are_kept_by_the_operators_clock(world: World, database: Ahead) -> None:
    history = Hours()
    world.ports = replace(world.ports, history=history)
    await look(world, database)
    assert not is_due(world)
    await look(world, database, times=3)
    assert is_due(world)
    await keep_loads(HERE, world.memory, world.ports, world.clock.now())
    assert {hour.hour for hour in history.kept} == {NOW.replace(minute=0, second=0, microsecond=0)}
    assert sum(hour.seconds for hour in history.kept) == pytest.approx(180)
