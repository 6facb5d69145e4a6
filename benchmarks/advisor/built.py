"""Budgets in real bytes: what each method chooses by pgtend's size model, what it takes once built, and what pgtend has for that.

``python -m benchmarks.advisor.built`` prints a line for each method and budget, and then compares at equal built size: pgtend is
given the bytes that each other set takes once it is built. It runs twice, with plain B-trees as the others and with all kinds.
Each index is built once, in a copy of the database, its size kept and itself dropped; the database that the methods ask is not
touched.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks.advisor import tpch
from benchmarks.advisor.copies import ensure_copy
from benchmarks.advisor.databases import database_of, ensure_database
from benchmarks.advisor.executed import DATABASE, build, drop_all
from benchmarks.advisor.folder import bench_folder
from benchmarks.advisor.measuring import Referee, Result, Spending
from benchmarks.advisor.methods import BASELINES, MEGABYTE, run_baseline, run_pgtend
from benchmarks.advisor.optimum import kept_at, load
from benchmarks.advisor.plotting import plot
from benchmarks.advisor.problems import IndexSet, Problem, read_problem
from benchmarks.advisor.server import BenchServer, ensure_server
from pgtend.domain.advice import SizeModel
from pgtend.domain.index import Index
from pgtend.postgres.ddl import create_index

PGTEND = {"pgtend, B-trees": True, "pgtend, all kinds": False}
"""How pgtend runs: whether with plain B-trees alone."""

Builder = Callable[[IndexSet], int]
"""Bytes of a set once built."""


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor.built")
    parser.add_argument("--budgets", default="250,500,1000,2000", help="MB (10^6 bytes), by pgtend's size model")
    parser.add_argument("--width", type=int, default=2, help="columns of an index at most")
    parser.add_argument("--price-risk", action="store_true", help="let pgtend choose by its own price of plans")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="write cost by built size there, as SVG and PNG")
    asyncio.run(compare(parser.parse_args()))
    return 0


async def compare(arguments: argparse.Namespace) -> None:
    """Each method at each budget, then pgtend with the bytes of each other set."""
    server = ensure_server()
    with server.superuser_of_a_run() as user:
        digest = ensure_database(server, "tpch")
        ensure_copy(server, "tpch", DATABASE)
        dsn = server.dsn(database_of("tpch"), user)
        problem = await read_problem("tpch", dsn, tpch.usual_queries(), digest, SizeModel.PGTEND)
        await compare_on(problem, server, arguments)


async def compare_on(problem: Problem, server: BenchServer, arguments: argparse.Namespace) -> None:
    """The same on this problem."""
    budgets = [int(float(each) * MEGABYTE) for each in arguments.budgets.split(",")]
    print(f"{problem.name}, statistics {problem.statistics}, load {os.getloadavg()[0]:.1f}")
    referee = Referee(problem=problem)
    with server.connect(database_of("tpch")) as counter, server.connect(DATABASE) as copy:

        async def ours(name: str, budgets: list[int]) -> list[Result]:
            price_risk, plain_only = arguments.price_risk, PGTEND[name]
            results = await run_pgtend(
                problem, budgets, arguments.width, counter, price_risk=price_risk, plain_only=plain_only
            )
            return [replace(each, method=name) for each in results]

        def bytes_built(chosen: IndexSet) -> int:
            new = referee.new_of(chosen)
            sizes = built_sizes(copy, new)
            return sum(sizes[spell_ddl(index)] for index in new)

        first = [answer for name in PGTEND for answer in await ours(name, budgets)]
        others: list[Result] = []
        for name in BASELINES:
            others += await run_baseline(name, problem, budgets, arguments.width, counter)
        optima = load(kept_at(problem, arguments.width))
        others += [
            Result(method="optimum", budget=budget, chosen=optima[budget].chosen, spent=Spending())
            for budget in budgets
            if budget in optima
        ]
        await report([*first, *others], referee, bytes_built)
        print("\nat the size that another set has once built:")
        room = sorted({bytes_built(each.chosen) for each in others})
        answers = [dict(zip(room, await ours(name, room), strict=True)) for name in PGTEND]
        for other in others:
            same = [answer[bytes_built(other.chosen)] for answer in answers]
            await report_beside(other, same, referee, bytes_built)
        if arguments.plot:
            curves: dict[str, list[tuple[float, float]]] = {}
            for each in [*first, *others]:
                ratio, _ = await referee.judge(each.chosen)
                curves.setdefault(each.method, []).append((bytes_built(each.chosen) / MEGABYTE, ratio))
            arguments.plot.mkdir(parents=True, exist_ok=True)
            plot(
                curves,
                "TPC-H, budgets in real bytes",
                arguments.plot / "advisor-tpch-built",
                across="size once built, MB",
            )


async def report(results: list[Result], referee: Referee, bytes_built: Builder) -> None:
    """One line for each answer, then by how much a budget was exceeded at most."""
    most = 0.0
    for result in results:
        ratio, estimated = await referee.judge(result.chosen)
        built = bytes_built(result.chosen)
        most = max(most, built / result.budget)
        print(
            f"{result.method:17} {result.budget / MEGABYTE:6.0f} MB  ratio {ratio:.4f}  estimated {estimated / MEGABYTE:6.1f} MB  "
            f"built {built / MEGABYTE:6.1f} MB ({100 * (built / max(estimated, 1) - 1):+.1f} %)  {result.spent.explains:6} EXPLAINs",
            flush=True,
        )
    print(f"no set took more than {100 * most:.1f} % of its budget once built")


async def report_beside(other: Result, ours: Iterable[Result], referee: Referee, bytes_built: Builder) -> None:
    """One line: what pgtend has for the bytes of another method's set."""
    theirs, _ = await referee.judge(other.chosen)
    line = f"{other.method:10} {other.budget / MEGABYTE:6.0f} MB  built {bytes_built(other.chosen) / MEGABYTE:6.1f} MB {theirs:.4f}"
    for each in ours:
        ratio, _ = await referee.judge(each.chosen)
        built = bytes_built(each.chosen) / MEGABYTE
        line += f"  {each.method} {built:6.1f} MB {ratio:.4f} ({100 * (ratio / theirs - 1):+.1f} %)"
    print(line, flush=True)


def built_sizes(connection: psycopg.Connection, indexes: IndexSet) -> dict[str, int]:
    """Bytes of each index once built, by its DDL; what was built before is remembered."""
    path = bench_folder() / "built-sizes.json"
    sizes: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    for index in sorted(indexes, key=repr):
        if spell_ddl(index) not in sizes:
            drop_all(connection)
            sizes[spell_ddl(index)] = build(connection, frozenset({index}))[index]
            path.write_text(json.dumps(sizes, indent=1))
    drop_all(connection)
    return sizes


def spell_ddl(index: Index) -> str:
    """The statement that makes an index, whatever it will be called."""
    return create_index(index, None, concurrently=False).as_string(None)


if __name__ == "__main__":
    sys.exit(main())
