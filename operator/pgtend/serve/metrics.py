"""Prometheus metrics. No label has values without bounds, and none tells of a person, a database or a query.

What the API server knows is counted when it is scraped, from the objects as they are; what happens is counted as it happens.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

KNOWN_PHASES = frozenset(
    {
        *("Proposed", "NotIssued", "Outdated", "OtherDatabase", "Pending", "Rejected", "ReapprovalRequired"),
        *("Approved", "Waiting", "Building", "Applied", "Measuring", "Improved", "Regressed", "Ineffective"),
        *("Inconclusive", "Failed", "RollingBack", "RollbackFailing", "RolledBack", "RemovedByOthers"),
    }
)
"""Phases that get a label of their own; anything else is Other."""


class Outcome(StrEnum):
    """How a pass ended."""

    READY = "ready"
    UNREADY = "unready"
    """It ran to its end and found that something is missing."""
    CONFLICT = "conflict"
    """Somebody else wrote at the same time; the next pass looks again."""
    FAILED = "failed"
    """An error with a name."""
    CRASHED = "crashed"
    """An error in pgtend itself."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What is read at each scrape."""

    leads: bool
    """Whether this process may act."""
    ready: Iterable[str]
    """Status of the Ready condition of each policy: True, False or Unknown."""
    phases: Iterable[str]
    """Phase of each recommendation."""
    connections: int
    """Sessions that are open on target databases."""


class Metrics:
    """The metrics of one process, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._passes = Counter("pgtend_passes", "Passes of tending loops.", ["outcome"], registry=self._registry)
        self._seconds = Histogram(
            "pgtend_pass_duration_seconds",
            "How long passes take.",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
            registry=self._registry,
        )
        self._statements = Counter(
            "pgtend_statements_seen", "Statements with calls, summed over passes.", registry=self._registry
        )
        self._explains = Counter(
            "pgtend_what_if_explains", "What-if plans asked of databases.", registry=self._registry
        )
        self._what_if = Counter("pgtend_what_if_seconds", "Time spent on what-if plans.", registry=self._registry)
        self._transitions = Counter(
            "pgtend_recommendation_transitions",
            "Conditions of recommendations that changed: Applied with reason Done is a build, Verified a verdict.",
            ["condition", "reason"],
            registry=self._registry,
        )
        for outcome in Outcome:
            self._passes.labels(outcome)

    def observe(self, look: Callable[[], Seen]) -> None:
        """Count what this function sees at each scrape."""
        self._registry.register(_SeenCollector(look))

    def count_pass(self, outcome: Outcome, seconds: float) -> None:
        """Count a pass that ended."""
        self._passes.labels(outcome).inc()
        self._seconds.observe(seconds)

    def count_report(self, *, statements: int, explains: int, what_if_seconds: float) -> None:
        """Count what a pass reported."""
        self._statements.inc(statements)
        self._explains.inc(explains)
        self._what_if.inc(what_if_seconds)

    def count_transition(self, condition: str, reason: str) -> None:
        """Count a condition that changed; both words come from pgtend's own vocabulary."""
        self._transitions.labels(condition, reason).inc()

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self._registry)


class _SeenCollector(Collector):
    def __init__(self, look: Callable[[], Seen]) -> None:
        self._look = look

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Names only, so that registering asks nobody anything."""
        yield from _families(Seen(leads=False, ready=(), phases=(), connections=0))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Look now."""
        yield from _families(self._look())


def _families(seen: Seen) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily("pgtend_leader", "1 while this process leads.", value=float(seen.leads))
    policies = GaugeMetricFamily("pgtend_policies", "TuningPolicies by their Ready condition.", labels=["ready"])
    ready = Tally(seen.ready)
    for value in ("True", "False", "Unknown"):
        policies.add_metric([value], ready[value])
    yield policies
    recommendations = GaugeMetricFamily("pgtend_recommendations", "IndexRecommendations by phase.", labels=["phase"])
    phases = Tally(phase if phase in KNOWN_PHASES else "Other" for phase in seen.phases)
    for value in sorted({*KNOWN_PHASES, "Other"}):
        recommendations.add_metric([value], phases[value])
    yield recommendations
    yield GaugeMetricFamily("pgtend_database_connections", "Open sessions on target databases.", value=seen.connections)
