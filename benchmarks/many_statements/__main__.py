"""Measure the advice on workloads of very many statements: ``python -m benchmarks.many_statements --help``; README.md says what is meant.

Each workload is measured in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

from benchmarks.advisor.databases import database_of
from benchmarks.advisor.methods import MEGABYTE
from benchmarks.advisor.problems import IndexSet
from benchmarks.advisor.schemas import KEYS, Key
from benchmarks.advisor.server import ensure_server
from benchmarks.advisor.what_if import WhatIf
from benchmarks.advisor.workloads import made_up
from benchmarks.many_statements.measuring import Task, measure
from pgtend.core.compression import MOST_PLANNED
from pgtend.domain.index import Index


def main() -> int:
    """Print a line for each size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_statements")
    parser.add_argument("--database", choices=list(KEYS), default="marketplace")
    parser.add_argument("--statements", default="100,300,1000,3000,10000", help="sizes of workloads")
    parser.add_argument("--joins", type=int, default=4, help="joins of a statement at most")
    parser.add_argument("--one-of", type=int, default=0, metavar="N", help="instead: one statement of N joins")
    parser.add_argument("--zipf", type=float, default=1.0, help="load of the nth statement: one over n to this power")
    parser.add_argument("--budget", type=int, default=500, help="MB (10^6 bytes)")
    parser.add_argument("--max-seconds", type=float, help="as of pgtend advise; without it the search ends by itself")
    parser.add_argument("--planned", type=int, default=MOST_PLANNED, help="statements that are planned one by one")
    parser.add_argument("--judge", action="store_true", help="plan all statements with the advised set afterwards")
    arguments = parser.parse_args()
    server = ensure_server()
    dsn = server.dsn(database_of(arguments.database))
    sizes = [1] if arguments.one_of else [int(each) for each in arguments.statements.split(",")]
    if arguments.one_of:
        texts = {"joins": many_joins(KEYS[arguments.database], arguments.one_of)}
    else:
        with server.connect(database_of(arguments.database)) as connection:
            texts = made_up(connection, KEYS[arguments.database], count=max(sizes), joins=arguments.joins, seed=1)
    with server.connect(database_of(arguments.database)) as connection:
        what_if = WhatIf(connection)
        costs = costs_of(what_if, texts)
        for size in sizes:
            weights = zipf_weights(costs, list(texts)[:size], arguments.zipf)
            line, chosen = advice_on(texts, weights, dsn, arguments)
            print(f"{size:6} statements: {line}; load {os.getloadavg()[0]:.1f}", flush=True)
            if arguments.judge:
                after = costs_of(what_if, {id_: texts[id_] for id_ in weights}, frozenset(chosen))
                ratio = total(weights, after) / total(weights, costs)
                print(f"       cost of all {size} statements with the advised indexes over that without: {ratio:.4f}")
    return 0


def advice_on(
    texts: Mapping[str, str], weights: Mapping[str, float], dsn: str, arguments: argparse.Namespace
) -> tuple[str, list[Index]]:
    """What one advice took, and the indexes that it advises."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([{"id": id_, "sql": texts[id_], "weight": weight} for id_, weight in weights.items()], file)
        file.flush()
        task = Task(
            dsn=dsn,
            path=Path(file.name),
            budget=arguments.budget * MEGABYTE,
            seconds=arguments.max_seconds,
            planned=arguments.planned,
        )
        # Not forked, so that nothing of this process counts as its memory.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.apply(measure, (task,))


def many_joins(keys: tuple[Key, ...], joins: int) -> str:
    """A statement that looks its table's parents up, over and over, so many times: its rows do not multiply."""
    own = [key for key in keys if key.child == keys[0].child]
    tables, conditions = [keys[0].child], [f"t0.{keys[0].child_columns[0]} = 1"]
    for number in range(1, joins + 1):
        key = own[number % len(own)]
        tables.append(key.parent)
        conditions += [
            f"t0.{child} = t{number}.{parent}"
            for child, parent in zip(key.child_columns, key.parent_columns, strict=True)
        ]
    source = ", ".join(f"{table} t{number}" for number, table in enumerate(tables))
    return f"select count(*) from {source} where {' and '.join(conditions)}"


def costs_of(what_if: WhatIf, texts: Mapping[str, str], shown: IndexSet = frozenset()) -> dict[str, float]:
    """The planner's cost of each statement while these indexes are shown."""
    return {id_: what_if.plan(text, shown)[0] for id_, text in texts.items()}


def total(weights: Mapping[str, float], costs: Mapping[str, float]) -> float:
    """The cost of the workload."""
    return sum(weight * costs[id_] for id_, weight in weights.items())


def zipf_weights(costs: Mapping[str, float], ids: list[str], power: float) -> dict[str, float]:
    """Weights by which weight times cost falls with a rank that is drawn."""
    ranks = list(range(1, len(ids) + 1))
    Random(5).shuffle(ranks)
    return {id_: 1e6 / rank**power / max(costs[id_], 1.0) for id_, rank in zip(ids, ranks, strict=True)}


if __name__ == "__main__":
    sys.exit(main())
