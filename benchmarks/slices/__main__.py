"""Print a row of the table in benchmarks/scale/README.md: ``python -m benchmarks.slices LOOPS QUERIES``."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from pgtend.domain.workload import Load, Slice
from pgtend.pipeline.kept_slices import KEPT_SLICES, KeptSlices, SliceRoom

Made = TypeVar("Made")
BEGIN = datetime(2026, 11, 24, tzinfo=UTC)


def make_slice(draw: Random, minute: int, names: list[str]) -> Slice:
    """What a busy database does in a minute; numbers are large, as they are there."""
    return Slice(
        start=BEGIN + timedelta(minutes=minute),
        seconds=60.0,
        loads={
            name: Load(
                calls=draw.randint(300, 5_000),
                total_ms=1e4 * draw.random(),
                rows=draw.randint(300, 10**6),
                blocks_hit=draw.randint(300, 10**7),
                blocks_read=draw.randint(300, 10**5),
            )
            for name in names
        },
    )


def memory_of(make: Callable[[], list[Made]]) -> tuple[float, list[Made]]:
    """MB (10^6 bytes) that a thing takes, and the thing."""
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    made = make()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    return (after - before) / 1e6, made


def fill(loops: int, slices: list[Slice]) -> list[KeptSlices]:
    """So many loops that have seen these slices; each packs its own."""
    room = SliceRoom()
    kept = [KeptSlices(room) for _ in range(loops)]
    for _ in kept:
        room.enter()
    for each in kept:
        each.extend(slices)
    return kept


def main(loops: int, queries: int) -> None:
    """Measure both ways of keeping; as objects only one loop is made, and the others are counted like it."""
    names = [f"{number:016x}" for number in range(queries)]
    draw = Random(1)
    tracemalloc.start()
    objects, slices = memory_of(lambda: [make_slice(draw, minute, names) for minute in range(KEPT_SLICES)])
    packed, kept = memory_of(lambda: fill(loops, slices))
    print(f"| {loops} | {queries} | {len(kept[0])} | {packed:,.1f} MB | {objects * loops:,.0f} MB |")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
