"""What the history keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pgtend.domain.index import TableName
from pgtend.domain.workload import Load


@dataclass(frozen=True, kw_only=True)
class HourOfLoad:
    """Loads of statements (by fingerprint) and rows written to tables in one hour."""

    hour: datetime
    statements: Mapping[str, Load]
    rows_written: Mapping[TableName, int]
    seconds: float
    """Seconds of that hour that were observed; adding to an hour adds them too."""


@dataclass(frozen=True, kw_only=True)
class ActionRecord:
    """Something that pgtend did to a database, with what came of it."""

    at: datetime
    policy: str
    """namespace/name."""
    recommendation: str
    action: str
    """Build, Remove, UndoBuild, UndoRemove, Verified …"""
    definition: str
    outcome: str
    message: str
    approved_by: str = ""
