"""Verdicts where the load itself changes with the change: ``python -m benchmarks.verification.load [trials]``."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta

from benchmarks.verification.simulation import CONTROLS, HELPED, TOUCHING, World, run_trial
from pgtend.domain.policy import Verification

FOR_GOOD = 10**9
GAIN = dict.fromkeys(HELPED, -0.4)
LOSS_BESIDE = {**GAIN, TOUCHING[0]: 0.25}
RELIEF = dict.fromkeys(CONTROLS, -0.25)
SCENARIOS: tuple[tuple[str, dict[str, float], float, int], ...] = (
    ("helped -40 %, one touching +25 %", LOSS_BESIDE, 1.0, 0),
    ("the same, load a quarter lower for two hours", LOSS_BESIDE, 0.75, 120),
    ("the same, load a quarter lower for good", LOSS_BESIDE, 0.75, FOR_GOOD),
    ("helped +20 %, load a quarter lower for two hours", dict.fromkeys(HELPED, 0.2), 0.75, 120),
    ("helped -40 %, controls -25 %", {**GAIN, **RELIEF}, 1.0, 0),
    ("helped -40 %, controls and two touching -25 %", {**GAIN, **RELIEF, **dict.fromkeys(TOUCHING[:2], -0.25)}, 1.0, 0),
)


def main(trials: int) -> None:
    """Print a line for each rate and scenario: verdicts in percent, and the median minutes to them."""
    verification = Verification(max_duration=timedelta(hours=6))
    for rate in (60, 600):
        for name, effects, load, slices in SCENARIOS:
            world = World(calls_per_slice=rate, effects=effects, load_after=load, load_slices=slices)
            outcomes = [run_trial(world, verification, seed) for seed in range(trials)]
            counts = Counter(str(outcome.verdict) for outcome in outcomes)
            shares = ", ".join(f"{verdict} {100 * n / trials:.0f} %" for verdict, n in counts.most_common())
            median = sorted(outcome.slices for outcome in outcomes)[trials // 2]
            print(f"{rate} a minute, {name}: {shares}; {median} min", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
