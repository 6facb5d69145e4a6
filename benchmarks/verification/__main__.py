"""Print the table of benchmarks/verification/README.md: ``python -m benchmarks.verification [trials]``."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from statistics import median

from benchmarks.verification.simulation import HELPED, TOUCHING, Outcome, World, run_trial
from pgtend.domain.policy import Verification
from pgtend.domain.verification import Verdict

RATES = (6, 60, 600, 6000)
BASELINES = (30, 240)
"""Slices before the change: as few as the window after it has at first, and the four hours that the operator keeps."""
SCENARIOS: tuple[tuple[str, dict[str, float], float, Verdict, frozenset[Verdict]], ...] = (
    ("no effect", {}, 1.0, Verdict.INEFFECTIVE, frozenset({Verdict.IMPROVED, Verdict.REGRESSED})),
    (
        "no effect, a third of the calls",
        {},
        1 / 3,
        Verdict.INEFFECTIVE,
        frozenset({Verdict.IMPROVED, Verdict.REGRESSED}),
    ),
    (
        "helped -20 %",
        dict.fromkeys(HELPED, -0.2),
        1.0,
        Verdict.IMPROVED,
        frozenset({Verdict.REGRESSED, Verdict.INEFFECTIVE}),
    ),
    (
        "helped -40 %",
        dict.fromkeys(HELPED, -0.4),
        1.0,
        Verdict.IMPROVED,
        frozenset({Verdict.REGRESSED, Verdict.INEFFECTIVE}),
    ),
    ("helped +20 %", dict.fromkeys(HELPED, 0.2), 1.0, Verdict.REGRESSED, frozenset({Verdict.IMPROVED})),
    (
        "helped -40 %, one touching +25 %",
        {**dict.fromkeys(HELPED, -0.4), TOUCHING[0]: 0.25},
        1.0,
        Verdict.REGRESSED,
        frozenset({Verdict.INEFFECTIVE}),
    ),
)


def main(trials: int) -> None:
    """Run every scenario at every rate and print a Markdown table."""
    verification = Verification(max_duration=timedelta(hours=6))
    print(
        "| calls a minute | before | truth | Improved | Regressed | Ineffective | Inconclusive | right | false | minutes |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for rate in RATES:
        for number, (name, effects, calls_after, right, false) in enumerate(SCENARIOS):
            for before in BASELINES:
                world = World(calls_per_slice=rate, effects=effects, calls_after=calls_after)
                first = 1_000_000 * number + 100_000 * RATES.index(rate) + 50_000 * BASELINES.index(before)
                outcomes = [run_trial(world, verification, seed, before) for seed in range(first, first + trials)]
                print(f"| {rate} | {before} min | {name} | {_row(outcomes, right, false)} |", flush=True)


def _row(outcomes: list[Outcome], right: Verdict, false: frozenset[Verdict]) -> str:
    counts = Counter(outcome.verdict for outcome in outcomes)
    verdicts = (Verdict.IMPROVED, Verdict.REGRESSED, Verdict.INEFFECTIVE, Verdict.INCONCLUSIVE)
    shares = [counts[verdict] / len(outcomes) for verdict in (*verdicts, right)]
    shares.append(sum(counts[verdict] for verdict in false) / len(outcomes))
    lengths = sorted(outcome.slices for outcome in outcomes)
    cells = [f"{100 * share:.1f} %" for share in shares]
    cells.append(f"{median(lengths):.0f}, {lengths[int(0.95 * (len(lengths) - 1))]}")
    return " | ".join(cells)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
