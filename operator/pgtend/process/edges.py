"""What the process offers to the bodies of its loops, and what it asks of whoever composes them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pgtend.kube.client import Api
from pgtend.kube.events import Events
from pgtend.kube.loops import TendingFactory
from pgtend.kube.store import ObjectStore
from pgtend.ports import History
from pgtend.serve.metrics import Metrics
from pgtend.settings import Settings


class SystemClock:
    """Implements ports.Clock."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()


@dataclass(frozen=True, kw_only=True)
class Edges:
    """The outside world of all loops of this process."""

    settings: Settings
    api: Api
    history: History
    policies: ObjectStore
    recommendations: ObjectStore
    events: Events
    metrics: Metrics
    clock: SystemClock
    fence: Callable[[], None]
    """Raises LeadershipLost when this process must not act."""


@dataclass(frozen=True, kw_only=True)
class Composition:
    """How loop bodies are made of that."""

    make_tending: TendingFactory
    open_connections: Callable[[], int]
    """Number of sessions that are open on target databases."""


Compose = Callable[[Edges], Composition]
