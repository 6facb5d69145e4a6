"""What one pass has to say to whoever counts: numbers and a state, no text of any query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class PassReport:
    """The outcome of one pass over one database."""

    next_pass: timedelta
    """How long to sleep unless woken."""
    ready: str
    """Status of the policy's Ready condition: True, False or Unknown."""
    statements: int = 0
    """Statements with calls since the last pass."""
    explains: int = 0
    """What-if plans asked of the server in this pass."""
    what_if_seconds: float = 0.0
