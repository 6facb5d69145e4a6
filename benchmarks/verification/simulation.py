"""A database that drifts, as the slices that verification is given.

Each statement's calls take gamma distributed times around a mean that moves with a drift common to all statements and a drift of
its own, both AR(1) in log time from minute to minute. The change multiplies the mean of some statements.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from pgtend.core.verify import add_slice, judge, start_measuring, take_baseline
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action
from pgtend.domain.verification import Judgement, Measurement, Verdict
from pgtend.domain.workload import Load, Slice

HELPED = ("helped-1", "helped-2")
TOUCHING = ("touching-1", "touching-2", "touching-3")
CONTROLS = ("control-1", "control-2", "control-3", "control-4", "control-5")
STATEMENTS = (*HELPED, *TOUCHING, *CONTROLS)

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
SLICE = timedelta(minutes=1)
_CHUNK = 120


@dataclass(frozen=True, kw_only=True)
class World:
    """How the load behaves, and what the change does to it."""

    calls_per_slice: float
    effects: Mapping[str, float] = field(default_factory=dict)
    """Relative change of the mean time by statement: -0.2 is a fifth less."""
    calls_after: float = 1.0
    """Factor on the calls of all statements after the change."""
    load_after: float = 1.0
    """Factor on the times of all statements for a while after the change."""
    load_slices: int = 0
    """How long that lasts."""
    common_drift: float = 0.10
    own_drift: float = 0.03
    memory: float = 0.95
    """AR(1) coefficient of both drifts, from slice to slice."""
    call_variation: float = 1.0
    """Coefficient of variation of the time of a call."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where a trial ended."""

    verdict: Verdict
    slices: int
    """Slices after the change until the verdict."""
    judgement: Judgement


def simulate_slices(world: World, rng: np.random.Generator, before: int) -> Iterator[Slice]:
    """Slices without end; the change happens after the first ``before`` of them."""
    scale = np.array([world.common_drift, *(world.own_drift for _ in STATEMENTS)])
    state = rng.normal(0.0, scale)
    effects = np.array([np.log1p(world.effects.get(name, 0.0)) for name in STATEMENTS])
    shape = 1 / world.call_variation**2
    t = 0
    while True:
        drift = _continue_drift(state, scale, world.memory, rng)
        state = drift[-1]
        after = (np.arange(t, t + _CHUNK) >= before)[:, None]
        means = np.exp(drift[:, :1] + drift[:, 1:] + np.where(after, effects, 0.0))
        moments = np.arange(t, t + _CHUNK)
        means[(moments >= before) & (moments < before + world.load_slices)] *= world.load_after
        calls = rng.poisson(world.calls_per_slice * np.where(after, world.calls_after, 1.0), means.shape)
        totals = rng.gamma(shape * np.maximum(calls, 1e-9), 1 / shape) * means
        for row in range(_CHUNK):
            yield Slice(
                start=BEGIN + (t + row) * SLICE,
                seconds=SLICE.total_seconds(),
                loads={
                    name: Load(calls=int(calls[row, i]), total_ms=float(totals[row, i]))
                    for i, name in enumerate(STATEMENTS)
                    if calls[row, i]
                },
            )
        t += _CHUNK


def run_trial(
    world: World, verification: Verification, seed: int, before: int = 30, action: Action = Action.CREATE
) -> Outcome:
    """One change from its baseline to its verdict, judged after every slice as the operator does; a drop helps no statement."""
    slices = simulate_slices(world, np.random.default_rng(seed), before)
    helped, touching = ((), (*HELPED, *TOUCHING)) if action is Action.DROP else (HELPED, TOUCHING)
    baseline = take_baseline([next(slices) for _ in range(before)], helped, touching, CONTROLS, SLICE.total_seconds())
    if not isinstance(baseline, Measurement):
        raise TypeError(baseline)
    at = BEGIN + before * SLICE
    measurement = start_measuring(baseline, at)
    for n, piece in enumerate(slices, start=1):
        measurement = add_slice(measurement, piece)
        now = at + n * SLICE
        if now - at < verification.min_duration:
            continue
        judgement = judge(measurement, verification, now, action)
        if judgement.verdict is not Verdict.MEASURING:
            return Outcome(verdict=judgement.verdict, slices=n, judgement=judgement)
    raise AssertionError("the slices never end")


def _continue_drift(
    state: NDArray[np.float64], scale: NDArray[np.float64], memory: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    noise = rng.normal(0.0, 1.0, (_CHUNK, len(state))) * scale * np.sqrt(1 - memory**2)
    drift, _ = lfilter([1.0], [1.0, -memory], noise, axis=0, zi=memory * state[None, :])
    return np.asarray(drift, dtype=np.float64)
