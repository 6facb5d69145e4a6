"""What a process takes, from /proc, and what it asks for, from the API server's audit log."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from demo.actors import OPERATOR_ACCOUNT, OPERATOR_NAMESPACE

USER = f"system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_ACCOUNT}"
EVERY_SECONDS = 5.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One look at a process; times in seconds, memory in MB (10^6 bytes)."""

    at: float
    rss_mb: float
    cpu_seconds: float


@dataclass(frozen=True, kw_only=True)
class Period:
    """What a process took in a while."""

    samples: tuple[Sample, ...]
    passes: int
    """Passes that ended."""
    unready_passes: int
    """Those of them that did not end well."""
    pass_seconds: float
    """Mean length of a pass, waiting for a place among a server's connections included."""
    requests_a_minute: dict[str, float]
    """By verb and path, names left out."""

    @property
    def minutes(self) -> float:
        """Its length."""
        return (self.samples[-1].at - self.samples[0].at) / 60

    @property
    def cpu_percent(self) -> float:
        """CPU time as a percentage of one core."""
        return 100 * (self.samples[-1].cpu_seconds - self.samples[0].cpu_seconds) / (60 * self.minutes)

    @property
    def rss_mb(self) -> tuple[float, float, float]:
        """Memory at the beginning, at most, and at the end."""
        sizes = [sample.rss_mb for sample in self.samples]
        return sizes[0], max(sizes), sizes[-1]


def watch(pid: int, seconds: float, read_metrics: Callable[[], str], audit_log: Path) -> Period:
    """Look at a process for so long."""
    before, began = read_metrics(), time.time()
    samples = [look_at(pid)]
    while samples[-1].at - samples[0].at < seconds:
        time.sleep(EVERY_SECONDS)
        samples.append(look_at(pid))
    after, ended = read_metrics(), time.time()
    passes = _sum(after, "pgtend_passes_total") - _sum(before, "pgtend_passes_total")
    ready = _sum(after, 'pgtend_passes_total{outcome="ready"}') - _sum(before, 'pgtend_passes_total{outcome="ready"}')
    spent = _sum(after, "pgtend_pass_duration_seconds_sum") - _sum(before, "pgtend_pass_duration_seconds_sum")
    requests = Counter(requests_between(audit_log, began, ended))
    return Period(
        samples=tuple(samples),
        passes=round(passes),
        unready_passes=round(passes - ready),
        pass_seconds=spent / passes if passes else 0.0,
        requests_a_minute={what: count * 60 / (ended - began) for what, count in requests.most_common()},
    )


def look_at(pid: int) -> Sample:
    """Memory and CPU time of a process now."""
    status = Path(f"/proc/{pid}/status").read_text()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    resident = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert resident is not None, "a running process has resident memory"
    return Sample(
        at=time.monotonic(),
        rss_mb=int(resident[1]) * 1024 / 1e6,
        cpu_seconds=(int(fields[11]) + int(fields[12])) / TICKS_A_SECOND,
    )


def requests_between(audit_log: Path, began: float, ended: float) -> Iterator[str]:
    """The operator's requests that were answered in a while, as verb and path without names.

    A watch is answered when it begins and when it ends; it counts once, at its beginning.
    """
    with audit_log.open() as lines:
        for line in lines:
            if USER not in line or not line.endswith("\n"):
                continue
            entry = json.loads(line)
            stage = "ResponseStarted" if entry["verb"] == "watch" else "ResponseComplete"
            received = datetime.fromisoformat(entry["stageTimestamp"]).timestamp()
            if entry["stage"] == stage and began <= received < ended:
                yield describe(entry["verb"], entry["requestURI"], entry.get("objectRef", {}))


def describe(verb: str, uri: str, what: dict[str, str]) -> str:
    """A request without the names of objects and namespaces, and without its query."""
    path = uri.partition("?")[0].split("/")
    named = [what.get("namespace"), what.get("name")]
    kinds = ["{namespace}", "{name}"]
    for place, part in enumerate(path):
        for name, kind in zip(named, kinds, strict=True):
            if part == name and path[place - 1] in ("namespaces", what.get("resource", "")):
                path[place] = kind
    return f"{verb} {'/'.join(path)}"


def _sum(metrics: str, name: str) -> float:
    lines: Sequence[str] = [line for line in metrics.splitlines() if line.startswith(name)]
    return sum(float(line.rpartition(" ")[2]) for line in lines)
