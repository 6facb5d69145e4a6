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
    SAME_PLAN = "SamePlan"
    """Its plan was the same without and with them: what its times differ by is noise."""
    TIMED_OUT = "TimedOut"
    """It was ended by the time limit without the indexes, with them, or both: there is nothing to compare."""
    NOT_COMPARED = "NotCompared"
    """It ran on one side alone: nothing was built, or the trial was ended before."""


@dataclass(frozen=True, kw_only=True)
class TimedQuery:
    """One query with the milliseconds of its runs, as the server says; runs that only warm up are left out."""

    id: str
    text: str
    """Normalised, without constants."""
    before_ms: tuple[float, ...]
    after_ms: tuple[float, ...]
    timed_out: bool = False
    """Whether the time limit ended it on a side, which then has no times."""
    same_plan: bool = False
    """Whether all its runs on both sides had one and the same plan."""
    used: tuple[str, ...] = ()
    """Names of the advised indexes that its plan really used."""


@dataclass(frozen=True, kw_only=True)
class SkippedQuery:
    """A query that was not run, with the sentence that says why."""

    id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class LeftIndex:
    """An index that was built for the trial and could not be dropped again."""

    name: str
    """With its schema, as SQL has it."""
    reason: str
    statement: str
    """What removes it."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """All that was run."""

    queries: tuple[TimedQuery, ...]
    skipped: tuple[SkippedQuery, ...]
    built: tuple[str, ...]
    """The advised names of the indexes that were built for it."""
    kept: bool = False
    """Whether they were left there because that was asked for."""
    left: tuple[LeftIndex, ...] = ()
    """Those that should have been dropped and are there still."""
    problems: tuple[str, ...] = ()
    """Why it is not whole: what could not be built, or what ended it."""
    interrupted: bool = False
    """Whether a person pressed Ctrl-C during it."""
    complete: bool = True
    """Whether all was run that was to be run."""
    notes: tuple[str, ...] = ()
