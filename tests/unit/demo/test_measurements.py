from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.database import shown_dsn
from demo.load import Tally, take_line
from demo.measurements import Measured, drift_of_others, measured_between, quantile
from demo.shapes import SHAPES

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ordered", "share", "expected"),
    [([7.0], 0.5, 7.0), ([1.0, 2.0], 0.5, 1.0), ([1.0, 2.0, 3.0], 0.5, 2.0), (list(range(1, 101)), 0.95, 95)],
)
def test_takes_the_nearest_rank(ordered: list[float], share: float, expected: float) -> None:
    assert quantile(ordered, share) == expected


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.floats(min_value=0.01, max_value=1))
def test_a_quantile_has_its_share_at_or_below_it(values: list[float], share: float) -> None:
    found = quantile(sorted(values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_reads_back_what_the_load_wrote_between_two_moments(tmp_path: Path) -> None:
    tally = {"pay": Tally(), "book": Tally()}
    lines = []
    for minute, milliseconds in enumerate(([100.0], [1.0, 3.0], [2.0], [50.0])):
        tally["pay"] = Tally(milliseconds=list(milliseconds), errors=1)
        lines.append(take_line(tally, NOON + timedelta(minutes=minute), NOON + timedelta(minutes=minute + 1)))
    path = tmp_path / "measurements.jsonl"
    path.write_text("\n".join(lines) + '\n{"began": "half a li')
    read = measured_between(path, NOON + timedelta(minutes=1), NOON + timedelta(minutes=3))
    assert list(read) == ["pay"]
    assert (read["pay"].calls, read["pay"].mean, read["pay"].p50, read["pay"].errors) == (3, 2.0, 2.0, 2)


def test_a_line_starts_a_new_tally() -> None:
    tally = {"pay": Tally(milliseconds=[1.0], skipped=2)}
    first = json.loads(take_line(tally, NOON, NOON))["shapes"]["pay"]
    second = json.loads(take_line(tally, NOON, NOON))["shapes"]["pay"]
    assert (first["calls"], first["skipped"], first["p95"]) == (1, 2, 1.0)
    assert (second["calls"], second["skipped"], second["p95"]) == (0, 0, None)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_shape_draws_all_the_values_that_it_asks_with(shape: object) -> None:
    assert isinstance(shape, type(SHAPES[0]))
    for seed in range(20):
        values = shape.values(Random(seed))
        assert shape.sql % dict.fromkeys(values, "?")
        assert all(f"%({name})s" in shape.sql for name in values)


def took(p50: float) -> Measured:
    return Measured(calls=10, errors=0, mean=p50, p50=p50, p95=p50)


def test_what_hit_all_statements_alike_is_told_by_those_that_the_index_does_not_touch() -> None:
    before = {"helped": took(100), "one": took(1), "two": took(2), "three": took(4), "gone": took(1)}
    after = {"helped": took(1), "one": took(1.8), "two": took(3.6), "three": took(4)}
    assert drift_of_others(before, after, ["helped"]) == pytest.approx(80)
    assert drift_of_others(before, after, ["helped", "one", "two", "three"]) is None


@pytest.mark.parametrize(
    "given", ["postgresql://root:secret@db.example/other", "host=db.example user=root password=secret"]
)
def test_the_password_of_somebody_elses_server_is_not_shown(given: str) -> None:
    shown = shown_dsn(given, given)
    assert "secret" not in shown
    assert "db.example" in shown
    assert shown_dsn(given, None) == given
