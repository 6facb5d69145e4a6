"""A recommendation: what is proposed, what a person decided, what was done and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.index import Index
from pgtend.domain.verification import Judgement, Measurement

SHOWN_QUERIES = 20
"""Of the queries that an index helps, those that evidence names."""


class Action(StrEnum):
    """What a recommendation would do."""

    CREATE = "Create"
    DROP = "Drop"
    REBUILD = "Rebuild"


class ApprovalState(StrEnum):
    """A person's decision."""

    PENDING = "Pending"
    APPROVED = "Approved"
    REJECTED = "Rejected"


class ConditionType(StrEnum):
    """The four conditions of a recommendation, in the order in which they come about."""

    PROPOSED = "Proposed"
    APPROVED = "Approved"
    APPLIED = "Applied"
    VERIFIED = "Verified"


class ConditionStatus(StrEnum):
    """As in the Kubernetes API conventions."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition; ``since`` is its lastTransitionTime and changes with ``status`` only."""

    type: str
    status: ConditionStatus
    reason: str
    message: str
    since: datetime
    observed_generation: int = 0


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What the approver saw; beyond twice that a new approval is asked for."""

    size_bytes: int
    write_cost: float
    """Planner cost units an hour that keeping the index up to date takes."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A change, typed and immutable once issued. ``hash`` is the sha256 (hex) of the versioned canonical form."""

    action: Action
    index: Index
    hash: str
    database: DatabaseIdentity
    bounds: Bounds


@dataclass(frozen=True, kw_only=True)
class HelpedQuery:
    """A query that would gain, as evidence; times are milliseconds.

    Costs are the planner's without the change and with it, the others that are advised being made.
    """

    fingerprint: str
    text: str
    calls_per_hour: float
    mean_ms: float
    cost_before: float
    cost_after: float
    plan_change: str = ""


class Risk(StrEnum):
    """How likely it is that a change makes something slower, where the estimates say faster."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Another index that was looked at for the same queries and not chosen."""

    keys: str
    """Its keys, for people to read."""
    cost_after: float
    """Estimated cost of the helped queries an hour, with this one in place of the proposed one."""
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Why a change is proposed. ``validated`` says that the planner itself chose the index in a what-if plan."""

    validated: bool
    cost_before: float
    """Estimated cost of the helped queries an hour, without the index but with the others that are advised.

    Where indexes help a query only together, what they save is divided among them: ``cost_after`` and this one's share.
    """
    cost_after: float
    saved_seconds_per_hour: float
    size_bytes: int
    write_cost: float
    queries: tuple[HelpedQuery, ...]
    """Those that gain most, at most ``SHOWN_QUERIES``."""
    more_queries: int = 0
    """How many it helps besides these."""
    reason: str = ""
    """One sentence for people."""
    risk: Risk = Risk.LOW
    risk_reason: str = ""
    """Why the risk is what it is, in a sentence; empty where there is nothing to say."""
    priority: float = 0.0
    """Seconds an hour saved net of the index's upkeep (for a workload without times: planner's cost of a run)."""
    alternatives: tuple[Alternative, ...] = ()
    """The next best, the best of them first."""
    makes_redundant: tuple[str, ...] = ()
    """Existing indexes of which this one has all that they have, by name."""

    @property
    def benefit_percent(self) -> float:
        """Estimated share of the helped queries' cost that goes away, 0…100."""
        return 100.0 * (1 - self.cost_after / self.cost_before) if self.cost_before > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class ApprovalRecord:
    """The decision as the operator took it in. A consumed approval is never used again."""

    state: ApprovalState
    by: str = ""
    at: datetime | None = None
    comment: str = ""
    consumed: bool = False
    generation: int = 0
    """metadata.generation of the spec that it was taken from."""


class IntentKind(StrEnum):
    """DDL that is about to be done or under way."""

    BUILD = "Build"
    REMOVE = "Remove"
    UNDO_BUILD = "UndoBuild"
    """Roll a created index back by dropping it."""
    UNDO_REMOVE = "UndoRemove"
    """Roll a dropped index back by building it again."""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """Written before any DDL, so that a restarted operator knows what it was about to do; cleared when it is done."""

    kind: IntentKind
    index_name: str
    """Name of the index in the table's schema."""
    definition: str
    """The DDL for people to read; never executed from here."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One change of a condition, as kept in the list of the last 20."""

    at: datetime
    type: str
    status: ConditionStatus
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class RecommendationStatus:
    """The operator's part of a recommendation."""

    proposal: Proposal | None = None
    approval: ApprovalRecord | None = None
    evidence: Evidence | None = None
    intent: Intent | None = None
    index_name: str = ""
    """Name of the index in Postgres, once built."""
    applied_at: datetime | None = None
    measurement: Measurement | None = None
    judgement: Judgement | None = None
    conditions: tuple[Condition, ...] = ()
    transitions: tuple[Transition, ...] = ()
    phase: str = ""
    """Display only, derived from the conditions."""

    def condition(self, kind: ConditionType) -> Condition | None:
        """The condition of that type, or None while it is not set."""
        return next((condition for condition in self.conditions if condition.type == kind), None)


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """One IndexRecommendation as read from the API server: the person's part, and the operator's own status."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    policy: str
    approval: ApprovalState
    approved_by: str
    comment: str
    status: RecommendationStatus
    unapproved_at: int = 0
    """The latest generation at which spec.approval is known to have said something else than Approved; 0 for none."""
    invalid: str = ""
    """Why the object could not be read (edited into nonsense, say); empty when it could."""
