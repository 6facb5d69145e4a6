"""What the world looked like before the change: treated statements, and the controls that tell drift from effect."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Literal, TypeVar

from pgtend.core.verify.series import autocorrelation, effective_size, summarize
from pgtend.core.verify.slices import adjusted, common_drift, log_mean
from pgtend.domain.policy import Verification
from pgtend.domain.verification import ControlStatement, Measurement, SeriesSummary, TreatedRole, TreatedStatement
from pgtend.domain.workload import Load, Slice

Slices = TypeVar("Slices", int, float)

MIN_SLICES = 10
"""Fewest slices a side from which a statement's effect is judged."""

MIN_TELLING = 4
"""Independent slices that those before the change must be worth, or as many slices as minDuration has must have gone by.

What is compared is only as sure as its shorter side: with the two that are the least, Student's t has one degree of freedom, and no
wait after the change makes a statement that became twenty times faster surely faster.
"""

HELPED_SHARE = 0.5
"""The helped statements that can be judged must carry at least this share of the helped statements' time."""

MAX_CONTROLS = 50
MAX_TREATED = 50

_SHORTEST_SLICE = timedelta(seconds=5)
_LONGEST_SLICE = timedelta(minutes=1)
_SLICES_PER_WINDOW = 30
_REGULAR = 0.5
"""A statement that ran in at least this share of the slices runs all the time. Only such a one is a control, and is waited for."""
_CONTROL_NOISE_FLOOR = 0.05**2
"""Variance added to a control's own: each statement drifts a little by itself, so the quietest must not speak for all."""


def slice_length(verification: Verification, collect_interval: timedelta) -> timedelta:
    """A thirtieth of minDuration, but 5 seconds to 1 minute, and never shorter than the statistics are read."""
    length = min(max(verification.min_duration / _SLICES_PER_WINDOW, _SHORTEST_SLICE), _LONGEST_SLICE)
    return max(length, collect_interval)


def take_baseline(
    slices: Sequence[Slice],
    helped: Sequence[str],
    touching: Sequence[str],
    untouched: Sequence[str],
    slice_seconds: float,
) -> Measurement | str:
    """The measurement before the change, or the sentence that says what is still missing.

    ``slices`` are in the order of time; the others are fingerprints. A statement that is both helped and touching counts as
    helped, and one that is treated is never a control. A drop helps none: all that touch the table are what the verdict is
    about. Without any usable control there is a baseline all the same, and the verdict will be Inconclusive.
    """
    treated = dict.fromkeys(touching, TreatedRole.TOUCHING)
    treated |= dict.fromkeys(helped, TreatedRole.HELPED)
    totals = _add_loads(slices, treated)
    controls = _choose_controls(slices, [name for name in untouched if name not in treated])
    drifts = [common_drift(controls, piece) for piece in slices]

    by_time = sorted(
        (name for name in treated if name in totals),
        key=lambda name: (treated[name] is not TreatedRole.HELPED, -totals[name].total_ms, name),
    )[:MAX_TREATED]
    time = sum(totals[name].total_ms for name in by_time)
    statements = []
    for name in by_time:
        values = (adjusted(name, drift, piece) for drift, piece in zip(drifts, slices, strict=True))
        statements.append(
            TreatedStatement(
                fingerprint=name,
                role=treated[name],
                weight=totals[name].total_ms / time if time > 0 else 0.0,
                before=summarize(value for value in values if value is not None),
                after=summarize(()),
                load_before=totals[name],
                load_after=Load(calls=0, total_ms=0.0),
            )
        )
    expected = statements if not helped else expected_of(statements)
    there = slices_reached([(each.before.n, each.weight) for each in expected])
    whose = "statements that would gain" if helped else "statements on the table"
    if there >= MIN_SLICES:
        # Nothing could ever be said of one that runs all the time and was seen a little too briefly, however slow it becomes.
        # It is waited for: at most until there are twice as many slices as are needed.
        late = [each.before.n for each in statements if _REGULAR * len(slices) <= each.before.n < MIN_SLICES]
        there, whose = min(late, default=there), "statements on the table that run all the time"
    if there < MIN_SLICES:
        return (
            f"There is not enough to compare with yet: the {whose} ran in {there} slices of "
            f"{slice_seconds:.0f} s before the change, and {MIN_SLICES} are needed. pgtend goes on collecting; "
            "if they run rarely, a longer verification.minDuration makes longer slices."
        )
    telling = slices_reached([(_telling(each.before), each.weight) for each in expected])
    if telling < MIN_TELLING and len(slices) < _SLICES_PER_WINDOW:
        return (
            f"There is not enough to compare with yet: the {there} slices of {slice_seconds:.0f} s before the change resemble their "
            f"neighbours so much that they tell no more than {telling:.1f} would, and {MIN_TELLING} are needed. pgtend goes on "
            f"collecting until there are {_SLICES_PER_WINDOW}."
        )
    return Measurement(
        slice_seconds=slice_seconds,
        before_from=slices[0].start,
        before_to=slices[-1].start + timedelta(seconds=slices[-1].seconds),
        treated=tuple(statements),
        controls=controls,
    )


def expected_of(treated: Iterable[TreatedStatement]) -> list[TreatedStatement]:
    """The statements that should gain."""
    return [each for each in treated if each.role is TreatedRole.HELPED]


def slices_reached(counts: Sequence[tuple[Slices, float]]) -> Slices | Literal[0]:
    """The number of slices that statements of at least half of the weight have; counts are (slices, weight)."""
    total = sum(weight for _, weight in counts)
    gathered = 0.0
    for n, weight in sorted(counts, reverse=True):
        gathered += weight
        if total > 0 and gathered >= HELPED_SHARE * total:
            return n
    return 0


def _telling(series: SeriesSummary) -> float:
    return effective_size(series.n, autocorrelation(series)) if series.n > 0 else 0.0


def _add_loads(slices: Sequence[Slice], names: Iterable[str]) -> dict[str, Load]:
    totals: dict[str, Load] = {}
    for name in names:
        loads = [load for piece in slices if (load := piece.loads.get(name)) is not None and load.calls > 0]
        if loads:
            totals[name] = sum(loads[1:], loads[0])
    return totals


def _choose_controls(slices: Sequence[Slice], candidates: Sequence[str]) -> tuple[ControlStatement, ...]:
    """Those that ran in enough slices, the ones with the most time first, weighted by the inverse of their noise.

    The noise is half the mean squared difference of neighbouring slices (von Neumann's estimate), which common slow drift does
    not enter: a control that follows the load closely is what is wanted.
    """
    enough = max(_REGULAR * len(slices), MIN_SLICES)
    time = dict.fromkeys(candidates, 0.0)
    for piece in slices:
        for name, load in piece.loads.items():
            if name in time:
                time[name] += load.total_ms
    chosen: dict[str, list[float]] = {}
    for name in sorted(time, key=lambda name: (-time[name], name)):
        values = [value for piece in slices if (value := log_mean(piece.loads.get(name))) is not None]
        if len(values) >= enough:
            chosen[name] = values
        if len(chosen) == MAX_CONTROLS:
            break
    weights = {name: 1 / (_noise(values) + _CONTROL_NOISE_FLOOR) for name, values in chosen.items()}
    total = sum(weights.values())
    return tuple(
        ControlStatement(fingerprint=name, weight=weights[name] / total, level=sum(values) / len(values))
        for name, values in chosen.items()
    )


def _noise(values: Sequence[float]) -> float:
    steps = [(after - before) ** 2 for before, after in pairwise(values)]
    return sum(steps) / (2 * len(steps))
