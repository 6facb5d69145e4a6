"""From statement counters to loads of queries, and from loads to the workload that advice is sought for.

pg_stat_statements counts from its last reset on, throws entries out when it is full, and has one entry for each user,
queryid and toplevel flag. A query of ours is a fingerprint, and its load is the sum over its entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pgtend.core.statement import OWN, Unusable
from pgtend.domain.index import TableName
from pgtend.domain.record import HourOfLoad
from pgtend.domain.workload import (
    CounterSnapshot,
    Load,
    OtherStatements,
    Query,
    StatementCounters,
    StatementKey,
    UnplannableStatement,
    WeightedQuery,
    Workload,
)

MOST_STATEMENTS = 1_000
"""Queries that are remembered; beyond it those that took the least time are forgotten."""
_NOTHING = Load(calls=0, total_ms=0.0)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What ran between two snapshots.

    ``was_reset`` says that the counters started again in between, so that only what ran since the reset is known.
    """

    loads: Mapping[StatementKey, Load]
    elapsed: timedelta
    was_reset: bool = False


def difference(before: CounterSnapshot, after: CounterSnapshot) -> Difference:
    """Loads between two snapshots of one database, ``before`` being the older one; entries that did not run are left out.

    A new entry counts from zero. So does one whose counters went backwards: it was thrown out, or reset by itself, and came
    back.
    """
    was_reset = before.stats_reset != after.stats_reset
    loads: dict[StatementKey, Load] = {}
    for key, counters in after.counters.items():
        earlier = None if was_reset else before.counters.get(key)
        load = _grown(earlier, counters)
        if load.calls > 0:
            loads[key] = load
    return Difference(loads=loads, elapsed=after.at - before.at, was_reset=was_reset)


def since_reset(snapshot: CounterSnapshot) -> Difference:
    """All that a snapshot has counted, from the reset of the statistics (as far as that is known) on."""
    began = snapshot.stats_reset or snapshot.at
    nothing = CounterSnapshot(at=began, counters={}, stats_reset=snapshot.stats_reset, dealloc=snapshot.dealloc)
    return difference(nothing, snapshot)


def sum_by_fingerprint(loads: Mapping[StatementKey, Load], fingerprints: Mapping[StatementKey, str]) -> dict[str, Load]:
    """Loads of queries; entries without a fingerprint (unusable, or with no text to read) are left out."""
    sums: dict[str, Load] = {}
    for key, load in loads.items():
        fingerprint = fingerprints.get(key)
        if fingerprint is not None:
            sums[fingerprint] = sums[fingerprint] + load if fingerprint in sums else load
    return sums


def fingerprints_of(entries: Mapping[StatementKey, Query | Unusable]) -> dict[StatementKey, str]:
    """The query that each usable entry is."""
    return {key: each.fingerprint for key, each in entries.items() if isinstance(each, Query)}


def sum_unusable(
    loads: Mapping[StatementKey, Load], entries: Mapping[StatementKey, Query | Unusable]
) -> dict[str, tuple[str, Load]]:
    """The loads of statements that cannot be used, by queryid, with the reason; not of those that no index could help."""
    sums: dict[str, tuple[str, Load]] = {}
    for key, load in loads.items():
        each = entries.get(key)
        if isinstance(each, Unusable) and not each.other:
            _, known = sums.get(name := f"queryid {key.queryid}", ("", _NOTHING))
            sums[name] = (each.reason, known + load)
    return sums


def sum_others(
    loads: Mapping[StatementKey, Load], entries: Mapping[StatementKey, Query | Unusable]
) -> dict[str, tuple[int, Load]]:
    """The number and loads of statements that no index could help, by what they are; without pgtend's own."""
    sums: dict[str, tuple[int, Load]] = {}
    for key, load in loads.items():
        each = entries.get(key)
        if isinstance(each, Unusable) and each.other and each.other != OWN:
            count, known = sums.get(each.other, (0, _NOTHING))
            sums[each.other] = (count + 1, known + load)
    return sums


def accumulate(known: Mapping[str, Load], more: Mapping[str, Load], most: int = MOST_STATEMENTS) -> dict[str, Load]:
    """Add loads to those known, those that ran last at the end, and forget those with the least time beyond ``most``.

    Of equals those that ran longest ago go first.
    """
    sums = dict(known)
    for fingerprint, load in more.items():
        earlier = sums.pop(fingerprint, None)
        sums[fingerprint] = load if earlier is None else earlier + load
    surplus = len(sums) - most
    if surplus <= 0:
        return sums
    forgotten = frozenset(sorted(sums, key=lambda each: sums[each].total_ms)[:surplus])
    return {fingerprint: load for fingerprint, load in sums.items() if fingerprint not in forgotten}


def sum_rows_written(hours: Iterable[HourOfLoad]) -> dict[TableName, float]:
    """Rows written to each table in these hours together."""
    written: dict[TableName, float] = {}
    for hour in hours:
        for table, rows in hour.rows_written.items():
            written[table] = written.get(table, 0.0) + rows
    return written


def observed_workload(
    loads: Mapping[str, Load],
    queries: Mapping[str, Query],
    hours: float,
    left_out: Mapping[str, tuple[str, Load]] | None = None,
    rows_written: Mapping[TableName, float] | None = None,
    others: Mapping[str, tuple[int, Load]] | None = None,
) -> Workload:
    """The workload of what was observed over so many hours, heaviest first; a query weighs what it was called.

    ``left_out`` are statements that cannot be used: their id with the reason and the load. Shares are of the total time of
    these and the queries. ``rows_written`` is what the tables' own counters say of these hours. ``others`` are statements that
    no index could help: what they are, with their number and load.
    """
    unusable = left_out or {}
    total_ms = sum(load.total_ms for load in loads.values()) + sum(load.total_ms for _, load in unusable.values())
    weighted = [
        WeightedQuery(id=fingerprint, query=queries[fingerprint], weight=float(load.calls), load=load)
        for fingerprint, load in loads.items()
        if fingerprint in queries and load.calls > 0
    ]
    weighted.sort(key=lambda each: (-(each.load.total_ms if each.load else 0.0), each.id))
    omitted = [
        UnplannableStatement(id=name, reason=reason, share=_share(load.total_ms, total_ms))
        for name, (reason, load) in unusable.items()
    ]
    omitted.sort(key=lambda each: (-each.share, each.id))
    return Workload(
        queries=tuple(weighted),
        left_out=tuple(omitted),
        others=_others(others or {}, total_ms),
        hours=hours if hours > 0 else None,
        rows_written=rows_written or {},
    )


def _others(others: Mapping[str, tuple[int, Load]], queries_ms: float) -> OtherStatements:
    spent_ms = sum(load.total_ms for _, load in others.values())
    return OtherStatements(
        statements=sum(count for count, _ in others.values()),
        kinds=tuple(sorted(others, key=lambda kind: (-others[kind][1].total_ms, kind))),
        share=_share(spent_ms, queries_ms + spent_ms),
    )


def _grown(earlier: StatementCounters | None, later: StatementCounters) -> Load:
    if earlier is None or later.calls < earlier.calls or later.total_ms < earlier.total_ms:
        earlier = StatementCounters(calls=0, total_ms=0.0, rows=0, blocks_hit=0, blocks_read=0)
    return Load(
        calls=later.calls - earlier.calls,
        total_ms=later.total_ms - earlier.total_ms,
        rows=max(later.rows - earlier.rows, 0),
        blocks_hit=max(later.blocks_hit - earlier.blocks_hit, 0),
        blocks_read=max(later.blocks_read - earlier.blocks_read, 0),
    )


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
