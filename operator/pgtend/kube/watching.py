"""Runs kopf inside our own event loop, under our own rules for signals and for ending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import kopf

from pgtend.domain.finding import ApiUnavailable
from pgtend.kube.handlers import make_registry, make_settings, watched
from pgtend.kube.tracking import Tracking

END_SECONDS = 2.0


async def watch_objects(tracking: Tracking, namespaces: Sequence[str], take_signals: Callable[[], None]) -> None:
    """Watch both kinds for ever.

    kopf.operator() is not used, but what it is made of: that would take the process's signals to itself, and at its end
    cancel every task of the event loop, whoever made it.
    """
    tasks = await kopf.spawn_tasks(
        registry=make_registry(tracking), settings=make_settings(), standalone=True, **watched(namespaces)
    )
    take_signals()
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            await task
        raise ApiUnavailable("The watch on pgtend's objects ended by itself; the process starts again.")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=END_SECONDS)
        for task in tasks:
            if task.done() and not task.cancelled():
                task.exception()  # seen: what counts was raised above
