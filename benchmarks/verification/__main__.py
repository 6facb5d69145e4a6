"""Print the table of benchmarks/verification/README.md: ``python -m benchmarks.verification [trials]``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from benchmarks.verification.simulation import HELPED, TOUCHING, Outcome, World, run_trial
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action
from pgtend.domain.verification import Verdict

RATES = (6, 60, 600, 6000)
BASELINES = (30, 240)
"""Slices before the change: as few as the window after it has at first, and the four hours that the operator keeps."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What the change does, and which verdicts that calls for or forbids."""

    name: str
    right: Verdict
    false: frozenset[Verdict]
    effects: Mapping[str, float] = field(default_factory=dict)
    calls_after: float = 1.0
    action: Action = Action.CREATE


ALL = (*HELPED, *TOUCHING)
EFFECT = frozenset({Verdict.IMPROVED, Verdict.REGRESSED})
SCENARIOS = (
    Scenario(name="no effect", right=Verdict.INEFFECTIVE, false=EFFECT),
    Scenario(name="no effect, a third of the calls", right=Verdict.INEFFECTIVE, false=EFFECT, calls_after=1 / 3),
    Scenario(
        name="helped -20 %",
        right=Verdict.IMPROVED,
        false=frozenset({Verdict.REGRESSED, Verdict.INEFFECTIVE}),
        effects=dict.fromkeys(HELPED, -0.2),
    ),
    Scenario(
        name="helped -40 %",
        right=Verdict.IMPROVED,
        false=frozenset({Verdict.REGRESSED, Verdict.INEFFECTIVE}),
        effects=dict.fromkeys(HELPED, -0.4),
    ),
    Scenario(
        name="helped +20 %",
        right=Verdict.REGRESSED,
        false=frozenset({Verdict.IMPROVED}),
        effects=dict.fromkeys(HELPED, 0.2),
    ),
    Scenario(
        name="helped -40 %, one touching +25 %",
        right=Verdict.REGRESSED,
        false=frozenset({Verdict.INEFFECTIVE}),
        effects={**dict.fromkeys(HELPED, -0.4), TOUCHING[0]: 0.25},
    ),
    Scenario(
        name="dropped: no effect", right=Verdict.IMPROVED, false=frozenset({Verdict.REGRESSED}), action=Action.DROP
    ),
    Scenario(
        name="dropped: all -10 %",
        right=Verdict.IMPROVED,
        false=frozenset({Verdict.REGRESSED}),
        effects=dict.fromkeys(ALL, -0.1),
        action=Action.DROP,
    ),
    Scenario(
        name="dropped: all +5 %",
        right=Verdict.IMPROVED,
        false=frozenset({Verdict.REGRESSED}),
        effects=dict.fromkeys(ALL, 0.05),
        action=Action.DROP,
    ),
    Scenario(
        name="dropped: one +10 %",
        right=Verdict.REGRESSED,
        false=frozenset({Verdict.IMPROVED}),
        effects={TOUCHING[0]: 0.1},
        action=Action.DROP,
    ),
    Scenario(
        name="dropped: one +25 %",
        right=Verdict.REGRESSED,
        false=frozenset({Verdict.IMPROVED}),
        effects={TOUCHING[0]: 0.25},
        action=Action.DROP,
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
        for number, scenario in enumerate(SCENARIOS):
            for before in BASELINES:
                world = World(calls_per_slice=rate, effects=scenario.effects, calls_after=scenario.calls_after)
                first = 1_000_000 * number + 100_000 * RATES.index(rate) + 50_000 * BASELINES.index(before)
                outcomes = [
                    run_trial(world, verification, seed, before, scenario.action)
                    for seed in range(first, first + trials)
                ]
                print(f"| {rate} | {before} min | {scenario.name} | {_row(outcomes, scenario)} |", flush=True)


def _row(outcomes: list[Outcome], scenario: Scenario) -> str:
    counts = Counter(outcome.verdict for outcome in outcomes)
    verdicts = (Verdict.IMPROVED, Verdict.REGRESSED, Verdict.INEFFECTIVE, Verdict.INCONCLUSIVE)
    shares = [counts[verdict] / len(outcomes) for verdict in (*verdicts, scenario.right)]
    shares.append(sum(counts[verdict] for verdict in scenario.false) / len(outcomes))
    lengths = sorted(outcome.slices for outcome in outcomes)
    cells = [f"{100 * share:.1f} %" for share in shares]
    cells.append(f"{median(lengths):.0f}, {lengths[int(0.95 * (len(lengths) - 1))]}")
    return " | ".join(cells)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
