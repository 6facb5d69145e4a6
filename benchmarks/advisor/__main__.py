"""Compare the advisor with an optimum and baselines: ``python -m benchmarks.advisor --help``; README.md says what is meant."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import replace

from benchmarks.advisor import tpch
from benchmarks.advisor.databases import ensure_database
from benchmarks.advisor.measuring import Referee, Result
from benchmarks.advisor.methods import BASELINES, run_baseline, run_pgtend
from benchmarks.advisor.problems import read_problem, spell
from benchmarks.advisor.server import ensure_server

MEGABYTE = 1_000_000
METHODS = ("pgtend", *BASELINES)


def main() -> int:
    """Run what was asked for and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor")
    parser.add_argument("--only", default=",".join(METHODS), help=f"methods, of {', '.join(METHODS)}")
    parser.add_argument("--budgets", default="250,500,1000,2000", help="MB (10^6 bytes), as HypoPG counts them")
    parser.add_argument("--width", type=int, default=2, help="columns of an index at most")
    parser.add_argument(
        "--minimum-gain", type=float, default=0.0, help="share of the cost that pgtend wants of an index"
    )
    parser.add_argument("--sets", action="store_true", help="print the chosen indexes too")
    arguments = parser.parse_args()
    asyncio.run(compare(arguments))
    return 0


async def compare(arguments: argparse.Namespace) -> None:
    """TPC-H's 19 queries at each budget by each method."""
    server = ensure_server()
    digest = ensure_database(server, "tpch")
    problem = await read_problem("TPC-H", server.dsn("tpch"), tpch.usual_queries(), digest)
    budgets = [int(float(each) * MEGABYTE) for each in arguments.budgets.split(",")]
    print(f"TPC-H SF1, {len(problem.queries)} queries, statistics {digest}, load {os.getloadavg()[0]:.1f}")
    referee = Referee(problem=problem)
    with server.connect("tpch") as counter:
        for method in arguments.only.split(","):
            if method == "pgtend":
                results = await run_pgtend(problem, budgets, arguments.width, arguments.minimum_gain, counter)
            else:
                results = await run_baseline(method, problem, budgets, arguments.width, counter)
            await report(results, referee, sets=arguments.sets)


async def report(results: list[Result], referee: Referee, *, sets: bool) -> None:
    """One line a budget, and the sum of the EXPLAINs."""
    for result in results:
        ratio, size = await referee.judge(result.chosen)
        judged = replace(result, ratio=ratio, bytes=size)
        print(
            f"{judged.method:10} {judged.budget / MEGABYTE:6.0f} MB  ratio {judged.ratio:.4f}  "
            f"{judged.explains:6} EXPLAINs  {judged.seconds:6.2f} s  {judged.bytes / MEGABYTE:6.0f} MB used",
            flush=True,
        )
        if sets:
            for index in sorted(judged.chosen, key=repr):
                print(f"    {spell(index)}")
    print(f"{results[0].method:10} {sum(each.explains for each in results)} EXPLAINs for all", flush=True)


if __name__ == "__main__":
    sys.exit(main())
