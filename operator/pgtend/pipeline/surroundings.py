"""What the functions of one loop share: the ports they speak through, and the scene that one pass looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.index import Index
from pgtend.domain.policy import Policy
from pgtend.domain.recommendation import Recommendation
from pgtend.ports import Clock, History, Policies, Recommendations, Target


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The outside world of one loop."""

    clock: Clock
    policies: Policies
    recommendations: Recommendations
    target: Target
    history: History
    describe_build: Callable[[Index, str], str]
    """CREATE INDEX of a definition under a name, as text for people; never executed."""
    describe_removal: Callable[[Index, str], str]
    """DROP INDEX of a named index, as text for people; never executed."""
    fence: Callable[[], None]
    """Raises LeadershipLost when this process must not act any more; called right before every DDL and every write."""
    wake: Callable[[], None]
    """Ends the loop's sleep; may be called from any task of the event loop."""


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
