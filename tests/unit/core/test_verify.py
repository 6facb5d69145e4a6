from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import exp

import pytest

from pgtend.core.verify import (
    add_slice,
    restart_measuring,
    slice_length,
    start_measuring,
    take_baseline,
)
from pgtend.core.verify import (
    judge as judge_change,
)
from pgtend.core.verify.judge import significance_at
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action
from pgtend.domain.verification import Judgement, Measurement, TreatedRole, Verdict
from pgtend.domain.workload import Load, Slice

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Verification()

Means = Mapping[str, float]
"""Mean milliseconds by statement; a statement that is not there did not run."""
BEFORE: Means = {"helped": 40.0, "reader": 10.0, "writer": 1.0, "control-a": 2.0, "control-b": 5.0}


def wiggle(t: int, name: str) -> float:
    """A few percent of noise that is different for each statement and the same in every run."""
    return exp(0.03 * (((t * 7919 + sum(map(ord, name)) * 104729) % 1009) / 504.5 - 1))


def slices(means: Means | Callable[[int], Means], count: int, begin: datetime = BEGIN) -> list[Slice]:
    made = []
    for t in range(count):
        now = means(t) if callable(means) else means
        loads = {name: Load(calls=100, total_ms=100 * mean * wiggle(t, name)) for name, mean in now.items()}
        made.append(Slice(start=begin + t * MINUTE, seconds=60.0, loads=loads))
    return made


def baseline(
    means: Means = BEFORE, count: int = 30, controls: tuple[str, ...] = ("control-a", "control-b")
) -> Measurement:
    measurement = take_baseline(slices(means, count), ["helped"], ["reader", "writer"], controls, 60.0)
    assert isinstance(measurement, Measurement)
    return measurement


def judge(measurement: Measurement, policy: Verification, now: datetime, action: Action = Action.CREATE) -> Judgement:
    return judge_change(measurement, policy, now, action)


APPLIED_AT = BEGIN + 31 * MINUTE


def measured(after: Means | Callable[[int], Means], count: int = 30, before: Measurement | None = None) -> Measurement:
    measurement = start_measuring(before or baseline(), APPLIED_AT)
    for piece in slices(after, count, APPLIED_AT):
        measurement = add_slice(measurement, piece)
    return measurement


def verdict(after: Means | Callable[[int], Means], count: int = 30, **settings: float) -> Judgement:
    policy = replace(POLICY, **settings)  # type: ignore[arg-type]
    return judge(measured(after, count), policy, APPLIED_AT + count * MINUTE)


def changed(**factors: float) -> Means:
    return {name: mean * factors.get(name.replace("-", "_"), 1.0) for name, mean in BEFORE.items()}


@pytest.mark.parametrize(
    ("after", "expected", "says"),
    [
        pytest.param(changed(helped=0.5), Verdict.IMPROVED, "% less time", id="the helped take half the time"),
        pytest.param(changed(), Verdict.INEFFECTIVE, "ruled out", id="nothing changed"),
        pytest.param(changed(helped=0.97), Verdict.INEFFECTIVE, "ruled out", id="less than was wanted"),
        pytest.param(changed(helped=1.5), Verdict.REGRESSED, "helped became slower", id="the helped got slower"),
        pytest.param(
            changed(helped=0.5, reader=1.5),
            Verdict.REGRESSED,
            "does not make up for it",
            id="who loses counts for more than who gains",
        ),
        pytest.param(
            changed(helped=0.5, writer=1.3), Verdict.IMPROVED, "less time", id="a touching statement of little weight"
        ),
        pytest.param(
            changed(helped=0.5, writer=9.0), Verdict.REGRESSED, "writer became slower", id="unless it adds much time"
        ),
        pytest.param(
            {name: 2 * mean for name, mean in BEFORE.items()},
            Verdict.INEFFECTIVE,
            "ruled out",
            id="all load got slower, the controls too",
        ),
        pytest.param(
            {name: 2 * mean for name, mean in changed(helped=0.4).items()},
            Verdict.IMPROVED,
            "60 % less",
            id="an improvement under heavier load",
        ),
        pytest.param(
            {name: mean / 2 for name, mean in BEFORE.items()},
            Verdict.INEFFECTIVE,
            "ruled out",
            id="all load got faster without the index having a part in it",
        ),
    ],
)
def test_a_verdict_compares_with_what_the_change_cannot_touch(after: Means, expected: Verdict, says: str) -> None:
    judgement = verdict(after)
    assert judgement.verdict is expected, judgement.message
    assert says in judgement.message


def test_there_is_no_verdict_before_the_shortest_duration() -> None:
    for count in (1, 10, 29):
        assert verdict(changed(helped=20.0), count).verdict is Verdict.MEASURING
    assert judge(baseline(), POLICY, APPLIED_AT).verdict is Verdict.MEASURING


def test_missing_calls_are_no_success() -> None:
    gone = {name: mean for name, mean in BEFORE.items() if name != "helped"}
    early = verdict(gone)
    assert early.verdict is Verdict.MEASURING
    assert "in 0 slices" in early.message
    late = judge(measured(gone), POLICY, APPLIED_AT + POLICY.max_duration)
    assert late.verdict is Verdict.INCONCLUSIVE
    assert "no success" in late.message


def test_nine_slices_are_too_few_and_ten_are_enough() -> None:
    def rare(n: int) -> Callable[[int], Means]:
        gone = {name: mean for name, mean in BEFORE.items() if name != "helped"}
        return lambda t: changed(helped=0.3) if t < n else gone

    assert verdict(rare(9)).verdict is Verdict.MEASURING
    assert verdict(rare(10)).verdict is Verdict.IMPROVED


def test_without_controls_nothing_can_be_concluded() -> None:
    before = baseline(controls=())
    judgement = judge(measured(changed(helped=0.2), before=before), POLICY, APPLIED_AT + 30 * MINUTE)
    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert "cannot touch" in judgement.message


def test_slices_without_controls_say_nothing() -> None:
    silent = {name: mean for name, mean in changed(helped=0.2).items() if not name.startswith("control")}
    assert verdict(silent).verdict is Verdict.MEASURING
    assert measured(silent).treated[0].load_after.calls == 3000


def test_a_doubtful_regression_keeps_the_measuring_going() -> None:
    def shaky(t: int) -> Means:
        return changed(helped=0.5, reader=2.0 if t % 3 == 0 else 0.9)

    judgement = verdict(shaky)
    assert judgement.verdict is Verdict.MEASURING
    assert "reader seems to have become slower" in judgement.message


def falling(back_after: int, **factors: float) -> Callable[[int], Means]:
    """The load as a whole takes two thirds of its time, until it comes back."""
    return lambda t: {name: mean * (1.0 if t >= back_after else 0.67) for name, mean in changed(**factors).items()}


@pytest.mark.parametrize(
    ("factors", "says"),
    [
        pytest.param({"helped": 0.5, "reader": 1.4}, "reader seems to have become slower", id="one of them"),
        pytest.param(
            {"helped": 1.09, "reader": 1.09, "writer": 2.5}, "on the table together seem", id="none by itself, but all"
        ),
    ],
)
def test_a_loss_that_a_falling_load_hides_is_waited_for(factors: dict[str, float], says: str) -> None:
    hidden = verdict(falling(10**6, **factors))
    assert hidden.verdict is Verdict.MEASURING, hidden.message
    assert says in hidden.message
    assert "by the clock" in hidden.message


def test_a_loss_that_a_falling_load_hid_is_found_when_the_load_comes_back() -> None:
    after = falling(40, helped=0.5, reader=1.4)
    assert verdict(after, 40).verdict is Verdict.MEASURING
    assert verdict(after, 160).verdict is Verdict.REGRESSED


def test_controls_that_became_faster_alone_take_nothing_back() -> None:
    after = changed(helped=0.4, control_a=0.7, control_b=0.7)
    assert verdict(after).verdict is Verdict.MEASURING
    late = judge(measured(after), POLICY, APPLIED_AT + POLICY.max_duration)
    assert late.verdict is Verdict.IMPROVED, late.message


def test_an_unsure_effect_is_inconclusive_in_the_end() -> None:
    def noisy(t: int) -> Means:
        return changed(helped=0.4 if t % 2 else 2.0)

    measurement = measured(noisy)
    assert judge(measurement, POLICY, APPLIED_AT + 30 * MINUTE).verdict is Verdict.MEASURING
    late = judge(measurement, POLICY, APPLIED_AT + POLICY.max_duration)
    assert late.verdict is Verdict.INCONCLUSIVE
    assert "maxDuration is over" in late.message


def test_effects_carry_the_measured_times() -> None:
    judgement = verdict(changed(helped=0.5))
    effect = next(each for each in judgement.effects if each.fingerprint == "helped")
    assert effect.role is TreatedRole.HELPED
    assert effect.before_ms == pytest.approx(40, rel=0.05)
    assert effect.after_ms == pytest.approx(20, rel=0.05)
    assert effect.percent == pytest.approx(-50, abs=3)
    assert effect.p_value < 0.001
    assert (effect.slices_before, effect.slices_after) == (30, 30)
    assert judgement.percent == pytest.approx(effect.percent)


def test_looking_often_spends_no_more_than_the_policy_allows() -> None:
    shares = [significance_at(POLICY, POLICY.min_duration * 2**k) for k in range(8)]
    assert all(later < earlier for earlier, later in pairwise(shares))
    assert sum(shares) < POLICY.significance


def test_the_baseline_says_what_is_missing() -> None:
    for count, reached in ((0, 0), (9, 9)):
        answer = take_baseline(slices(BEFORE, count), ["helped"], [], ["control-a"], 60.0)
        assert isinstance(answer, str)
        assert f"ran in {reached} slices of 60 s" in answer
        assert "10 are needed" in answer
    never = take_baseline(slices(BEFORE, 30), ["never"], ["reader"], ["control-a"], 60.0)
    assert isinstance(never, str)


def test_a_rare_helped_statement_does_not_hold_up_the_others() -> None:
    pieces = slices(lambda t: {**BEFORE, "rare": 1.0} if t == 3 else BEFORE, 30)
    measurement = take_baseline(pieces, ["rare", "helped"], [], ["control-a"], 60.0)
    assert isinstance(measurement, Measurement)
    assert {each.fingerprint: each.before.n for each in measurement.treated} == {"helped": 30, "rare": 1}


@pytest.mark.parametrize("seen", range(5, 10))
def test_a_statement_that_runs_all_the_time_is_waited_for_until_its_loss_could_be_seen(seen: int) -> None:
    def load(t: int, count: int) -> Means:
        return {name: mean for name, mean in BEFORE.items() if name != "writer" or t >= count - seen}

    def baseline_of(count: int) -> Measurement | str:
        pieces = slices(lambda t: load(t, count), count)
        return take_baseline(pieces, ["helped"], ["reader", "writer"], ["control-a"], 60.0)

    answer = baseline_of(10)
    assert isinstance(answer, str)
    assert f"the statements on the table that run all the time ran in {seen} slices of 60 s" in answer
    later = baseline_of(2 * seen + 1)
    assert isinstance(later, Measurement) or "run all the time" not in later
    assert isinstance(baseline_of(30), Measurement)


def test_slices_that_resemble_their_neighbours_are_waited_for_but_not_for_ever() -> None:
    def settling(t: int) -> Means:
        return {**BEFORE, "helped": 40.0 * exp(1.5 * (1 - t / 30))}

    def baseline_of(means: Means | Callable[[int], Means], count: int) -> Measurement | str:
        return take_baseline(slices(means, count), ["helped"], [], ["control-a"], 60.0)

    answers = [baseline_of(settling, count) for count in range(10, 31)]
    assert all(isinstance(answer, str) and "4 are needed" in answer for answer in answers[:-1])
    assert isinstance(answers[-1], Measurement)
    assert isinstance(baseline_of(BEFORE, 12), Measurement)


def test_controls_run_often_and_are_never_treated() -> None:
    pieces = slices(lambda t: {**BEFORE, "rare": 500.0} if t < 12 else BEFORE, 40)
    measurement = take_baseline(
        pieces, ["helped"], ["reader"], ["reader", "rare", "control-a", "helped", "never"], 60.0
    )
    assert isinstance(measurement, Measurement)
    assert [control.fingerprint for control in measurement.controls] == ["control-a"]
    assert sum(control.weight for control in measurement.controls) == pytest.approx(1)


def test_at_most_fifty_controls_are_kept_and_noisy_ones_weigh_less() -> None:
    many = {f"control-{i}": float(i + 1) for i in range(60)}

    def load(t: int) -> Means:
        return {**BEFORE, **many, "control-59": 60.0 * (3.0 if t % 2 else 0.3)}

    measurement = take_baseline(slices(load, 30), ["helped"], [], list(many), 60.0)
    assert isinstance(measurement, Measurement)
    weights = {control.fingerprint: control.weight for control in measurement.controls}
    assert len(weights) == 50
    assert weights["control-59"] == min(weights.values())
    assert "control-0" not in weights


def test_statements_weigh_by_their_time_before() -> None:
    weights = {each.fingerprint: each.weight for each in baseline().treated}
    assert weights == pytest.approx({"helped": 40 / 51, "reader": 10 / 51, "writer": 1 / 51}, abs=0.01)


def test_the_same_slices_may_be_offered_again() -> None:
    once = measured(changed(helped=0.5))
    again = once
    for piece in slices(changed(helped=0.5), 30, APPLIED_AT):
        again = add_slice(again, piece)
    assert again == once


def test_slices_that_began_before_the_change_are_left_out() -> None:
    measurement = start_measuring(baseline(), APPLIED_AT)
    straddling = slices(BEFORE, 1, APPLIED_AT - timedelta(seconds=30))[0]
    assert add_slice(measurement, straddling) == measurement
    with pytest.raises(ValueError, match="not begun"):
        add_slice(baseline(), straddling)


def test_clocks_that_round_lose_no_slice() -> None:
    measurement = start_measuring(baseline(), APPLIED_AT)
    for t in range(20):
        piece = slices(BEFORE, 1, APPLIED_AT + t * timedelta(seconds=5, microseconds=-1) + timedelta(seconds=1))[0]
        measurement = add_slice(measurement, replace(piece, seconds=5.0))
    assert measurement.treated[0].after.n == 20


def test_a_window_that_begins_again_is_empty_and_says_why() -> None:
    measurement = restart_measuring(
        measured(changed(helped=0.5)), APPLIED_AT + timedelta(hours=1), "statistics were reset."
    )
    assert measurement.restarts == 1
    assert all(each.after.n == 0 and each.load_after.calls == 0 for each in measurement.treated)
    assert all(each.before.n == 30 for each in measurement.treated)
    judgement = judge(measurement, POLICY, APPLIED_AT + timedelta(hours=1, minutes=5))
    assert judgement.verdict is Verdict.MEASURING
    assert "statistics were reset" in judgement.message


@pytest.mark.parametrize(
    ("min_duration", "collect_interval", "expected"),
    [
        pytest.param(1800, 60, 60, id="a thirtieth of half an hour"),
        pytest.param(1800, 5, 60, id="read more often than sliced"),
        pytest.param(60, 5, 5, id="never under five seconds"),
        pytest.param(600, 5, 20, id="a thirtieth of ten minutes"),
        pytest.param(86400, 5, 60, id="never over a minute"),
        pytest.param(60, 300, 300, id="but never under the interval of collecting"),
    ],
)
def test_a_slice_has_a_length_that_fits_the_policy(min_duration: int, collect_interval: int, expected: int) -> None:
    policy = Verification(min_duration=timedelta(seconds=min_duration))
    assert slice_length(policy, timedelta(seconds=collect_interval)) == timedelta(seconds=expected)


def test_a_slower_statement_with_too_little_of_the_time_to_matter_is_named_beside_the_verdict() -> None:
    judgement = verdict(changed(helped=0.1, writer=1.4))
    assert judgement.verdict is Verdict.IMPROVED
    assert "Statement writer was measured to be slower (+40 %, p = " in judgement.message
    assert (
        "it had 2 % of the time of the statements on the table, and less than 5 % does not matter" in judgement.message
    )


def test_a_verdict_names_no_statement_that_is_as_fast_as_before() -> None:
    assert "slower" not in verdict(changed(helped=0.1)).message


def test_an_effect_that_is_not_sure_enough_says_how_small_p_has_to_be() -> None:
    def hardly(t: int) -> Means:
        return changed(helped=0.3 if t % 2 else 2.0)

    judgement = verdict(hardly)
    needed = significance_at(POLICY, 30 * MINUTE)
    assert judgement.verdict is Verdict.MEASURING
    assert f"below {needed:.2g} is needed" in judgement.message
