"""Compare the advisor with an optimum and baselines: ``python -m benchmarks.advisor --help``; README.md says what is meant."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psycopg

from benchmarks.advisor import tpch
from benchmarks.advisor.databases import RECIPES, database_of, ensure_database
from benchmarks.advisor.measuring import Referee, Result, keep
from benchmarks.advisor.methods import BASELINES, MEGABYTE, run_baseline, run_pgtend
from benchmarks.advisor.optimum import Optimum, Search, kept_at, load, save
from benchmarks.advisor.plotting import plot
from benchmarks.advisor.problems import IndexSet, read_problem, sizes_of_candidates, spell
from benchmarks.advisor.schemas import KEYS
from benchmarks.advisor.server import BenchServer, ensure_server
from benchmarks.advisor.what_if import WhatIf
from benchmarks.advisor.workloads import made_up
from pgtend.commands.options import USUAL_SESSIONS
from pgtend.domain.advice import SizeModel

METHODS = ("pgtend", *BASELINES)
TITLES = {"tpch": "TPC-H, scale factor 1"}


def main() -> int:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor")
    parser.add_argument("--only", default=",".join(METHODS), help=f"methods, of {', '.join(METHODS)}")
    parser.add_argument("--database", choices=list(RECIPES), default="tpch", help="which schema and data")
    parser.add_argument("--made-up", type=int, default=0, metavar="N", help="N queries of up to ten joins, made up")
    parser.add_argument("--seed", type=int, default=1, help="of the made-up queries")
    parser.add_argument("--budgets", default="250,500,1000,2000", help="MB (10^6 bytes), as HypoPG counts them")
    parser.add_argument("--width", type=int, default=2, help="columns of an index at most")
    parser.add_argument(
        "--minimum-gain", type=float, default=0.0, help="share of the cost that pgtend wants of an index"
    )
    parser.add_argument("--size-model", choices=list(SizeModel), default=SizeModel.HYPOPG, help="what budgets count")
    parser.add_argument("--price-risk", action="store_true", help="let pgtend choose by its own price of plans")
    parser.add_argument("--all-kinds", action="store_true", help="let pgtend think of more than B-trees on columns")
    parser.add_argument(
        "--optimum", action="store_true", help="compute and keep the optima that are not there yet: minutes"
    )
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="write the curves there, as SVG and PNG")
    parser.add_argument(
        "--sessions", type=int, default=USUAL_SESSIONS, help="in which pgtend plans side by side at most"
    )
    parser.add_argument("--sets", action="store_true", help="print the chosen indexes too")
    arguments = parser.parse_args()
    asyncio.run(compare(arguments))
    return 0


async def compare(arguments: argparse.Namespace) -> None:
    """One workload at each budget by each method."""
    server = ensure_server()
    with server.superuser_of_a_run() as user:
        await compare_as(user, server, arguments)


async def compare_as(user: str, server: BenchServer, arguments: argparse.Namespace) -> None:
    """The same as this role."""
    digest = ensure_database(server, arguments.database)
    database = database_of(arguments.database)
    with server.connect(database) as connection:
        name, texts = workload_of(arguments, connection)
    size_model = SizeModel(arguments.size_model)
    problem = await read_problem(name, server.dsn(database, user), texts, digest, size_model)
    budgets = [int(float(each) * MEGABYTE) for each in arguments.budgets.split(",")]
    print(f"{name}, {len(problem.queries)} queries, statistics {digest}, load {os.getloadavg()[0]:.1f}")
    kept = kept_at(problem, arguments.width)
    missing = [budget for budget in budgets if budget not in load(kept)]
    if arguments.optimum and missing:
        with server.connect(database) as connection:
            sizes = await sizes_of_candidates(problem, arguments.width)
            search = Search(problem, WhatIf(connection), arguments.width, sizes, print)
            search.grow_first()
            for budget in missing:
                save(kept, [search.solve(budget)])
    optima = load(kept)
    referee = Referee(problem=problem)
    curves: dict[str, list[tuple[float, float]]] = {}
    with server.connect(database) as counter:
        for method in arguments.only.split(","):
            if method == "pgtend":
                results = await run_pgtend(
                    problem,
                    budgets,
                    arguments.width,
                    counter,
                    minimum_gain=arguments.minimum_gain,
                    price_risk=arguments.price_risk,
                    plain_only=not arguments.all_kinds,
                    sessions=arguments.sessions,
                )
            else:
                results = await run_baseline(method, problem, budgets, arguments.width, counter)
            keep(results, problem)
            curves[method] = await report(results, referee, optima, sets=arguments.sets)
    for budget in budgets:
        if budget in optima:
            best = optima[budget]
            before = best.cost_before
            print(
                f"optimum    {budget / MEGABYTE:6.0f} MB  ratio {best.cost / before:.4f}  proven: at least "
                f"{best.lower_bound / before:.4f}"
            )
            curves.setdefault("optimum", []).append((budget / MEGABYTE, best.cost / before))
            if arguments.sets:
                print_set(best.chosen)
    if arguments.plot:
        arguments.plot.mkdir(parents=True, exist_ok=True)
        plot(curves, TITLES.get(name, name) + f", {len(problem.queries)} queries", arguments.plot / f"advisor-{name}")


def workload_of(arguments: argparse.Namespace, connection: psycopg.Connection) -> tuple[str, dict[str, str]]:
    """The name and the statements of the workload that was asked for."""
    if arguments.made_up:
        keys = KEYS[arguments.database]
        texts = made_up(connection, keys, count=arguments.made_up, joins=10, seed=arguments.seed)
        return f"{arguments.database}-made-up-{arguments.made_up}-seed{arguments.seed}", texts
    if arguments.database != "tpch":
        raise SystemExit(f"{arguments.database} has no workload of its own: say --made-up 100.")
    return "tpch", tpch.usual_queries()


async def report(
    results: list[Result], referee: Referee, optima: Mapping[int, Optimum], *, sets: bool
) -> list[tuple[float, float]]:
    """One line a budget, and the sum of the EXPLAINs; the curve of (MB, ratio)."""
    curve = []
    for result in results:
        ratio, size = await referee.judge(result.chosen)
        judged = replace(result, ratio=ratio, bytes=size)
        curve.append((judged.budget / MEGABYTE, ratio))
        above = ""
        if judged.budget in optima:
            best = optima[judged.budget]
            above = f"  {100 * (ratio * best.cost_before / min(best.cost, ratio * best.cost_before) - 1):5.2f} % above the optimum"
        print(
            f"{judged.method:10} {judged.budget / MEGABYTE:6.0f} MB  ratio {judged.ratio:.4f}{above}  "
            f"{judged.spent.explains:6} EXPLAINs  {judged.spent.seconds:6.2f} s ({judged.spent.cpu_seconds:.2f} s of CPU)  "
            f"{judged.bytes / MEGABYTE:6.0f} MB used",
            flush=True,
        )
        if sets:
            print_set(judged.chosen)
    print(f"{results[0].method:10} {sum(each.spent.explains for each in results)} EXPLAINs for all", flush=True)
    return curve


def print_set(chosen: IndexSet) -> None:
    """One line an index."""
    for index in sorted(chosen, key=repr):
        print(f"    {spell(index)}")


if __name__ == "__main__":
    sys.exit(main())
