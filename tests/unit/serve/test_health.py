"""What alive and ready mean."""

from __future__ import annotations

import pytest

from pgtend.serve.health import LoopHealth, Progress, liveness, readiness


@pytest.mark.parametrize(
    ("interval", "seconds", "alive"),
    [
        pytest.param(60, -5, True, id="not started yet"),
        pytest.param(5, 299, True, id="a short interval, not yet five minutes"),
        pytest.param(5, 301, False, id="a short interval, over five minutes"),
        pytest.param(60, 599, True, id="a minute, not yet ten intervals"),
        pytest.param(60, 601, False, id="a minute, over ten intervals"),
        pytest.param(3600, 3601, True, id="asleep for an hour"),
    ],
)
def test_a_loop_is_stuck_after_ten_intervals_and_five_minutes(interval: float, seconds: float, alive: bool) -> None:
    well = LoopHealth(interval=60, seconds_since_pass=1)
    problem = liveness([well, LoopHealth(interval=interval, seconds_since_pass=seconds)])
    assert problem == ("" if alive else "1 tending loops have come to no end of a pass for too long")


def test_without_loops_it_is_alive() -> None:
    assert liveness([]) == ""


@pytest.mark.parametrize(
    ("progress", "problem"),
    [
        pytest.param(Progress(), "not installed: apply crds/", id="at the start"),
        pytest.param(Progress(kinds_installed=True), "not been listed", id="before the first list"),
        pytest.param(Progress(kinds_installed=True, listed=True), "", id="listed"),
        pytest.param(Progress(kinds_installed=True, listed=True, problem="no right"), "no right", id="a list failed"),
        pytest.param(Progress(standby=True), "", id="standing by"),
    ],
)
def test_ready_is_who_does_its_part(progress: Progress, problem: str) -> None:
    assert problem in readiness(progress)
    assert bool(readiness(progress)) == bool(problem)
