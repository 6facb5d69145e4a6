"""What alive and ready mean, as functions of facts.

Alive: the event loop turns (or nothing would answer) and no tending loop is stuck, that is, none has been without the end
of a pass for ten of its intervals and five minutes. A process that is not alive is to be started again.

Ready: the process does its part. A leader is ready once both kinds are installed and their objects have been listed; one
that stands by for the Lease is ready as well, for it does all that is asked of it: with two replicas a rollout would wait for
ever otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

STUCK_INTERVALS = 10
STUCK_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class LoopHealth:
    """One tending loop, in seconds."""

    interval: float
    seconds_since_pass: float
    """Since its last pass ended, or since it was to start; negative before that."""


@dataclass(kw_only=True)
class Progress:
    """How far the process has come; whoever runs it keeps this up to date."""

    standby: bool = False
    """It waits for the Lease, and the API server answers."""
    kinds_installed: bool = False
    listed: bool = False
    problem: str = ""
    """A sentence about what keeps the objects from being listed now."""


def liveness(loops: Iterable[LoopHealth]) -> str:
    """Why the process should be started again; empty when it is alive."""
    stuck = sum(loop.seconds_since_pass > max(STUCK_INTERVALS * loop.interval, STUCK_SECONDS) for loop in loops)
    return f"{stuck} tending loops have come to no end of a pass for too long" if stuck else ""


def readiness(progress: Progress) -> str:
    """Why the process does not do its part yet; empty when it is ready."""
    if progress.standby:
        return ""
    if progress.problem:
        return progress.problem
    if not progress.kinds_installed:
        return "the CustomResourceDefinitions of pgtend.dev/v1alpha1 are not installed: apply crds/"
    if not progress.listed:
        return "the objects have not been listed yet"
    return ""
