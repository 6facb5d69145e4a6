"""The window after the change: it begins, takes slices in, and begins again when its slices are worth nothing any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from pgtend.core.verify.series import add_value
from pgtend.core.verify.slices import adjusted, common_drift
from pgtend.domain.verification import Measurement, SeriesSummary, TreatedStatement
from pgtend.domain.workload import Load, Slice


def start_measuring(measurement: Measurement, at: datetime) -> Measurement:
    """The measurement once the change is applied: the window after it begins at ``at``."""
    return replace(measurement, since=at, until=None, treated=_emptied(measurement))


def restart_measuring(measurement: Measurement, at: datetime, reason: str) -> Measurement:
    """The measurement with an empty window that begins at ``at``, because of a reset, a failover, foreign DDL or changed settings.

    The baseline stays: with the change in place it cannot be taken again, and the controls carry what changed for all.
    """
    return replace(start_measuring(measurement, at), restarts=measurement.restarts + 1, restart_reason=reason)


def add_slice(measurement: Measurement, piece: Slice) -> Measurement:
    """The measurement with one more slice after the change.

    A slice that began before the window, or was taken in before, changes nothing: so after a restart of the operator the same
    slices may be offered again. (Its middle is what is compared with the end of the last one: clocks are rounded.)
    Raises ValueError before ``start_measuring``.
    """
    if measurement.since is None:
        raise ValueError("the window after the change has not begun")
    middle = piece.start + timedelta(seconds=piece.seconds / 2)
    if piece.start < measurement.since or (measurement.until is not None and middle < measurement.until):
        return measurement
    drift = common_drift(measurement.controls, piece)
    return replace(
        measurement,
        treated=tuple(_with_slice(statement, drift, piece) for statement in measurement.treated),
        until=piece.start + timedelta(seconds=piece.seconds),
    )


def _with_slice(statement: TreatedStatement, drift: float | None, piece: Slice) -> TreatedStatement:
    load = piece.loads.get(statement.fingerprint)
    if load is None or load.calls <= 0:
        return statement
    value = adjusted(statement.fingerprint, drift, piece)
    return replace(
        statement,
        after=statement.after if value is None else add_value(statement.after, value),
        load_after=statement.load_after + load,
    )


def _emptied(measurement: Measurement) -> tuple[TreatedStatement, ...]:
    return tuple(
        replace(statement, after=SeriesSummary(), load_after=Load(calls=0, total_ms=0.0))
        for statement in measurement.treated
    )
