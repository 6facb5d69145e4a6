"""What core and pipeline need of the world, as protocols: the edges implement them, tests may too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pgtend.domain.advice import CostAnswer, CostRequest, Spent
from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.contents import ContentsOfColumns, LookedInto
from pgtend.domain.finding import Finding
from pgtend.domain.index import Index, TableName
from pgtend.domain.policy import Policy
from pgtend.domain.policy_status import PolicyStatus
from pgtend.domain.recommendation import Recommendation, RecommendationStatus
from pgtend.domain.record import ActionRecord, HourOfLoad
from pgtend.domain.values import ValuesOfColumns
from pgtend.domain.workload import CounterSnapshot, StatementKey, StatementText


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> datetime:
        """The present, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""


class Database(Protocol):
    """The target as the observer role sees it. Every method may raise ConnectionRefusedByTarget or StatementFailed."""

    async def identify(self) -> DatabaseIdentity:
        """Which database this is."""

    async def inspect(self) -> tuple[Finding, ...]:
        """What is missing for the observer: extensions, privileges, settings; empty when all is well."""

    async def read_counters(self) -> CounterSnapshot:
        """The statement counters of this database, without our own sessions and without texts."""

    async def read_texts(self, keys: Sequence[StatementKey]) -> tuple[StatementText, ...]:
        """The texts of these entries; entries that are gone, or whose text may not be read, are left out.

        May raise TextsUnreadable.
        """

    async def read_activity(self) -> tuple[StatementText, ...]:
        """What sessions of this database run or ran last, constants and all: kept in memory only, and shown nowhere."""

    async def read_column_values(self, columns: Sequence[tuple[TableName, str]]) -> ValuesOfColumns:
        """What pg_stats lists of these columns' values: kept in memory only, and shown nowhere."""

    async def read_contents(self, columns: Sequence[LookedInto]) -> ContentsOfColumns:
        """Counts of what is inside of the values that pg_stats lists of these columns."""

    async def read_catalog(self) -> Catalog:
        """Tables, columns with statistics, and indexes; without system schemas and platform databases' own."""

    async def fingerprint_settings(self) -> str:
        """A digest of the planner's settings: when it changes, a measurement starts again."""


class CostModel(Protocol):
    """Hypothetical planning. Answers come in the order of the requests."""

    async def sizes(self, indexes: Sequence[Index]) -> tuple[int, ...]:
        """Estimated bytes of each index."""

    async def costs(self, requests: Sequence[CostRequest]) -> tuple[CostAnswer, ...]:
        """A batch of plans."""

    @property
    def spent(self) -> Spent:
        """What planning has cost so far."""


class IndexState(StrEnum):
    """What the catalog says of an index of a given name."""

    ABSENT = "Absent"
    VALID = "Valid"
    INVALID = "Invalid"
    """There, not valid, and nobody is building or dropping it."""
    BUILDING = "Building"
    """Being built or dropped by a session that is still at work, whatever is there of it now."""
    FOREIGN = "Foreign"
    """There, but it is not what was to be built (another table or definition): not ours, never touched."""


class Executor(Protocol):
    """DDL as the tuner role, fenced by an advisory lock. May raise ConnectionRefusedByTarget or StatementFailed.

    What changes something takes a ``fence``, called with the lock held and right before each statement is sent: it raises
    when this process must not act any more, and then nothing is sent.
    """

    async def identify(self) -> DatabaseIdentity:
        """Which database the tuner is connected to."""

    async def inspect(self) -> tuple[Finding, ...]:
        """What is missing for the tuner."""

    async def blockers(self, table: TableName) -> tuple[str, ...]:
        """What a concurrent build on this table would wait for now: old snapshots, prepared transactions, sentences."""

    async def index_state(self, index: Index, name: str) -> IndexState:
        """What is there under that name, compared with that definition."""

    async def build(self, index: Index, name: str, comment: str, fence: Callable[[], None]) -> None:
        """CREATE INDEX CONCURRENTLY, then the comment; returns when the server says so, the caller looks at index_state.

        Cancelling the task only lets go of the session: the server goes on building, and a restarted operator finds
        the build under way or finished. To end it on the server, see ``cancel``.
        """

    async def label(self, index: Index, name: str, comment: str, fence: Callable[[], None]) -> None:
        """Give a built index its comment, if it has none: whoever sent the build may have been gone before its end."""

    async def cancel(self, index: Index, name: str) -> None:
        """End a build of this index that is under way on the server (whoever started it as the tuner), and wait for its end.

        Works from another session than the one that builds. The invalid remains are the caller's to ``remove``. Raises
        BuildNotEnded where the build goes on although it was asked for a while.
        """

    async def remove(self, index: Index, name: str, fence: Callable[[], None]) -> None:
        """DROP INDEX CONCURRENTLY IF EXISTS of the named index in the table's schema."""

    async def analyze(self, table: TableName, fence: Callable[[], None]) -> None:
        """ANALYZE the table, for statistics of an expression index."""

    async def size(self, schema: str, name: str) -> int:
        """Bytes of a built index."""


class Target(Protocol):
    """Opens sessions on one policy's database, from its secrets as they are now.

    Each context manager opens a session of its own and closes it; opening may raise ConnectionRefusedByTarget.
    """

    def observe(self, policy: Policy) -> AbstractAsyncContextManager[Database]:
        """A session as the observer."""

    def plan(self, policy: Policy, catalog: Catalog) -> AbstractAsyncContextManager[CostModel]:
        """A session as the observer for hypothetical planning; refused with a WhatIf finding where that cannot be done."""

    def execute(self, policy: Policy) -> AbstractAsyncContextManager[Executor]:
        """A session as the tuner for looking and for ending a build; refused with a TunerReady finding where there is none."""

    def alter(self, policy: Policy) -> AbstractAsyncContextManager[Executor]:
        """A session as the tuner for DDL that takes its time; it takes no place from those that ``execute`` opens."""


class Recommendations(Protocol):
    """The IndexRecommendations of one policy. May raise ObjectGone, WriteConflict or LeadershipLost."""

    async def list(self) -> tuple[Recommendation, ...]:
        """All of this policy's recommendations, as they are now."""

    async def read(self, name: str) -> Recommendation | None:
        """One recommendation as it is at this moment, None when there is none; the list may lag behind, above all at the start."""

    async def issue(self, name: str) -> Recommendation:
        """Create the object (or adopt one that a person made before) with its owner reference; the approval is never sent."""

    async def write_status(self, recommendation: Recommendation, status: RecommendationStatus) -> Recommendation:
        """Write the operator's part when it differs from what is there; returns the object as it then is."""

    async def announce(
        self, recommendation: Recommendation, reason: str, message: str, *, warning: bool = False
    ) -> None:
        """An Event on the object, de-duplicated by reason and message."""


class Policies(Protocol):
    """The TuningPolicy of one loop. May raise ObjectGone or LeadershipLost."""

    async def uid(self) -> str:
        """The UID of the policy, also of one that cannot be read."""

    async def read(self) -> Policy:
        """The policy as it is now; raises PolicyInvalid where it cannot be read."""

    async def read_status(self) -> PolicyStatus | None:
        """The status that the object holds now; None while it holds none."""

    async def write_status(self, status: PolicyStatus) -> None:
        """Write the status when it differs from what is there."""

    async def announce(self, reason: str, message: str, *, warning: bool = False) -> None:
        """An Event on the policy, de-duplicated by reason and message."""

    async def say_invalid(self, message: str, now: datetime) -> None:
        """Set Ready=False, reason Invalid, and every other condition Unknown: what they said was said of another spec."""

    async def say_unready(self, reason: str, message: str, now: datetime) -> None:
        """Set Ready=False and leave the rest of the status as it is: for when a pass came to no end of its own."""


class History(Protocol):
    """What a restart must not lose. ``database`` is a key made of the DatabaseIdentity: "<system identifier>/<oid>"."""

    async def see_indexes(self, database: str, names: Sequence[str], at: datetime) -> Mapping[str, datetime]:
        """Note that these indexes (schema.name) are there; returns since when each has been watched without a gap in being there."""

    async def add_hour(self, database: str, hour: HourOfLoad) -> None:
        """Add loads to the rollup of their hour (adding, not replacing)."""

    async def hours(self, database: str, since: datetime) -> tuple[HourOfLoad, ...]:
        """The rollups from ``since`` on, oldest first."""

    async def record(self, database: str, action: ActionRecord) -> None:
        """Append to the audit trail."""

    async def actions(self, database: str, since: datetime) -> tuple[ActionRecord, ...]:
        """The audit trail from ``since`` on, oldest first."""

    async def prune(self, before: datetime) -> int:
        """Forget rollups before this moment and actions older than their own, longer, retention; returns rows removed."""
