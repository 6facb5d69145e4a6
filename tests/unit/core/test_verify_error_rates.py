"""A short form of benchmarks/verification with fixed seeds: loose bounds that a broken statistic would not keep."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from benchmarks.verification.simulation import HELPED, TOUCHING, World, run_trial
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action
from pgtend.domain.verification import Verdict

POLICY = Verification(max_duration=timedelta(hours=2))
TRIALS = 40


def run(world: World, before: int = 30, action: Action = Action.CREATE) -> Counter[Verdict]:
    return Counter(run_trial(world, POLICY, seed, before, action).verdict for seed in range(TRIALS))


@pytest.mark.parametrize("rate", [6, 60, 600, 6000])
def test_without_an_effect_there_is_hardly_ever_a_verdict_of_one(rate: int) -> None:
    verdicts = run(World(calls_per_slice=rate))
    assert verdicts[Verdict.IMPROVED] + verdicts[Verdict.REGRESSED] <= 2


@pytest.mark.parametrize("rate", [60, 600])
def test_an_improvement_is_seen(rate: int) -> None:
    assert run(World(calls_per_slice=rate, effects=dict.fromkeys(HELPED, -0.2)))[Verdict.IMPROVED] >= TRIALS - 3


@pytest.mark.parametrize("rate", [60, 600])
def test_a_regression_is_seen_beside_an_improvement(rate: int) -> None:
    world = World(calls_per_slice=rate, effects={**dict.fromkeys(HELPED, -0.4), TOUCHING[0]: 0.3})
    assert run(world)[Verdict.REGRESSED] >= TRIALS - 3


@pytest.mark.parametrize(("rate", "before"), [(60, 240), (600, 30), (600, 240)])
def test_a_drop_by_which_a_statement_lost_what_is_not_allowed_is_never_found_harmless(rate: int, before: int) -> None:
    world = World(calls_per_slice=rate, effects={TOUCHING[0]: 0.1})
    assert run(world, before, Action.DROP)[Verdict.IMPROVED] == 0


def test_a_drop_that_harms_nobody_is_found_harmless() -> None:
    verdicts = run(World(calls_per_slice=600), 240, Action.DROP)
    assert verdicts[Verdict.IMPROVED] >= TRIALS - 10
    assert verdicts[Verdict.REGRESSED] <= 1


@pytest.mark.parametrize("rate", [60, 600])
def test_a_drop_that_harms_a_statement_is_taken_back(rate: int) -> None:
    world = World(calls_per_slice=rate, effects={TOUCHING[0]: 0.25})
    assert run(world, 240, Action.DROP)[Verdict.REGRESSED] >= TRIALS - 3
