"""A drop helps no statement: what has to be shown is that none lost, and missing proof is not taken for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp, log1p, sin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.verify import add_slice, judge, start_measuring, take_baseline
from pgtend.core.verify.effects import effect_of
from pgtend.core.verify.judge import significance_at
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action
from pgtend.domain.verification import Judgement, Measurement, TreatedRole, Verdict
from pgtend.domain.workload import Load, Slice

BEGIN = datetime(2026, 11, 24, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Verification()
BEFORE: Mapping[str, float] = {"big": 80.0, "middle": 20.0, "small": 1.0, "control-a": 2.0, "control-b": 5.0}
TABLE = ("big", "middle", "small")

Means = Callable[[int], Mapping[str, float]]


def slices(means: Means, count: int, begin: datetime) -> list[Slice]:
    return [
        Slice(
            start=begin + t * MINUTE,
            seconds=60.0,
            loads={
                name: Load(calls=100, total_ms=100 * mean * exp(0.01 * sin(1000 * t + len(name))))
                for name, mean in means(t).items()
            },
        )
        for t in range(count)
    ]


def measured(after: Means, count: int = 60, before: int = 240) -> Measurement:
    baseline = take_baseline(slices(lambda _: BEFORE, before, BEGIN), (), TABLE, ("control-a", "control-b"), 60.0)
    assert isinstance(baseline, Measurement)
    at = BEGIN + before * MINUTE
    measurement = start_measuring(baseline, at)
    for piece in slices(after, count, at):
        measurement = add_slice(measurement, piece)
    return measurement


def verdict(after: Means, count: int = 60, *, late: bool = False, policy: Verification = POLICY) -> Judgement:
    measurement = measured(after, count)
    assert measurement.since is not None
    passed = policy.max_duration if late else count * MINUTE
    return judge(measurement, policy, measurement.since + passed, Action.DROP)


def steady(**factors: float) -> Means:
    return lambda _: {name: mean * factors.get(name, 1.0) for name, mean in BEFORE.items()}


def without(*names: str) -> Means:
    return lambda _: {name: mean for name, mean in BEFORE.items() if name not in names}


def test_all_statements_on_the_table_are_watched_and_none_is_said_to_gain() -> None:
    measurement = measured(steady())
    assert {each.fingerprint: each.role for each in measurement.treated} == dict.fromkeys(TABLE, TreatedRole.TOUCHING)


@pytest.mark.parametrize(
    ("after", "expected", "says"),
    [
        pytest.param(steady(), Verdict.IMPROVED, "No statement on the table became slower by 10 % or more", id="none"),
        pytest.param(steady(big=0.5), Verdict.IMPROVED, "No statement", id="one became faster"),
        pytest.param(steady(middle=1.2), Verdict.REGRESSED, "Statement middle became slower", id="one lost"),
        pytest.param(steady(small=3.0), Verdict.REGRESSED, "Statement small became slower", id="a small one lost"),
        pytest.param(steady(middle=1.08), Verdict.MEASURING, "statement middle takes", id="nearly too much"),
        pytest.param(
            steady(big=1.065, middle=1.065, small=1.065),
            Verdict.MEASURING,
            "cannot be ruled out",
            id="a little each",
        ),
    ],
)
def test_a_drop_is_judged_by_what_was_lost(after: Means, expected: Verdict, says: str) -> None:
    judgement = verdict(after)
    assert judgement.verdict is expected, judgement.message
    assert says in judgement.message


def test_a_loss_that_cannot_be_ruled_out_is_no_success_in_the_end() -> None:
    judgement = verdict(steady(middle=1.08), late=True)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "missing proof is no success" in judgement.message


def test_a_notable_statement_that_did_not_run_again_is_waited_for_in_vain() -> None:
    early, late = verdict(without("middle")), verdict(without("middle"), late=True)
    assert early.verdict is Verdict.MEASURING
    assert "Statement middle ran in 240 slices before and 0 after" in early.message
    assert late.verdict is Verdict.INCONCLUSIVE


def test_one_with_little_of_the_time_holds_up_nothing_and_is_owned_up_to() -> None:
    judgement = verdict(without("small"))
    assert judgement.verdict is Verdict.IMPROVED
    assert judgement.message.endswith("(Of 1 with little of the time it cannot be told.)")


def test_statements_that_did_not_run_are_no_success() -> None:
    judgement = verdict(without(*TABLE), late=True)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "The statements on the table ran" in judgement.message


def test_a_noisy_statement_is_waited_for_although_it_was_not_found_slower() -> None:
    judgement = verdict(lambda t: {**BEFORE, "middle": 20.0 * (2.0 if t % 2 else 0.5)})
    assert judgement.verdict is Verdict.MEASURING
    assert "cannot be ruled out that statement middle takes" in judgement.message


def test_the_policy_says_what_is_too_much() -> None:
    lenient = replace(POLICY, regression_percent=30.0)
    assert verdict(steady(middle=1.08), policy=lenient).verdict is Verdict.IMPROVED


def test_a_baseline_of_a_drop_says_what_is_missing() -> None:
    answer = take_baseline(slices(lambda _: BEFORE, 9, BEGIN), (), TABLE, ("control-a",), 60.0)
    assert isinstance(answer, str)
    assert "the statements on the table ran in 9 slices" in answer


@given(factors=st.fixed_dictionaries({name: st.floats(0.5, 2.0) for name in TABLE}), count=st.integers(30, 120))
def test_improved_means_that_every_notable_statement_is_bounded_below_what_is_too_much(
    factors: dict[str, float], count: int
) -> None:
    measurement = measured(steady(**factors), count)
    assert measurement.since is not None
    elapsed = count * MINUTE
    judgement = judge(measurement, POLICY, measurement.since + elapsed, Action.DROP)
    assert judgement.verdict is not Verdict.INEFFECTIVE
    significance = significance_at(POLICY, elapsed)
    effects = {each.fingerprint: effect_of(each, 60.0) for each in measurement.treated if each.weight >= 0.05}
    bounded = all(effect is not None and effect.upper_bound(significance) < log1p(0.1) for effect in effects.values())
    if judgement.verdict is Verdict.IMPROVED:
        assert bounded
        assert all(factors[name] < 1.1 for name in effects)


@settings(max_examples=25)
@given(factor=st.floats(0.5, 2.0))
def test_a_longer_wait_at_the_same_level_never_widens_the_bound(factor: float) -> None:
    bounds = []
    for count in (30, 60, 120):
        effect = effect_of(measured(steady(big=factor), count).treated[0], 60.0)
        assert effect is not None
        bounds.append(effect.upper_bound(0.0025) - effect.log_ratio)
    assert bounds == sorted(bounds, reverse=True)
