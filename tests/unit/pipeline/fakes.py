"""The world of one loop in memory: a server with indexes, objects, a history, and a clock that moves by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.contents import ContentsOfColumns, LookedInto
from pgtend.domain.finding import Finding, HistoryUnavailable, PgtendError, StatementFailed
from pgtend.domain.index import Index, TableName
from pgtend.domain.policy import Policy
from pgtend.domain.policy_status import PolicyStatus
from pgtend.domain.recommendation import ApprovalState, Recommendation, RecommendationStatus
from pgtend.domain.record import ActionRecord, HourOfLoad
from pgtend.domain.values import ValuesOfColumns
from pgtend.domain.workload import CounterSnapshot, StatementKey, StatementText
from pgtend.ports import CostModel, Database, Executor, IndexState

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HERE = DatabaseIdentity(system_identifier="1", oid=1, name="shop", server_version=160000)
ELSEWHERE = DatabaseIdentity(system_identifier="2", oid=1, name="shop", server_version=160000)


@dataclass(kw_only=True)
class HeldClock:
    """Time that passes only when it is told to."""

    seconds: float = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True, kw_only=True)
class There:
    """An index that the server has."""

    index: Index
    state: IndexState
    oid: int


@dataclass(kw_only=True)
class Server:
    """A database server as the tuner sees it: each index is absent, building, valid or invalid."""

    clock: HeldClock
    identity: DatabaseIdentity = HERE
    indexes: dict[str, There] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    """Statements that reached the server: verb and name."""
    moments: list[float] = field(default_factory=list)
    """When each of them did."""
    failures: dict[str, PgtendError] = field(default_factory=dict)
    """What a verb ends with, each time."""
    builds_last: bool = False
    """Whether a build goes on until it is ended."""
    comments: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    """What the tuner lacks."""
    running: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    oids: int = 100

    def put(self, name: str, index: Index, state: IndexState = IndexState.VALID) -> None:
        self.oids += 1
        self.indexes[name] = There(index=replace(index, name=name), state=state, oid=self.oids)

    def _receive(self, verb: str, name: str) -> None:
        self.sent.append((verb, name))
        self.moments.append(self.clock.seconds)
        if verb in self.failures:
            raise self.failures[verb]

    async def identify(self) -> DatabaseIdentity:
        return self.identity

    async def inspect(self) -> tuple[Finding, ...]:
        return self.findings

    async def blockers(self, table: TableName) -> tuple[str, ...]:
        return ()

    async def index_state(self, index: Index, name: str) -> IndexState:
        there = self.indexes.get(name)
        if there is None:
            return IndexState.ABSENT
        if replace(there.index, name=None) != replace(index, name=None):
            return IndexState.FOREIGN
        return there.state

    async def build(self, index: Index, name: str, comment: str, fence: Callable[[], None]) -> None:
        fence()
        self._receive("CREATE", name)
        if self.builds_last:
            self.put(name, index, IndexState.BUILDING)
            self.running[name] = asyncio.get_running_loop().create_future()
            await self.running[name]
        self.put(name, index)
        self.comments[name] = comment

    async def label(self, index: Index, name: str, comment: str, fence: Callable[[], None]) -> None:
        if name not in self.comments:
            fence()
            self._receive("COMMENT", name)
            self.comments[name] = comment

    async def cancel(self, index: Index, name: str) -> None:
        self._receive("CANCEL", name)
        self.put(name, index, IndexState.INVALID)
        if name in self.running:
            self.running.pop(name).set_exception(StatementFailed("57014", "The statement was cancelled."))

    async def remove(self, index: Index, name: str, fence: Callable[[], None]) -> None:
        fence()
        self._receive("DROP", name)
        self.indexes.pop(name, None)

    async def analyze(self, table: TableName, fence: Callable[[], None]) -> None:
        fence()
        self._receive("ANALYZE", str(table))

    async def size(self, schema: str, name: str) -> int:
        return 8192


@dataclass(kw_only=True)
class Observed:
    """The database as the observer sees it: nothing runs there."""

    clock: HeldClock
    catalog: Callable[[], Catalog]
    findings: tuple[Finding, ...] = ()
    catalogs_read: int = 0

    async def identify(self) -> DatabaseIdentity:
        return HERE

    async def inspect(self) -> tuple[Finding, ...]:
        return self.findings

    async def read_counters(self) -> CounterSnapshot:
        return CounterSnapshot(at=self.clock.now(), counters={}, stats_reset=None, dealloc=0)

    async def read_texts(self, keys: Sequence[StatementKey]) -> tuple[StatementText, ...]:
        return ()

    async def read_activity(self) -> tuple[StatementText, ...]:
        return ()

    async def read_column_values(self, columns: Sequence[tuple[TableName, str]]) -> ValuesOfColumns:
        return {}

    async def read_contents(self, columns: Sequence[LookedInto]) -> ContentsOfColumns:
        return {}

    async def read_catalog(self) -> Catalog:
        self.catalogs_read += 1
        return self.catalog()

    async def fingerprint_settings(self) -> str:
        return ""


@dataclass(kw_only=True)
class HeldTarget:
    """Opens sessions on the server; ``before_alter`` happens while a session for DDL waits for its place."""

    server: Server
    before_alter: Callable[[], None] | None = None
    refusal: PgtendError | None = None
    """Why the tuner is not let in; None where it is."""
    observed: Database | PgtendError | None = None
    """What an observer finds, or why it is not let in."""

    @asynccontextmanager
    async def observe(self, policy: Policy) -> AsyncIterator[Database]:
        if self.observed is None:
            raise NotImplementedError
        if isinstance(self.observed, PgtendError):
            raise self.observed
        yield self.observed

    def plan(self, policy: Policy, catalog: Catalog) -> AbstractAsyncContextManager[CostModel]:
        raise NotImplementedError

    @asynccontextmanager
    async def execute(self, policy: Policy) -> AsyncIterator[Executor]:
        if self.refusal is not None:
            raise self.refusal
        yield self.server

    @asynccontextmanager
    async def alter(self, policy: Policy) -> AsyncIterator[Executor]:
        if self.before_alter is not None:
            self.before_alter()
        yield self.server


@dataclass(kw_only=True)
class Objects:
    """The IndexRecommendations of one policy."""

    stored: dict[str, Recommendation] = field(default_factory=dict)
    refusals: dict[str, PgtendError] = field(default_factory=dict)
    """What a write of an object's status ends with, by name."""
    taken: dict[str, PgtendError] = field(default_factory=dict)
    """What the making of an object ends with, by name."""
    announced: list[tuple[str, str]] = field(default_factory=list)
    """Events: name of the object and reason."""

    unlisted: bool = False
    """Whether the list knows of nothing yet."""

    async def list(self) -> tuple[Recommendation, ...]:
        return () if self.unlisted else tuple(self.stored.values())

    async def read(self, name: str) -> Recommendation | None:
        return self.stored.get(name)

    async def issue(self, name: str) -> Recommendation:
        if name in self.taken:
            raise self.taken[name]
        fresh = Recommendation(
            namespace="shop",
            name=name,
            uid=f"uid of {name}",
            generation=1,
            resource_version="1",
            policy="tune",
            approval=ApprovalState.PENDING,
            approved_by="",
            comment="",
            status=RecommendationStatus(),
        )
        self.stored[name] = fresh
        return fresh

    async def write_status(self, recommendation: Recommendation, status: RecommendationStatus) -> Recommendation:
        if recommendation.name in self.refusals:
            raise self.refusals[recommendation.name]
        saved = replace(recommendation, status=status)
        self.stored[recommendation.name] = saved
        return saved

    async def announce(
        self, recommendation: Recommendation, reason: str, message: str, *, warning: bool = False
    ) -> None:
        self.announced.append((recommendation.name, reason))


@dataclass(kw_only=True)
class OnePolicy:
    """The TuningPolicy of the loop; ``gone`` once somebody has deleted it."""

    policy: Policy
    gone: PgtendError | None = None
    announced: list[str] = field(default_factory=list)
    """Reasons of Events."""
    status: PolicyStatus | None = None

    async def uid(self) -> str:
        return self.policy.uid

    async def read(self) -> Policy:
        if self.gone is not None:
            raise self.gone
        return self.policy

    async def read_status(self) -> PolicyStatus | None:
        return self.status

    async def write_status(self, status: PolicyStatus) -> None:
        self.status = status

    async def announce(self, reason: str, message: str, *, warning: bool = False) -> None:
        self.announced.append(reason)

    async def say_invalid(self, message: str, now: datetime) -> None:
        self.announced.append("Unready")

    async def say_unready(self, reason: str, message: str, now: datetime) -> None:
        raise NotImplementedError


@dataclass(kw_only=True)
class ListedHistory:
    """The audit trail as a list."""

    trail: list[ActionRecord] = field(default_factory=list)
    away: bool = False
    kept: list[HourOfLoad] = field(default_factory=list)

    async def see_indexes(self, database: str, names: Sequence[str], at: datetime) -> Mapping[str, datetime]:
        self._be_there()
        return dict.fromkeys(names, at)

    async def add_hour(self, database: str, hour: HourOfLoad) -> None:
        self._be_there()
        self.kept.append(hour)

    async def hours(self, database: str, since: datetime) -> tuple[HourOfLoad, ...]:
        self._be_there()
        return ()

    async def record(self, database: str, action: ActionRecord) -> None:
        self._be_there()
        self.trail.append(action)

    async def actions(self, database: str, since: datetime) -> tuple[ActionRecord, ...]:
        self._be_there()
        return tuple(action for action in self.trail if action.at >= since)

    def _be_there(self) -> None:
        if self.away:
            raise HistoryUnavailable("It is away.")

    async def prune(self, before: datetime) -> int:
        raise NotImplementedError
