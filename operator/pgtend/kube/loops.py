"""One loop per TuningPolicy: a pass, then sleep until its interval is over or something woke it.

kopf's own timers are not used: their interval is static, they put a finalizer on every object, and one whose object was
deleted during a broken watch runs on for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pgtend.domain.finding import LeadershipLost, ObjectGone, PgtendError, WriteConflict
from pgtend.kube.kinds import PolicyKey
from pgtend.pipeline.report import PassReport
from pgtend.serve.health import LoopHealth
from pgtend.serve.metrics import Metrics, Outcome

logger = logging.getLogger(__name__)

FIRST_BACK_OFF_SECONDS = 5.0
LONGEST_BACK_OFF_SECONDS = 120.0
"""Well below what /livez takes for stuck."""
SPREAD_SECONDS = 0.1
"""Mean pause between the first passes of loops that start together."""
LET_GO_SECONDS = 5.0


class Tending(Protocol):
    """The body of a loop, with what it remembers between passes."""

    async def run_pass(self) -> PassReport:
        """One pass. May raise ObjectGone and LeadershipLost, which end the loop."""

    async def aclose(self) -> None:
        """Let go of every session and task."""


TendingFactory = Callable[[PolicyKey, Callable[[], None]], Tending]
"""Makes the body of a loop; the second argument wakes the loop."""
Complain = Callable[[PolicyKey, str, str], Awaitable[None]]
"""Says in a policy's Ready condition (reason, sentence) that its pass failed."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What all loops share."""

    make_tending: TendingFactory
    complain: Complain
    metrics: Metrics
    on_failure: Callable[[BaseException], None]
    """Called with what no loop can go on after: LeadershipLost, or a mistake in the loop itself."""


class Loop:
    """The loop of one policy object, by its uid; it starts at once and ends when it is stopped."""

    def __init__(self, key: PolicyKey, uid: str, surroundings: Surroundings, delay: float) -> None:
        self.uid = uid
        self._key = key
        self._surroundings = surroundings
        self._woken = asyncio.Event()
        self._interval = 60.0
        self._since = time.monotonic() + delay
        """When the last pass ended, or the loop is to start."""
        self._task = asyncio.get_running_loop().create_task(self._run(delay), name=f"loop:{key}")
        self._task.add_done_callback(self._tell_failure)

    def wake(self) -> None:
        """Start the next pass now, or right after the one that is running."""
        self._woken.set()

    async def stop(self) -> None:
        """End it, in the middle of a pass too: each write is whole or not made, and the next process carries on."""
        self._task.cancel()
        await asyncio.wait([self._task], timeout=LET_GO_SECONDS)

    @property
    def health(self) -> LoopHealth:
        """What /livez looks at."""
        seconds = 0.0 if self._task.done() else time.monotonic() - self._since
        return LoopHealth(interval=self._interval, seconds_since_pass=seconds)

    async def _run(self, delay: float) -> None:
        await self._sleep(delay)
        tending = self._surroundings.make_tending(self._key, self.wake)
        failures = 0
        passes = 0
        try:
            while True:
                self._woken.clear()
                pause = await self._one_pass(tending, failures)
                failures = 0 if pause is not None else failures + 1
                if pause is not None:
                    passes += 1
                    if passes == 1:
                        # Loops that started together would meet again in every interval; so each takes a place of its own in it.
                        pause *= place_of(self.uid)
                self._since = time.monotonic()
                await self._sleep(_back_off(failures) if pause is None else pause)
        except ObjectGone:
            logger.info("TuningPolicy %s is gone; its loop ends.", self._key)
        finally:
            await tending.aclose()

    def _tell_failure(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._surroundings.on_failure(error)

    async def _one_pass(self, tending: Tending, failures: int) -> float | None:
        """Seconds until the next pass; None when this one failed."""
        started = time.monotonic()
        outcome = Outcome.FAILED
        try:
            report = await tending.run_pass()
        except (ObjectGone, LeadershipLost):
            raise
        except WriteConflict:
            outcome = Outcome.CONFLICT
            if not failures:
                self.wake()
        except PgtendError as error:
            logger.warning("A pass over %s failed: %s", self._key, error)
            await self._complain(type(error).__name__, str(error))
        except Exception as error:  # noqa: BLE001
            # The one place where anything may be caught: a mistake that one database brings to light must not stop the
            # tending of all the others. Only the class is told: the text may hold what a query holds.
            outcome = Outcome.CRASHED
            place = _place_of(error)
            logger.error("A pass over %s ended with %s, %s.", self._key, type(error).__name__, place)  # noqa: TRY400
            await self._complain(
                "InternalError",
                f"The last pass ended with an error in pgtend itself ({type(error).__name__}, {place}); "
                "it is tried again. Please report it.",
            )
        else:
            outcome = Outcome.READY if report.ready == "True" else Outcome.UNREADY
            self._interval = report.next_pass.total_seconds()
            self._surroundings.metrics.count_report(
                statements=report.statements, explains=report.explains, what_if_seconds=report.what_if_seconds
            )
            return max(0.0, self._interval - (time.monotonic() - started))
        finally:
            self._surroundings.metrics.count_pass(outcome, time.monotonic() - started)
        return None

    async def _complain(self, reason: str, message: str) -> None:
        try:
            await self._surroundings.complain(self._key, reason, message)
        except (ObjectGone, LeadershipLost):
            raise
        except PgtendError as error:
            logger.warning("The status of %s could not say so: %s", self._key, error)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()


class Loops:
    """All loops of this process."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._loops: dict[PolicyKey, Loop] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._loops)

    def start(self, key: PolicyKey, uid: str) -> None:
        """Start the loop of a policy; of one that was deleted and made anew the old loop ends first."""
        known = self._loops.get(key)
        if known is not None and known.uid == uid:
            return
        if known is not None:
            self.stop(key)
        self._loops[key] = Loop(key, uid, self._surroundings, first_delay(uid, len(self._loops)))

    def wake(self, key: PolicyKey) -> None:
        """Wake the loop of a policy, if there is one."""
        if loop := self._loops.get(key):
            loop.wake()

    def stop(self, key: PolicyKey) -> None:
        """Stop the loop of a policy, if there is one, without waiting for its end."""
        if loop := self._loops.pop(key, None):
            task = asyncio.get_running_loop().create_task(loop.stop())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """Stop all loops and wait for their ends."""
        for key in list(self._loops):
            self.stop(key)
        while self._ending:
            await asyncio.gather(*self._ending)

    def health(self) -> Iterator[LoopHealth]:
        """What /livez looks at."""
        return (loop.health for loop in self._loops.values())


def first_delay(uid: str, others: int) -> float:
    """Seconds before the first pass: with many policies their first passes spread, each at a place of its own."""
    return place_of(uid) * SPREAD_SECONDS * others


def place_of(uid: str) -> float:
    """A policy's place in any span of time, from 0 to 1: the same for ever, and spread evenly over policies."""
    return int(uid.replace("-", "")[:8] or "0", 16) / 0x1_0000_0000


def _back_off(failures: int) -> float:
    return float(min(FIRST_BACK_OFF_SECONDS * 2 ** min(failures - 1, 10), LONGEST_BACK_OFF_SECONDS))


def _place_of(error: BaseException) -> str:
    """Where it came from: file and line, no text."""
    trace = error.__traceback__
    if trace is None:
        return "at an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
