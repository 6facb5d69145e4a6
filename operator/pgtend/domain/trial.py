"""What came of really running queries without and with indexes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Change(StrEnum):
    """What the indexes did to one query."""

    FASTER = "Faster"
    SLOWER = "Slower"
    SAME = "Same"
    """No difference that stands out from the spread of the runs."""
    TIMED_OUT = "TimedOut"
    """It was ended by the time limit without the indexes, with them, or both: there is nothing to compare."""


@dataclass(frozen=True, kw_only=True)
class TimedQuery:
    """One query with the milliseconds of its runs, as the server says; runs that only warm up are left out."""

    id: str
    text: str
    """Normalised, without constants."""
    before_ms: tuple[float, ...]
    after_ms: tuple[float, ...]
    used: tuple[str, ...] = ()
    """Names of the advised indexes that its plan really used."""


@dataclass(frozen=True, kw_only=True)
class SkippedQuery:
    """A query that was not run, with the sentence that says why."""

    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """All that was run."""

    queries: tuple[TimedQuery, ...]
    skipped: tuple[SkippedQuery, ...]
    built: tuple[str, ...]
    """Names of the indexes that were built for it."""
    kept: bool = False
    """Whether they were left there."""
    notes: tuple[str, ...] = ()
