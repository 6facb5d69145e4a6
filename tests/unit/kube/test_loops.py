"""A loop around a body that the test holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.domain.finding import ApiUnavailable, LeadershipLost, ObjectGone, WriteConflict
from pgtend.kube.kinds import PolicyKey
from pgtend.kube.loops import LONGEST_BACK_OFF_SECONDS, Loops, Surroundings, _back_off, first_delay
from pgtend.pipeline.report import PassReport
from pgtend.serve.health import STUCK_SECONDS
from pgtend.serve.metrics import Metrics

KEY = PolicyKey(namespace="shop", name="bookings")
HOURLY = PassReport(next_pass=timedelta(hours=1), ready="True")


class Body:
    """Each pass ends as told; the last way is kept."""

    def __init__(self, *ways: PassReport | BaseException) -> None:
        self.ways = list(ways)
        self.passes: asyncio.Queue[int] = asyncio.Queue()
        self.number = 0
        self.closed = asyncio.Event()
        self.complaints: list[tuple[str, str]] = []
        self.failures: list[BaseException] = []
        self.wake: Callable[[], None] = lambda: None

    async def run_pass(self) -> PassReport:
        self.number += 1
        self.passes.put_nowait(self.number)
        way = self.ways.pop(0) if len(self.ways) > 1 else self.ways[0]
        if isinstance(way, BaseException):
            raise way
        return way

    async def aclose(self) -> None:
        self.closed.set()

    def loops(self) -> Loops:
        def make(key: PolicyKey, wake: Callable[[], None]) -> Body:
            self.wake = wake
            return self

        async def complain(key: PolicyKey, reason: str, message: str) -> None:
            self.complaints.append((reason, message))

        return Loops(
            Surroundings(make_tending=make, complain=complain, metrics=Metrics(), on_failure=self.failures.append)
        )


@pytest.fixture
async def started() -> AsyncIterator[Callable[[Body], Loops]]:
    running: list[Loops] = []

    def start(body: Body) -> Loops:
        loops = body.loops()
        loops.start(KEY, "0f")
        running.append(loops)
        return loops

    yield start
    for loops in running:
        await loops.close()


Start = Callable[[Body], Loops]


async def test_passes_at_once_and_whenever_it_is_woken(started: Start) -> None:
    body = Body(HOURLY)
    loops = started(body)
    assert await body.passes.get() == 1
    loops.wake(KEY)
    assert await body.passes.get() == 2
    body.wake()
    assert await body.passes.get() == 3


async def test_a_wake_in_the_middle_of_a_pass_is_not_lost(started: Start) -> None:
    body = Body(HOURLY)
    started(body)
    await body.passes.get()
    body.wake()
    body.wake()
    assert await body.passes.get() == 2
    await asyncio.sleep(0)
    assert body.passes.empty()


async def test_ends_with_its_object(started: Start) -> None:
    body = Body(ObjectGone("gone"))
    started(body)
    await body.closed.wait()
    assert body.failures == []
    assert body.complaints == []


async def test_tells_whoever_runs_it_that_the_leadership_is_lost(started: Start) -> None:
    body = Body(LeadershipLost("lost"))
    started(body)
    await body.closed.wait()
    await asyncio.sleep(0)
    assert [type(each) for each in body.failures] == [LeadershipLost]


async def test_looks_again_at_once_after_a_conflict_but_not_without_end(started: Start) -> None:
    body = Body(WriteConflict("first"), WriteConflict("second"), HOURLY)
    started(body)
    assert await body.passes.get() == 1
    assert await body.passes.get() == 2
    for _ in range(5):
        await asyncio.sleep(0)
    assert body.passes.empty()


async def test_says_an_error_with_a_name_in_its_own_words(started: Start) -> None:
    body = Body(ApiUnavailable("The API is away."), HOURLY)
    loops = started(body)
    await body.passes.get()
    loops.wake(KEY)
    await body.passes.get()
    assert body.complaints == [("ApiUnavailable", "The API is away.")]


async def test_says_no_word_of_an_error_without_a_name(started: Start, caplog: pytest.LogCaptureFixture) -> None:
    body = Body(RuntimeError("select secret"), HOURLY)
    loops = started(body)
    await body.passes.get()
    loops.wake(KEY)
    await body.passes.get()
    ((reason, message),) = body.complaints
    assert reason == "InternalError"
    assert "RuntimeError, test_loops.py:" in message
    assert "secret" not in message + caplog.text


async def test_a_stopped_loop_is_closed_and_may_start_again(started: Start) -> None:
    body = Body(HOURLY)
    loops = started(body)
    await body.passes.get()
    loops.stop(KEY)
    await body.closed.wait()
    assert len(loops) == 0
    loops.start(KEY, "0f")
    assert await body.passes.get() == 2


async def test_the_same_object_starts_one_loop_and_another_of_its_name_a_new_one(started: Start) -> None:
    body = Body(HOURLY)
    loops = started(body)
    await body.passes.get()
    loops.start(KEY, "0f")
    assert not body.closed.is_set()
    loops.start(KEY, "10")
    await body.closed.wait()
    assert await body.passes.get() == 2


@given(st.uuids(), st.integers(0, 1000))
def test_first_passes_spread_over_a_tenth_of_a_second_each(uid: object, others: int) -> None:
    assert 0.0 <= first_delay(str(uid), others) <= 0.1 * others


def test_backs_off_but_never_so_long_that_it_looks_stuck() -> None:
    pauses = [_back_off(failures) for failures in range(1, 50)]
    assert pauses == sorted(pauses)
    assert max(pauses) == LONGEST_BACK_OFF_SECONDS < STUCK_SECONDS
