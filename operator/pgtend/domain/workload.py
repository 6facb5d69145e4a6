"""What the database is asked: statement counters as read, and queries as pgtend knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pgtend.domain.index import TableName

OWN_MARK = "/* pgtend */"
"""Stands in the statements of pgtend's own that may take time: pg_stat_statements keeps it, and they are told by it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementKey:
    """One entry of pg_stat_statements in one database."""

    user: int
    """OID of the role."""
    queryid: int
    toplevel: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class StatementCounters:
    """Cumulative counters of one entry; times in milliseconds, blocks of 8 KiB."""

    calls: int
    total_ms: float
    rows: int
    blocks_hit: int
    blocks_read: int


@dataclass(frozen=True, kw_only=True)
class CounterSnapshot:
    """The counters of all statements of one database at one moment.

    ``stats_reset`` and ``dealloc`` tell whether a difference of two snapshots means anything: a reset starts all counters
    again, a deallocation may have thrown entries out in between. ``at`` is by the clock of the server, like the other times, where it comes
    from one; the loop puts the operator's in its place, by which changes and measurements are timed.
    """

    at: datetime
    counters: Mapping[StatementKey, StatementCounters]
    stats_reset: datetime | None
    dealloc: int
    server_started: datetime | None = None
    """When the server process began: another one has cold caches, and may be another machine."""


@dataclass(frozen=True, kw_only=True)
class StatementText:
    """The normalised text of one entry, and the search_path under which its role would run it."""

    key: StatementKey
    text: str
    search_path: tuple[str, ...] = ("public",)


class StatementKind(StrEnum):
    """What a statement does to rows."""

    SELECT = "Select"
    INSERT = "Insert"
    UPDATE = "Update"
    DELETE = "Delete"
    MERGE = "Merge"


@dataclass(frozen=True, kw_only=True)
class Query:
    """A statement with an identity that outlives restarts, recreated tables and major versions.

    ``fingerprint`` (16 hex digits) is taken over the resolved relations and the text normalised by pgtend.
    """

    fingerprint: str
    text: str
    """Normalised again by pgtend: no comment, no constant. May be shown."""
    plannable: str = field(repr=False)
    """The text to plan: rendered from the parse tree, parameters as $1…; may hold constants, and is never shown."""
    kind: StatementKind
    relations: frozenset[TableName]
    functions: frozenset[str] = frozenset()
    """Functions called, lower case, qualified where the text qualifies them."""
    parameters: int = 0
    """Number of $n parameters in ``plannable``."""
    search_path: tuple[str, ...] = ("public",)
    assumed: bool = False
    """Whether constants of pg_stats stand in ``plannable``, which no call is known to have had: no partial index is built on them."""
    nameable: frozenset[tuple[TableName, str, str]] | None = field(default=None, repr=False)
    """Constants that may be named in the predicate of an index, with table and column; None: all, because the user gave the text."""
    target: TableName | None = None
    """The table that it writes to; None for a SELECT, and where it is not known."""
    assigned: frozenset[str] = frozenset()
    """Columns of it that an UPDATE sets."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How often a query ran and how long it took, over one stretch of time.

    There are a great many of them: each loop keeps one for each query and slice, for hours.
    """

    calls: int
    total_ms: float
    rows: int = 0
    blocks_hit: int = 0
    blocks_read: int = 0

    @property
    def mean_ms(self) -> float:
        """Mean milliseconds a call, 0 when it was not called."""
        return self.total_ms / self.calls if self.calls else 0.0

    def __add__(self, other: Load) -> Load:
        return Load(
            calls=self.calls + other.calls,
            total_ms=self.total_ms + other.total_ms,
            rows=self.rows + other.rows,
            blocks_hit=self.blocks_hit + other.blocks_hit,
            blocks_read=self.blocks_read + other.blocks_read,
        )


@dataclass(frozen=True, kw_only=True)
class WeightedQuery:
    """A query with its share in the workload: ``weight`` multiplies its estimated cost."""

    id: str
    """What reports call it: the fingerprint, or the file's or entry's name in a given workload."""
    query: Query
    weight: float
    load: Load | None = None
    """Observed load, None for a workload from files."""
    lent: float = 0.0
    """Weight that the search adds to its own for statements like it that are not planned (core/compression)."""
    of: str = ""
    """Id of the statement that this is one of several variants of, planned with different constants; empty for a statement itself."""

    @property
    def statement(self) -> str:
        """Id of the statement, which its variants share."""
        return self.of or self.id


@dataclass(frozen=True, kw_only=True)
class UnplannableStatement:
    """A statement that is left out of advice, with the sentence that says why and its share of the load (0…1)."""

    id: str
    reason: str
    share: float


@dataclass(frozen=True, kw_only=True)
class OtherStatements:
    """Statements that were counted and that no index could help: utility statements, and queries of the system catalogs."""

    statements: int = 0
    kinds: tuple[str, ...] = ()
    """What they are, those that took most time first: the first words of utility statements, and ``SYSTEM_CATALOGS``."""
    share: float = 0.0
    """Of all the time that was counted, 0…1."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How far a workload of very many statements is planned (core/compression); shares are of the load, 0…1."""

    planned: int
    """Statements that are planned one by one."""
    similar: int
    """Statements that count with a planned one which they are like."""
    unlike: int
    """Statements that are like none of those, and get no advice."""
    similar_share: float
    unlike_share: float
    unreached: int = 0
    """Statements that were to be planned and that the time was over for."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The queries to advise on, and what had to be left out."""

    queries: tuple[WeightedQuery, ...]
    left_out: tuple[UnplannableStatement, ...] = ()
    others: OtherStatements = OtherStatements()
    hours: float | None = None
    """Hours over which the loads were observed, None for a workload from files."""
    unplanned: tuple[WeightedQuery, ...] = ()
    """Queries that are too many to be planned: what they write counts."""
    coverage: Coverage | None = None
    """What became of those; None where there are none."""
    rows_written: Mapping[TableName, float] = field(default_factory=dict)
    """Rows inserted, updated and deleted in each table in these hours by the tables' own counters; empty where that is not known."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The load of each query, by fingerprint, over one short stretch of time: the unit of verification."""

    start: datetime
    seconds: float
    loads: Mapping[str, Load]
