"""A measurement under way: everything that a verdict needs, small enough to live in a resource's status.

The unit is a time slice, not a call: calls share the load of their minute and are no independent samples. For each treated
statement and slice, y = log(mean ms) - (weighted mean over the controls of log(mean ms) - level). A window of slices is kept
as the sums from which its mean, variance and lag-1 autocorrelation follow exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pgtend.domain.workload import Load


@dataclass(frozen=True, kw_only=True)
class SeriesSummary:
    """Sums over the values y_1…y_n of consecutive slices; ``first`` and ``last`` are None while n is 0.

    All sums are over d_t = y_t - first, so that values far from zero lose no digits.
    """

    n: int = 0
    total: float = 0.0
    """Sum of d_t."""
    squares: float = 0.0
    """Sum of d_t²."""
    lagged: float = 0.0
    """Sum of d_t * d_(t+1)."""
    first: float | None = None
    last: float | None = None


class TreatedRole(StrEnum):
    """Why a statement is watched."""

    HELPED = "Helped"
    """The evidence says that it gains."""
    TOUCHING = "Touching"
    """It reads or writes the table, so it might suffer."""


@dataclass(frozen=True, kw_only=True)
class TreatedStatement:
    """A statement that the change can touch, before and after."""

    fingerprint: str
    role: TreatedRole
    weight: float
    """Share of the treated statements' time before the change, 0…1."""
    before: SeriesSummary
    after: SeriesSummary
    load_before: Load
    load_after: Load


@dataclass(frozen=True, kw_only=True)
class ControlStatement:
    """A statement that the change cannot touch: it tells how the load as a whole drifted."""

    fingerprint: str
    weight: float
    level: float
    """Mean of log(mean ms) over the slices before the change."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The state of one verification."""

    slice_seconds: float
    before_from: datetime
    before_to: datetime
    treated: tuple[TreatedStatement, ...]
    controls: tuple[ControlStatement, ...]
    since: datetime | None = None
    """Start of the window after the change; None until the change is applied."""
    until: datetime | None = None
    """End of the last slice taken in."""
    restarts: int = 0
    restart_reason: str = ""


class Verdict(StrEnum):
    """What a measurement says."""

    MEASURING = "Measuring"
    IMPROVED = "Improved"
    REGRESSED = "Regressed"
    INEFFECTIVE = "Ineffective"
    INCONCLUSIVE = "Inconclusive"


@dataclass(frozen=True, kw_only=True)
class StatementEffect:
    """The measured change of one statement; ``percent`` is relative to the controls (-40 = took 40 % less time)."""

    fingerprint: str
    role: TreatedRole
    before_ms: float
    after_ms: float
    percent: float
    p_value: float
    slices_before: int
    slices_after: int
    text: str = ""
    """The statement without constants and comments, cut short; empty where it is not known (any more)."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A verdict with the sentence that says why and the effects behind it."""

    verdict: Verdict
    message: str
    effects: tuple[StatementEffect, ...] = ()
    percent: float | None = None
    """Time-weighted change over the helped statements; of a drop, over all on the table."""
