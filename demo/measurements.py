"""What the load client wrote, read back: response times per shape over any stretch of time.

A line is `{"began", "ended", "shapes": {name: {"calls", "skipped", "errors", "mean", "p50", "p95", "milliseconds"}}}`
with times in milliseconds; every single one is there, because percentiles of windows cannot be put together.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One shape over a stretch of time; response times in milliseconds as the client saw them."""

    calls: int
    errors: int
    mean: float
    p50: float
    p95: float


def quantile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank quantile of an ordered, non-empty sequence; `share` is in 0…1."""
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def drift_of_others(
    before: Mapping[str, Measured], after: Mapping[str, Measured], touched: Collection[str]
) -> float | None:
    """The median change in percent of p50 over the shapes that are not touched; None where there are none on both sides."""
    changes = sorted(
        100 * (after[name].p50 / old.p50 - 1)
        for name, old in before.items()
        if name in after and name not in touched and old.p50 > 0
    )
    return median(changes) if changes else None


def measured_between(path: Path, began: datetime, ended: datetime) -> dict[str, Measured]:
    """What was measured in the windows that lie wholly between two moments; shapes without a call are left out."""
    times: dict[str, list[float]] = {}
    errors: dict[str, int] = {}
    for line in path.read_text().splitlines(keepends=True):
        if not line.endswith("\n"):
            continue  # it is being written just now
        window = json.loads(line)
        if datetime.fromisoformat(window["began"]) < began or datetime.fromisoformat(window["ended"]) > ended:
            continue
        for name, shape in window["shapes"].items():
            times.setdefault(name, []).extend(shape["milliseconds"])
            errors[name] = errors.get(name, 0) + shape["errors"]
    return {
        name: Measured(
            calls=len(each),
            errors=errors[name],
            mean=sum(each) / len(each),
            p50=quantile(sorted(each), 0.5),
            p95=quantile(sorted(each), 0.95),
        )
        for name, each in times.items()
        if each
    }
