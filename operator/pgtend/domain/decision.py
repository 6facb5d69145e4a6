"""What rules look at and what they answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pgtend.domain.policy import Policy
from pgtend.domain.recommendation import Recommendation


class Answer(StrEnum):
    """What a rule, or all rules together, say of a step."""

    PROCEED = "Proceed"
    WAIT = "Wait"
    REFUSE = "Refuse"
    """Not under this approval any more: terminal."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """An answer with the condition reason (CamelCase) and the sentence for people."""

    answer: Answer
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class ChangeFacts:
    """Everything that the rules on applying one recommendation, or rolling it back, may look at.

    Facts that are costly to get are None until the rules before them let the change through.
    """

    now: datetime
    policy: Policy
    recommendation: Recommendation
    database_matches: bool
    """The connected database is the one that the proposal was issued for."""
    policy_problem: str | None
    """Sentence that says why the policy cannot be read as it now is, None when it can; ``policy`` is then as it last was."""
    tuner_problem: str | None
    """Sentence that says why the tuner cannot work, None when it can."""
    table_exists: bool
    table_problem: str | None
    """Why an index cannot be built on this relation now (partitioned, foreign, a column gone), or None."""
    equivalent_exists: str | None
    """Name of a valid index that already is what is proposed (for Create), or None."""
    indexes_on_table: int
    storage_added: int
    """Bytes of the indexes that pgtend has added and that are still there."""
    current_size_bytes: int
    """Size estimate of now, to be compared with the bounds that the approver saw."""
    current_write_cost: float
    running_builds: int
    changes_in_last_day: int
    unverified_on_table: str | None
    """Name of another recommendation on the same table that is still being measured or built, or None."""
    baseline_problem: str | None
    """Why there is no baseline yet, or None when there is one."""
    blockers: tuple[str, ...] = ()
    """What a concurrent build would wait for: sentences."""
