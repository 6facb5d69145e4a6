"""What one pass of a loop looks at, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.policy import Policy
from pgtend.domain.recommendation import Recommendation


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What one pass knows once it has looked: the facts on which it advances every recommendation."""

    now: datetime
    policy: Policy
    identity: DatabaseIdentity
    catalog: Catalog
    recommendations: tuple[Recommendation, ...]
    tuner_problem: str | None
    """Why the tuner cannot work, None when it can."""
    changes_in_last_day: int
    policy_problem: str | None = None
    """Why the policy cannot be read as it now is, and ``policy`` is what it last was; None when it can."""
    disturbance: str = ""
    """What happened since the last pass that makes a comparison with before worthless (a reset, a failover); or empty."""


def database_key(identity: DatabaseIdentity) -> str:
    """The key under which the history keeps a database."""
    return f"{identity.system_identifier}/{identity.oid}"
