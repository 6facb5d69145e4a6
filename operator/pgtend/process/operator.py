"""The process that `pgtend run` is: stand by, lead, watch, tend, and end in order.

Exit codes: 0 ended by a signal, 1 the set-up is wrong (said in one sentence), 3 the leadership was lost. After each of them
the process may be started again at once, and after a kill -9 too: what is under way stands in the objects and in Postgres.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import uuid
from collections.abc import Coroutine
from datetime import timedelta

from pgtend.domain.finding import HistoryUnavailable, LeadershipLost, PgtendError
from pgtend.history import open_history
from pgtend.kube.client import open_api
from pgtend.kube.events import Events
from pgtend.kube.kinds import INDEX_RECOMMENDATION, TUNING_POLICY, PolicyKey
from pgtend.kube.leadership import Leadership
from pgtend.kube.logs import configure_logging
from pgtend.kube.loops import Loops, Surroundings
from pgtend.kube.policies import PolicyObject
from pgtend.kube.recommendations import is_unapproved
from pgtend.kube.store import ObjectStore
from pgtend.kube.tracking import Tracking, phases, ready_states
from pgtend.kube.watching import watch_objects
from pgtend.ports import History
from pgtend.process.composition import compose
from pgtend.process.edges import Compose, Edges, SystemClock
from pgtend.serve.health import Progress, liveness, readiness
from pgtend.serve.http import serve
from pgtend.serve.metrics import Metrics, Seen
from pgtend.settings import Settings

logger = logging.getLogger(__name__)

EXIT_ENDED, EXIT_WRONG_SETUP, EXIT_LEADERSHIP_LOST = 0, 1, 3
HISTORY_KEPT = timedelta(days=30)
"""How long hourly loads are kept; actions are kept longer, see SqlHistory.prune."""
PRUNE_SECONDS = 6 * 3600.0
RELEASE_SECONDS = 1.5
END_SECONDS = 9
"""This long after a signal the process ends even if something hangs."""


async def run(settings: Settings) -> int:
    """Tend until a signal or the loss of leadership; returns the exit code."""
    return await operate(settings, compose)


async def operate(settings: Settings, compose: Compose) -> int:
    """Tend until a signal or the loss of leadership, as ``run`` does, with loop bodies of the caller's."""
    configure_logging(settings.log_format)
    ending = asyncio.Event()
    _take_signals(ending)
    try:
        await _serve_until(ending, settings, compose)
    except LeadershipLost as lost:
        logger.warning("%s", lost)
        return EXIT_LEADERSHIP_LOST
    except PgtendError as error:
        logger.error("%s", error)  # noqa: TRY400 - a sentence for people, the trace tells them nothing
        return EXIT_WRONG_SETUP
    return EXIT_ENDED


async def _serve_until(ending: asyncio.Event, settings: Settings, compose: Compose) -> None:
    clock, metrics, progress = SystemClock(), Metrics(), Progress()
    identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    policies, recommendations = ObjectStore(), ObjectStore(is_unapproved)
    stores = {TUNING_POLICY: policies, INDEX_RECOMMENDATION: recommendations}
    failed = asyncio.get_running_loop().create_future()
    async with open_api() as api, open_history(settings.history_url) as history:
        leadership = Leadership(api, namespace=settings.namespace, identity=identity, now=clock.now)
        events = Events(api, instance=identity, now=clock.now, monotonic=clock.monotonic)
        composition = compose(
            Edges(
                settings=settings,
                api=api,
                history=history,
                policies=policies,
                recommendations=recommendations,
                events=events,
                metrics=metrics,
                clock=clock,
                fence=leadership.check,
            )
        )

        async def complain(key: PolicyKey, reason: str, message: str) -> None:
            policy = PolicyObject(key, api=api, policies=policies, events=events, fence=leadership.check)
            await policy.say_unready(reason, message, clock.now())

        def fail(error: BaseException) -> None:
            if not failed.done():
                failed.set_exception(error)

        loops = Loops(
            Surroundings(make_tending=composition.make_tending, complain=complain, metrics=metrics, on_failure=fail)
        )
        tracking = Tracking(api, loops, stores, settings.watch_namespaces, progress, events)
        metrics.observe(
            lambda: Seen(
                leads=leadership.is_leader,
                ready=ready_states(policies),
                phases=phases(recommendations),
                connections=composition.open_connections(),
            )
        )
        async with serve(
            settings.listen_host,
            settings.listen_port,
            liveness=lambda: liveness(loops.health()),
            readiness=lambda: readiness(progress),
            metrics=metrics,
        ) as port:
            logger.info("Answering /livez, /readyz and /metrics on port %d.", port)
            try:
                await _first_of(ending, _lead(leadership, progress))
                if ending.is_set():
                    return
                await _first_of(
                    ending,
                    leadership.keep(),
                    _follow_objects(tracking, settings, ending),
                    _prune(history, clock),
                    _raise_from(failed),
                )
            finally:
                await loops.close()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RELEASE_SECONDS):
                        await leadership.release()
                if not failed.done():
                    failed.cancel()


async def _lead(leadership: Leadership, progress: Progress) -> None:
    def stand_by() -> None:
        progress.standby = True

    await leadership.acquire(stand_by)
    progress.standby = False


async def _follow_objects(tracking: Tracking, settings: Settings, ending: asyncio.Event) -> None:
    await tracking.wait_for_kinds()
    await _first_of(
        ending,
        tracking.list_again_and_again(),
        watch_objects(tracking, settings.watch_namespaces, lambda: _take_signals(ending)),
    )


async def _prune(history: History, clock: SystemClock) -> None:
    while True:
        try:
            removed = await history.prune(clock.now() - HISTORY_KEPT)
            logger.info("The history let go of %d old rows.", removed)
        except HistoryUnavailable as error:
            logger.warning("The history could not be pruned: %s", error)
        await asyncio.sleep(PRUNE_SECONDS)


async def _raise_from(failed: asyncio.Future[None]) -> None:
    await asyncio.shield(failed)


async def _first_of(ending: asyncio.Event, *works: Coroutine[object, object, None]) -> None:
    """Do these side by side until the first ends, or the process is to end; raises what the first raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    end = asyncio.ensure_future(ending.wait())
    try:
        done, _ = await asyncio.wait([*tasks, end], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, end):
            task.cancel()
        outcomes = await asyncio.gather(*tasks, end, return_exceptions=True)
    for task, outcome in zip(tasks, outcomes, strict=False):
        if task in done and isinstance(outcome, BaseException):
            raise outcome


def _take_signals(ending: asyncio.Event) -> None:
    def end(number: signal.Signals) -> None:
        if not ending.is_set():
            logger.info("%s: ending.", number.name)
            # Should something hang, the kernel ends the process; everything is made to carry on from any instant.
            signal.alarm(END_SECONDS)
        ending.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
