"""One slice as the values that are compared: log mean time, less what the controls say of the load at large."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from pgtend.domain.verification import ControlStatement
from pgtend.domain.workload import Load, Slice

_ENOUGH_CONTROL_WEIGHT = 0.5
"""A slice in which controls of less than this share of the weight ran says nothing about the load at large."""


def log_mean(load: Load | None) -> float | None:
    """Natural logarithm of the mean milliseconds a call; None where the statement did not run."""
    if load is None or load.calls <= 0 or load.total_ms <= 0.0:
        return None
    return log(load.total_ms / load.calls)


def common_drift(controls: Sequence[ControlStatement], piece: Slice) -> float | None:
    """How far the controls are from their level in this slice (log); 0 without controls, None where too few of them ran."""
    if not controls:
        return 0.0
    present = [
        (control.weight, value - control.level)
        for control in controls
        if (value := log_mean(piece.loads.get(control.fingerprint))) is not None
    ]
    weight = sum(share for share, _ in present)
    if weight < _ENOUGH_CONTROL_WEIGHT * sum(control.weight for control in controls):
        return None
    return sum(share * deviation for share, deviation in present) / weight


def adjusted(fingerprint: str, drift: float | None, piece: Slice) -> float | None:
    """The value of one treated statement in one slice; None where it, or too much of its controls, did not run."""
    value = log_mean(piece.loads.get(fingerprint))
    return None if value is None or drift is None else value - drift
