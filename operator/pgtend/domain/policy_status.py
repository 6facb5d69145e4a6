"""What the operator says of a policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pgtend.domain.policy import Aggressiveness, Mode
from pgtend.domain.recommendation import Condition


@dataclass(frozen=True, kw_only=True)
class Effective:
    """What holds after everything that may override the spec; the core reads only this."""

    mode: Mode
    aggressiveness: Aggressiveness
    because: str = "spec"


@dataclass(frozen=True, kw_only=True)
class RecommendationSummary:
    """One line of the 20 best recommendations."""

    name: str
    action: str
    table: str
    benefit_percent: float
    phase: str


@dataclass(frozen=True, kw_only=True)
class Advised:
    """What the last advice said of the workload as a whole."""

    statements: int = 0
    unplannable_share: float = 0.0
    next_advice: datetime | None = None
    summaries: tuple[RecommendationSummary, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PolicyStatus:
    """Status of a TuningPolicy. Holds no time that changes with every pass: it is written on change only."""

    observed_generation: int
    effective: Effective
    database: str = ""
    """database@server version, for people."""
    statements: int = 0
    """Statements seen when advice was last looked for."""
    unplannable_share: float = 0.0
    """Share of the load (0…1) whose statements could not be planned."""
    open_recommendations: int = 0
    next_advice: datetime | None = None
    recommendations: tuple[RecommendationSummary, ...] = ()
    conditions: tuple[Condition, ...] = ()
    message: str = ""
    """The one sentence that says why not, or what it waits for."""
