"""What one pass has to say to whoever counts: numbers and states, no text of any query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class PassReport:
    """The outcome of one pass over one database."""

    next_pass: timedelta
    """How long to sleep unless woken."""
    ready: str
    """Status of the policy's Ready condition: True, False or Unknown."""
    reason: str
    """Reason of the policy's Ready condition."""
    statements: int = 0
    """Statements with calls since the last pass."""
    explains: int = 0
    """What-if plans asked of the server in this pass."""
    what_if_seconds: float = 0.0
    phases: Mapping[str, int] = field(default_factory=dict)
    """Number of recommendations in each phase."""
    seconds: float = 0.0
    """How long the pass took."""
