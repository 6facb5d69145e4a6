"""The outside world of one loop: the ports that its functions speak through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgtend.domain.index import Index
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
