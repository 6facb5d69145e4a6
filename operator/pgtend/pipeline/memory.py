"""What one loop remembers between two passes.

It is lost with the process. What may be done, what was begun and what came of it stand in the objects, in the catalog and in the
history; what is lost here is time: the loads of the last hours, which a baseline needs, are collected anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pgtend.domain.advice import Advice, Spent
from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.finding import Finding
from pgtend.domain.index import TableName
from pgtend.domain.policy_status import Advised
from pgtend.domain.workload import CounterSnapshot, Load
from pgtend.pipeline.kept_slices import KeptSlices, SliceRoom
from pgtend.pipeline.samples import Samples
from pgtend.pipeline.statements import Statements
from pgtend.pipeline.works import Works


@dataclass(kw_only=True)
class SliceInProgress:
    """The slice that is being filled."""

    start: datetime
    loads: dict[str, Load] = field(default_factory=dict)


@dataclass(kw_only=True)
class Unkept:
    """Loads and writes that are not in the history yet."""

    since: datetime
    loads: dict[str, Load] = field(default_factory=dict)
    rows_written: dict[TableName, int] = field(default_factory=dict)


@dataclass(kw_only=True)
class Memory:
    """The state of one loop."""

    works: Works = field(default_factory=Works)
    identity: DatabaseIdentity | None = None
    catalog: Catalog | None = None
    catalog_at: float = 0.0
    """Monotonic seconds."""
    statements: Statements = field(default_factory=Statements)
    snapshot: CounterSnapshot | None = None
    settings_digest: str | None = None
    slices: KeptSlices = field(default_factory=lambda: KeptSlices(SliceRoom()))
    slice_in_progress: SliceInProgress | None = None
    unkept: Unkept | None = None
    collecting_since: datetime | None = None
    unusable: dict[str, tuple[str, Load]] = field(default_factory=dict)
    """Loads of statements that cannot be used, by queryid, with the reason, since this process began."""
    statements_seen: int = 0
    """Statements with calls between the last two passes."""
    samples: Samples = field(default_factory=Samples)
    """Texts with constants, where the policy allows it."""
    advice: Advice | None = None
    next_advice: datetime | None = None
    advised: Advised | None = None
    what_if_findings: tuple[Finding, ...] = ()
    spent: Spent = field(default_factory=Spent)
    under_way: frozenset[str] | None = None
    """UIDs of the recommendations that something was under way for at the last pass; None: it is to be looked for afresh."""
    shapes: dict[str, frozenset[int]] = field(default_factory=dict)
    """Of each recommendation that is being measured, the OIDs of its table and of the indexes on it."""

    def for_another_database(self) -> Memory:
        """What remains when the Secret leads to another database: nothing of the old one may be held against the new."""
        self.statements.forget()
        return Memory(
            works=self.works,
            spent=self.spent,
            slices=KeptSlices(self.slices.room),
            statements=Statements(self.statements.room),
        )
