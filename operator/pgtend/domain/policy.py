"""How a database may be tuned: the operator's view of a TuningPolicy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Mode(StrEnum):
    """Who approves."""

    OBSERVE = "Observe"
    RECOMMEND = "Recommend"
    AUTO = "Auto"


class Aggressiveness(StrEnum):
    """How much Auto may do by itself."""

    CONSERVATIVE = "Conservative"
    MODERATE = "Moderate"
    AGGRESSIVE = "Aggressive"


class WhatIfSource(StrEnum):
    """Where hypothetical indexes are planned."""

    PRIMARY = "Primary"
    OFF = "Disabled"


class RunningBuild(StrEnum):
    """What happens to a build when a freeze begins."""

    CANCEL = "Cancel"
    FINISH = "Finish"


class FreezeRollback(StrEnum):
    """What happens to a due rollback inside a freeze."""

    DEFER = "Defer"
    ALLOW = "Allow"


@dataclass(frozen=True, kw_only=True)
class RecurringWindow:
    """A window that opens at each time of a cron schedule and stays open for a duration."""

    name: str
    schedule: str
    """Five cron fields, read in ``zone``."""
    duration: timedelta
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True)
class AbsoluteWindow:
    """A window from ``start`` (inclusive) to ``end`` (exclusive), both aware."""

    name: str
    start: datetime
    end: datetime


Window = RecurringWindow | AbsoluteWindow


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """Upper limits of what pgtend may do to one database."""

    max_indexes_per_table: int = 10
    index_storage: int | None = None
    """Bytes of all indexes that pgtend may add, net of what it drops; None: no limit."""
    max_concurrent_builds: int = 1
    max_changes_per_day: int = 10


@dataclass(frozen=True, kw_only=True)
class Verification:
    """When a measurement speaks."""

    min_duration: timedelta = timedelta(minutes=30)
    max_duration: timedelta = timedelta(hours=72)
    improvement_percent: float = 10.0
    regression_percent: float = 10.0
    significance: float = 0.01


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One TuningPolicy, validated."""

    namespace: str
    name: str
    uid: str
    generation: int
    created_at: datetime
    """When the object was created: of two policies on one database the older one works."""
    mode: Mode
    aggressiveness: Aggressiveness
    suspended: bool
    collect_interval: timedelta
    tune_interval: timedelta
    what_if: WhatIfSource
    observer_secret: str
    tuner_secret: str | None
    sample_constants: bool = False
    """Whether constants of real calls may be kept in memory to plan with."""
    freeze_windows: tuple[Window, ...] = ()
    running_build: RunningBuild = RunningBuild.CANCEL
    freeze_rollback: FreezeRollback = FreezeRollback.DEFER
    budgets: Budgets = Budgets()
    verification: Verification = Verification()
