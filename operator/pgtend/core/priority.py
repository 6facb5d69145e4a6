"""In which order changes are worth making: by what each saves net of its upkeep, whatever its access method and however that is known."""

from __future__ import annotations

from collections.abc import Iterable

from pgtend.domain.advice import AdvisedChange


def net_saving(gain: float, saved_seconds: float, upkeep: float, seconds_of_cost: float) -> float:
    """What an index saves less what its upkeep takes: in seconds, or in the planner's units where no times are known.

    ``gain`` and ``upkeep`` are in the planner's units; ``seconds_of_cost`` is how long one of them takes, 0 where nobody knows.
    """
    return saved_seconds - upkeep * seconds_of_cost if seconds_of_cost > 0 else gain - upkeep


def first_by_priority(changes: Iterable[AdvisedChange]) -> tuple[AdvisedChange, ...]:
    """The changes of the highest priority first; those of the same stay in their order."""
    return tuple(sorted(changes, key=lambda change: -change.evidence.priority))
