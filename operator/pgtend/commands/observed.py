"""The workload as the server has counted it, and what there is to know of the counting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add

from pgtend.commands.figures import span
from pgtend.commands.progress import Tell
from pgtend.core.statement import Unusable, read_entry
from pgtend.core.upkeep import rows_counted
from pgtend.core.wording import count_of
from pgtend.core.workload import (
    fingerprints_of,
    observed_workload,
    since_reset,
    sum_by_fingerprint,
    sum_others,
    sum_unusable,
)
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, PgtendError
from pgtend.domain.workload import CounterSnapshot, OtherStatements, Query, StatementKey, StatementText, Workload
from pgtend.pipeline.samples import Samples
from pgtend.ports import Database

MOST_ENTRIES = 10_000
"""Entries of pg_stat_statements that are looked at, those that took most time first."""
SHORT_HOURS = 1.0
"""Statistics over less than this are said to be of a short time."""
_TEXTS_AT_ONCE = 500
_SAMPLE_EVERY = 0.5
"""Seconds between two looks at running statements."""
_SHOWN_KINDS = 4
_TOO_MANY = f"pgtend advise looks at the {MOST_ENTRIES:,} entries of pg_stat_statements that took most time."


class NothingCounted(PgtendError):
    """The server has counted no statement of this database that advice can be given on."""


async def look_for_problems(database: Database, *, statements_needed: bool) -> tuple[Finding, ...]:
    """What is missing or should be known. Raises ConnectionRefusedByTarget where statements are needed and cannot be seen."""
    findings = await database.inspect()
    fatal = next((finding for finding in findings if finding.fatal), None)
    if fatal is not None and statements_needed:
        raise ConnectionRefusedByTarget(fatal)
    # Whether plans can be tried is found out, and said, by who tries.
    return tuple(finding for finding in findings if not finding.fatal and finding.aspect is not Aspect.WHAT_IF)


async def sample_constants(database: Database, catalog: Catalog, samples: Samples, seconds: float, tell: Tell) -> None:
    """Look at what sessions run, twice a second."""
    tell(f"Looking at running statements for {seconds:.0f} s; their constants stay in memory")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await asyncio.to_thread(samples.take, await database.read_activity(), catalog)
        await asyncio.sleep(_SAMPLE_EVERY)
    tell(f"Constants of {count_of(len(samples.by_fingerprint), 'statement')} seen")


async def read_observed(database: Database, catalog: Catalog, name: str) -> tuple[Workload, tuple[Finding, ...]]:
    """All that pg_stat_statements has counted since its last reset, and what there is to know of that.

    Raises NothingCounted where none of it can be advised on.
    """
    snapshot = await database.read_counters()
    change = since_reset(snapshot)
    by_time = sorted(change.loads, key=lambda key: (-change.loads[key].total_ms, repr(key)))
    heaviest = by_time[:MOST_ENTRIES]
    entries: dict[StatementKey, Query | Unusable] = {}
    for start in range(0, len(heaviest), _TEXTS_AT_ONCE):
        texts = await database.read_texts(heaviest[start : start + _TEXTS_AT_ONCE])
        # Beside the event loop, so that the connection is looked after meanwhile.
        entries |= await asyncio.to_thread(_parse, texts, catalog)
    left_out = sum_unusable(change.loads, entries)
    if surplus := by_time[MOST_ENTRIES:]:
        load = reduce(add, (change.loads[key] for key in surplus))
        left_out[f"the {len(surplus):,} with the least time"] = (_TOO_MANY, load)
    hours = change.elapsed.total_seconds() / 3600
    workload = observed_workload(
        sum_by_fingerprint(change.loads, fingerprints_of(entries)),
        {each.fingerprint: each for each in entries.values() if isinstance(each, Query)},
        hours,
        left_out,
        rows_counted(catalog, snapshot.at, hours),
        sum_others(change.loads, entries),
    )
    if not workload.queries:
        raise NothingCounted(_nothing_counted(name, workload))
    return workload, tuple(_warnings(snapshot, workload))


def _parse(texts: Sequence[StatementText], catalog: Catalog) -> dict[StatementKey, Query | Unusable]:
    return {text.key: read_entry(text, catalog) for text in texts}


def describe_others(others: OtherStatements) -> str:
    """Such statements in a few words: ``SET, BEGIN, COPY, SHOW and 2 more kinds``."""
    more = len(others.kinds) - _SHOWN_KINDS
    kinds = ", ".join(others.kinds[:_SHOWN_KINDS])
    return f"{kinds} and {count_of(more, 'more kind')}" if more > 0 else kinds


def _warnings(snapshot: CounterSnapshot, workload: Workload) -> Iterator[Finding]:
    if workload.hours is not None and workload.hours < SHORT_HOURS:
        message = (
            f"pg_stat_statements has counted for {span(workload.hours)} only: what runs more rarely is missing, and all figures "
            "an hour are extrapolated from it. Ask again when it has seen a typical day."
        )
        yield Finding(aspect=Aspect.PERMITTED, reason="StatisticsYoung", message=message, fatal=False)
    if snapshot.dealloc > 0:
        message = (
            f"pg_stat_statements was full and has thrown entries out {count_of(snapshot.dealloc, 'time')} since its last reset: rare "
            "statements may be missing. Raise pg_stat_statements.max."
        )
        yield Finding(aspect=Aspect.PERMITTED, reason="StatementsEvicted", message=message, fatal=False)


def _nothing_counted(database: str, workload: Workload) -> str:
    cure = "Let the application run for a while, or name its statements with --workload."
    counted = f"Since its last reset pg_stat_statements has counted no query on a table of the database {database} that can be used"
    besides = []
    if workload.others.statements:
        besides.append(
            f"{count_of(workload.others.statements, 'statement')} that no index could help ({describe_others(workload.others)})"
        )
    if workload.left_out:
        heaviest = workload.left_out[0]
        besides.append(
            f"{count_of(len(workload.left_out), 'statement')} that cannot be used; the heaviest ({heaviest.id}): {heaviest.reason}"
        )
    return f"{counted}, only {' and '.join(besides)}. {cure}".replace("..", ".") if besides else f"{counted}. {cure}"
