"""Measure the advice on workloads of very many statements: ``python -m benchmarks.many_statements --help``; README.md says what is meant.

Each workload is measured in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.advisor.databases import database_of
from benchmarks.advisor.problems import open_model, read_problem
from benchmarks.advisor.schemas import KEYS, Key
from benchmarks.advisor.server import BenchServer, ensure_server
from benchmarks.advisor.workloads import made_up
from pgtend.commands import advise as command
from pgtend.commands.answer import Answer
from pgtend.core import candidate_set
from pgtend.core.integer_program import IntegerProgram
from pgtend.domain.advice import Constraints, CostRequest, PlanCost, SizeModel
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action
from pgtend.pipeline import advising
from pgtend.postgres.secret import target_from_dsn

TICK_SECONDS = 0.01
_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Task:
    """One workload file and how it is to be advised on."""

    dsn: str
    path: Path
    budget: int
    seconds: float | None


class Parts:
    """CPU seconds of functions, by the name of the part that they are."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def count(self, owner: Any, name: str, part: str) -> None:
        """Count all calls of a function from now on, each in the thread that makes it."""
        function: Callable[..., Any] = getattr(owner, name)

        def counted(*values: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*values, **named)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + time.thread_time() - began

        setattr(owner, name, counted)


def main() -> int:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_statements")
    parser.add_argument("--database", choices=list(KEYS), default="marketplace")
    parser.add_argument("--statements", default="100,300,1000,3000,10000", help="sizes of workloads")
    parser.add_argument("--joins", type=int, default=4, help="joins of a statement at most")
    parser.add_argument("--chain", type=int, default=0, metavar="N", help="instead: one statement of N joins")
    parser.add_argument("--zipf", type=float, default=1.0, help="load of the nth statement: one over n to this power")
    parser.add_argument("--budget", type=int, default=500, help="MB (10^6 bytes)")
    parser.add_argument("--max-seconds", type=float, help="as of pgtend advise; without it the search ends by itself")
    parser.add_argument("--judge", action="store_true", help="plan all statements with the advised set afterwards")
    arguments = parser.parse_args()
    server = ensure_server()
    dsn = server.dsn(database_of(arguments.database))
    sizes = [1] if arguments.chain else [int(each) for each in arguments.statements.split(",")]
    if arguments.chain:
        texts = {"chain": chain(KEYS[arguments.database], arguments.chain)}
    else:
        with server.connect(database_of(arguments.database)) as connection:
            texts = made_up(connection, KEYS[arguments.database], count=max(sizes), joins=arguments.joins, seed=1)
    costs = costs_of(server, arguments.database, texts)
    for size in sizes:
        weights = zipf_weights(costs, list(texts)[:size], arguments.zipf)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump([{"id": id_, "sql": texts[id_], "weight": weight} for id_, weight in weights.items()], file)
            file.flush()
            task = Task(dsn=dsn, path=Path(file.name), budget=arguments.budget * 10**6, seconds=arguments.max_seconds)
            # Not forked, so that nothing of this process counts as its memory.
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                line, chosen = pool.apply(measure, (task,))
        print(f"{size:6} statements: {line}; load {os.getloadavg()[0]:.1f}", flush=True)
        if arguments.judge:
            of_size = {id_: texts[id_] for id_ in weights}
            ratio = asyncio.run(judge(dsn, of_size, weights, chosen))
            print(f"       cost of all {size} statements with the advised indexes over that without: {ratio:.4f}")
    return 0


def chain(keys: tuple[Key, ...], joins: int) -> str:
    """A statement that follows foreign keys up and down, so many times."""
    tables, conditions = [keys[0].child], []
    for number in range(joins):
        last = tables[-1]
        ways = [(key, key.child == last) for key in keys if last in (key.child, key.parent)]
        key, upwards = ways[number % len(ways)]
        tables.append(key.parent if upwards else key.child)
        mine, other = (key.child_columns, key.parent_columns) if upwards else (key.parent_columns, key.child_columns)
        conditions += [f"t{number}.{one} = t{number + 1}.{two}" for one, two in zip(mine, other, strict=True)]
    source = ", ".join(f"{table} t{number}" for number, table in enumerate(tables))
    first = keys[0].child_columns[0]
    return f"select count(*) from {source} where {' and '.join(conditions)} and t0.{first} = 1"


def costs_of(server: BenchServer, database: str, texts: Mapping[str, str]) -> dict[str, float]:
    """The planner's cost of each statement as things are."""
    costs = {}
    with server.connect(database_of(database)) as connection:
        for id_, text in texts.items():
            row = connection.execute(b"explain (format json) " + text.encode()).fetchone()
            costs[id_] = float(row[0][0]["Plan"]["Total Cost"]) if row else 1.0
    return costs


def zipf_weights(costs: Mapping[str, float], ids: list[str], power: float) -> dict[str, float]:
    """Weights by which weight times cost falls with a rank that is drawn."""
    ranks = list(range(1, len(ids) + 1))
    Random(5).shuffle(ranks)
    return {id_: 1e6 / rank**power / max(costs[id_], 1.0) for id_, rank in zip(ids, ranks, strict=True)}


def measure(task: Task) -> tuple[str, list[Index]]:
    """What one advice took in words, and the indexes that it advises."""
    parts = Parts()
    parts.count(command, "given_workload", "reading")
    parts.count(candidate_set, "candidates", "candidates")
    parts.count(IntegerProgram, "solve", "integer programs")
    parts.count(advising, "compress", "compression")
    parts.count(advising, "_next_question", "search in all")
    began = time.perf_counter()
    answer, pause = asyncio.run(advise(task))
    wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    advice = answer.advice
    inner = ", ".join(f"{part} {seconds:.1f}" for part, seconds in sorted(parts.seconds.items()))
    gap = "unknown" if advice.gap is None else f"{100 * advice.gap:.1f} %"
    line = (
        f"{wall:.0f} s, CPU {used.ru_utime:.1f} s ({inner}), {answer.spent.explains} EXPLAINs in "
        f"{answer.spent.seconds:.1f} s, {used.ru_maxrss / 1024:.0f} MiB, event loop held up for {1000 * pause:.0f} ms at most, "
        f"{len(advice.changes)} changes, cost after/before {advice.cost_after / advice.cost_before:.4f}, gap {gap}, "
        f"{'complete' if advice.complete else 'ended by time'}"
    )
    if advice.coverage is not None:
        each = advice.coverage
        line += (
            f", {each.planned} planned, {each.similar} ({100 * each.similar_share:.1f} % of the load) with similar ones, "
            f"{each.unlike} ({100 * each.unlike_share:.1f} %) like none"
        )
    return line, [change.index for change in advice.changes if change.action is Action.CREATE]


async def advise(task: Task) -> tuple[Answer, float]:
    """The answer, and the longest time for which the event loop did not turn."""
    constraints = Constraints(storage_budget=task.budget, seconds=task.seconds)
    options = command.AdviseOptions(constraints=constraints, workload=task.path)
    pauses = [0.0]

    async def tick() -> None:
        while True:
            slept = time.perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            pauses.append(time.perf_counter() - slept - TICK_SECONDS)

    ticking = asyncio.create_task(tick())
    try:
        return await command.find_advice(target_from_dsn(task.dsn), options, lambda _: None), max(pauses)
    finally:
        ticking.cancel()


async def judge(dsn: str, texts: Mapping[str, str], weights: Mapping[str, float], chosen: list[Index]) -> float:
    """The cost of all statements with a set over that without, each planned really."""
    problem = await read_problem("many", dsn, texts, "", SizeModel.PGTEND)
    queries = problem.queries
    totals = []
    async with open_model(problem) as model:
        for shown in ((), tuple(chosen)):
            total = 0.0
            ids = list(queries)
            for start in range(0, len(ids), _AT_ONCE):
                some = ids[start : start + _AT_ONCE]
                answers = await model.costs([CostRequest(query=queries[id_], shown=shown) for id_ in some])
                total += sum(
                    weights[id_] * answer.cost
                    for id_, answer in zip(some, answers, strict=True)
                    if isinstance(answer, PlanCost)
                )
            totals.append(total)
    return totals[1] / totals[0]


if __name__ == "__main__":
    sys.exit(main())
