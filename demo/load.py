"""The marketplace's load, measured by the client that makes it.

    python -m demo.load --dsn DSN --out measurements.jsonl

Each shape has one connection and a pace of its own: when an answer takes longer than the pace, the next calls are left
out and counted, so that a slow database is asked less and never buried. Every few seconds one JSON line is written (see
`demo.measurements`). SIGTERM or SIGINT ends it after the last line. The password may come from PGPASSWORD.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TextIO

import psycopg

from demo.measurements import quantile
from demo.shapes import SHAPES, Shape

APPLICATION = "marketplace"
RECONNECT_SECONDS = 0.5


@dataclass
class Tally:
    """What happened to one shape since the last line."""

    milliseconds: list[float] = field(default_factory=list)
    skipped: int = 0
    errors: int = 0


async def ask(shape: Shape, dsn: str, tally: dict[str, Tally], draw: Random) -> None:
    """Ask one shape at its pace, for ever; a lost connection is opened again."""
    pace = 1 / shape.per_second
    await asyncio.sleep(draw.random() * pace)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, application_name=APPLICATION, connect_timeout=10
            ) as connection:
                await _ask_while_connected(shape, connection, tally, draw, pace)
        except psycopg.Error as error:
            if tally[shape.name].errors == 0:
                print(f"{shape.name}: {type(error).__name__} {error.sqlstate or ''}", file=sys.stderr, flush=True)
            tally[shape.name].errors += 1
            await asyncio.sleep(RECONNECT_SECONDS)


async def _ask_while_connected(
    shape: Shape, connection: psycopg.AsyncConnection, tally: dict[str, Tally], draw: Random, pace: float
) -> None:
    due = time.monotonic()
    while True:
        values = shape.values(draw)
        began = time.perf_counter()
        async with connection.cursor() as cursor:
            await cursor.execute(shape.sql, values)
            if cursor.description is not None:
                await cursor.fetchall()
        tally[shape.name].milliseconds.append((time.perf_counter() - began) * 1000)
        due += pace * draw.uniform(0.7, 1.3)
        late = time.monotonic() - due
        if late > pace:
            tally[shape.name].skipped += int(late / pace)
            due = time.monotonic()
        await asyncio.sleep(max(0.0, due - time.monotonic()))


def take_line(tally: dict[str, Tally], began: datetime, ended: datetime) -> str:
    """One JSON line of what was measured since the last one, which starts a new tally."""
    shapes = {}
    for name in tally:
        last, tally[name] = tally[name], Tally()
        times = sorted(last.milliseconds)
        shapes[name] = {
            "calls": len(times),
            "skipped": last.skipped,
            "errors": last.errors,
            "mean": round(sum(times) / len(times), 3) if times else None,
            "p50": round(quantile(times, 0.5), 3) if times else None,
            "p95": round(quantile(times, 0.95), 3) if times else None,
            "milliseconds": [round(each, 3) for each in times],
        }
    return json.dumps({"began": began.isoformat(), "ended": ended.isoformat(), "shapes": shapes})


async def run(dsn: str, out: TextIO, *, window: float, seed: int) -> None:
    """Make the load until a signal comes, and write a line each `window` seconds."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    tally = {shape.name: Tally() for shape in SHAPES}
    began = datetime.now(UTC)
    tasks = [
        asyncio.create_task(ask(shape, dsn, tally, Random(f"{seed}/{shape.name}")), name=shape.name) for shape in SHAPES
    ]
    waiting = asyncio.create_task(ended.wait())
    try:
        while not ended.is_set():
            done, _ = await asyncio.wait([waiting, *tasks], timeout=window, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {waiting}:
                task.result()  # a shape ends by an error of our own only: let it be seen
            now = datetime.now(UTC)
            print(take_line(tally, began, now), file=out, flush=True)
            began = now
    finally:
        for task in [waiting, *tasks]:
            task.cancel()
        await asyncio.gather(waiting, *tasks, return_exceptions=True)


def main() -> None:
    """Read the arguments and make the load."""
    parser = argparse.ArgumentParser(prog="python -m demo.load", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dsn", default=os.environ.get("DEMO_LOAD_DSN"), help="where; default: DEMO_LOAD_DSN")
    parser.add_argument("--out", type=Path, required=True, help="file to append a JSON line a window to")
    parser.add_argument("--window", type=float, default=2.5, help="seconds that one line covers")
    parser.add_argument("--seed", type=int, default=1, help="of the values asked for")
    arguments = parser.parse_args()
    if not arguments.dsn:
        parser.error("say where: --dsn or DEMO_LOAD_DSN")
    with arguments.out.open("a") as out:
        asyncio.run(run(arguments.dsn, out, window=arguments.window, seed=arguments.seed))


if __name__ == "__main__":
    main()
