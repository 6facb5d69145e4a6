"""One look at the counters: what ran since the last one, as slices for verification and as hours for advice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from pgtend.core.verify import slice_length
from pgtend.core.workload import accumulate, difference
from pgtend.domain.catalog import Catalog, DatabaseIdentity, WriteCounters
from pgtend.domain.index import TableName
from pgtend.domain.policy import Policy, WhatIfSource
from pgtend.domain.record import HourOfLoad
from pgtend.domain.scene import database_key
from pgtend.domain.workload import Load, Slice
from pgtend.pipeline.memory import Memory, SliceInProgress, Unkept
from pgtend.pipeline.surroundings import Ports
from pgtend.ports import Database

KEEP_EVERY = timedelta(minutes=1)
"""Loads go into the history this often."""


async def collect(database: Database, identity: DatabaseIdentity, policy: Policy, memory: Memory, ports: Ports) -> str:
    """Read the counters and add them up; returns what disturbed the comparison with before, or an empty string.

    The catalog must have been read.
    """
    if memory.catalog is None:
        raise ValueError("statements are resolved with the catalog, which has not been read")
    disturbance = _changed_server(memory.identity, identity)
    memory.identity = identity
    digest = await database.fingerprint_settings()
    if memory.settings_digest not in (None, digest):
        disturbance = disturbance or "the planner's settings were changed"
    memory.settings_digest = digest
    # One clock rules what is compared with changes and measurements, which are timed by it: the server's may differ by minutes.
    snapshot = replace(await database.read_counters(), at=ports.clock.now())
    before, memory.snapshot = memory.snapshot, snapshot
    if before is not None and before.server_started != snapshot.server_started:
        disturbance = disturbance or "the server was restarted or failed over"
    if before is None or disturbance:
        _begin_again(memory, snapshot.at)
        return disturbance
    ran = difference(before, snapshot)
    if ran.was_reset:
        _begin_again(memory, snapshot.at)
        return "the statement statistics were reset"
    memory.statements_seen = len(ran.loads)
    await memory.statements.learn(ran.loads, database, memory.catalog)
    await _sample_constants(database, policy, memory, memory.catalog)
    loads = memory.statements.by_fingerprint(ran.loads)
    _fill_slice(memory, loads, snapshot.at, slice_length(policy.verification, policy.collect_interval))
    if memory.unkept is None:
        memory.unkept = Unkept(since=before.at)
    memory.unkept.loads = accumulate(memory.unkept.loads, loads)
    memory.unusable = _add_unusable(memory.unusable, memory.statements.unusable(ran.loads))
    if snapshot.at - memory.unkept.since >= KEEP_EVERY:
        await keep_loads(identity, memory, ports, snapshot.at)
    return ""


async def _sample_constants(database: Database, policy: Policy, memory: Memory, catalog: Catalog) -> None:
    if policy.sample_constants and policy.what_if is WhatIfSource.PRIMARY:
        await asyncio.to_thread(memory.samples.take, await database.read_activity(), catalog)
    else:
        memory.samples.forget()


async def keep_loads(identity: DatabaseIdentity, memory: Memory, ports: Ports, now: datetime) -> None:
    """Hand what was counted to the history."""
    unkept, memory.unkept = memory.unkept, None
    if unkept is None or now <= unkept.since:
        return
    hour = HourOfLoad(
        hour=now.replace(minute=0, second=0, microsecond=0),
        statements=unkept.loads,
        rows_written=unkept.rows_written,
        seconds=(now - unkept.since).total_seconds(),
    )
    # What a suspended process counts when it wakes, its successor has counted as well.
    ports.fence()
    await ports.history.add_hour(database_key(identity), hour)


async def look_at_catalog(database: Database, identity: DatabaseIdentity, memory: Memory, ports: Ports) -> None:
    """Read the catalog, note since when each index has been there, and count what was written since the last time."""
    before, memory.catalog = memory.catalog, await database.read_catalog()
    memory.catalog_at = ports.clock.monotonic()
    names = [f"{index.table.schema}.{index.name}" for index in memory.catalog.indexes]
    await ports.history.see_indexes(database_key(identity), names, ports.clock.now())
    if before is not None and memory.unkept is not None:
        for name, rows in _rows_written(before, memory.catalog).items():
            memory.unkept.rows_written[name] = memory.unkept.rows_written.get(name, 0) + rows


def _rows_written(before: Catalog, after: Catalog) -> dict[TableName, int]:
    """Rows written to each table between two readings; counters that went down were reset and tell nothing."""
    written = {}
    for name, table in after.tables.items():
        earlier = before.tables.get(name)
        rows = _sum_of(table.writes) - _sum_of(earlier.writes) if earlier else 0
        if rows > 0:
            written[name] = rows
    return written


def _sum_of(writes: WriteCounters) -> int:
    return writes.inserted + writes.updated + writes.deleted


def _changed_server(before: DatabaseIdentity | None, now: DatabaseIdentity) -> str:
    return "the server was upgraded or failed over" if before not in (None, now) else ""


def _begin_again(memory: Memory, at: datetime) -> None:
    """Forget what cannot be compared any more."""
    memory.slices.clear()
    memory.slice_in_progress = SliceInProgress(start=at)
    memory.unkept = Unkept(since=at)
    memory.collecting_since = memory.collecting_since or at


def _add_unusable(known: dict[str, tuple[str, Load]], more: dict[str, tuple[str, Load]]) -> dict[str, tuple[str, Load]]:
    loads = accumulate(
        {name: load for name, (_, load) in known.items()}, {name: load for name, (_, load) in more.items()}
    )
    return {name: ((more.get(name) or known[name])[0], load) for name, load in loads.items()}


def _fill_slice(memory: Memory, loads: dict[str, Load], at: datetime, length: timedelta) -> None:
    """Add to the slice in progress, and close it once it is long enough."""
    piece = memory.slice_in_progress
    if piece is None:
        memory.slice_in_progress = SliceInProgress(start=at)
        return
    piece.loads = accumulate(piece.loads, loads)
    # A pass comes a little early or late; half a second is no reason to make a slice twice as long.
    if at - piece.start >= length - timedelta(milliseconds=500):
        seconds = (at - piece.start).total_seconds()
        memory.slices.append(Slice(start=piece.start, seconds=seconds, loads=piece.loads))
        memory.slice_in_progress = SliceInProgress(start=at)
