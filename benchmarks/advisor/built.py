"""Budgets in real bytes: what each method chooses by pgtend's size model, and what it takes once built.

``python -m benchmarks.advisor.built`` prints a line for each method and budget. Each index is built once, and its size kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

import psycopg

from benchmarks.advisor import tpch
from benchmarks.advisor.copies import ensure_copy
from benchmarks.advisor.databases import database_of, ensure_database
from benchmarks.advisor.executed import DATABASE, build, drop_all
from benchmarks.advisor.folder import bench_folder
from benchmarks.advisor.measuring import Referee, Result
from benchmarks.advisor.methods import BASELINES, MEGABYTE, run_baseline, run_pgtend
from benchmarks.advisor.problems import IndexSet, read_problem
from benchmarks.advisor.server import ensure_server
from pgtend.domain.advice import SizeModel
from pgtend.domain.index import Index
from pgtend.postgres.ddl import create_index


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor.built")
    parser.add_argument("--budgets", default="250,500,1000,2000", help="MB (10^6 bytes), by pgtend's size model")
    parser.add_argument("--width", type=int, default=2, help="columns of an index at most")
    parser.add_argument("--price-risk", action="store_true", help="let pgtend choose by its own price of plans")
    parser.add_argument("--plain-only", action="store_true", help="let pgtend think of plain B-trees alone")
    asyncio.run(compare(parser.parse_args()))
    return 0


async def compare(arguments: argparse.Namespace) -> None:
    """Each method at each budget."""
    server = ensure_server()
    digest = ensure_database(server, "tpch")
    ensure_copy(server, "tpch", DATABASE)
    dsn = server.dsn(database_of("tpch"))
    problem = await read_problem("tpch", dsn, tpch.usual_queries(), digest, SizeModel.PGTEND)
    budgets = [int(float(each) * MEGABYTE) for each in arguments.budgets.split(",")]
    results: list[Result] = []
    with server.connect(database_of("tpch")) as counter:
        results += await run_pgtend(
            problem,
            budgets,
            arguments.width,
            counter,
            price_risk=arguments.price_risk,
            plain_only=arguments.plain_only,
        )
        for name in BASELINES:
            results += await run_baseline(name, problem, budgets, arguments.width, counter)
    referee = Referee(problem=problem)
    with server.connect(DATABASE) as connection:
        sizes = built_sizes(connection, frozenset().union(*(result.chosen for result in results)))
    for result in results:
        ratio, estimated = await referee.judge(result.chosen)
        built = sum(sizes[_text(index)] for index in result.chosen)
        print(
            f"{result.method:10} {result.budget / MEGABYTE:6.0f} MB  ratio {ratio:.4f}  estimated {estimated / MEGABYTE:6.1f} MB  "
            f"built {built / MEGABYTE:6.1f} MB ({100 * (built / max(estimated, 1) - 1):+.1f} %)  {result.explains:6} EXPLAINs"
        )


def built_sizes(connection: psycopg.Connection, indexes: IndexSet) -> dict[str, int]:
    """Bytes of each index once built, by its DDL; what was built before is remembered."""
    path = bench_folder() / "built-sizes.json"
    sizes: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    for index in sorted(indexes, key=repr):
        if _text(index) not in sizes:
            drop_all(connection)
            sizes[_text(index)] = build(connection, frozenset({index}))[index]
            path.write_text(json.dumps(sizes, indent=1))
    drop_all(connection)
    return sizes


def _text(index: Index) -> str:
    return create_index(index, None, concurrently=False).as_string(None)


if __name__ == "__main__":
    sys.exit(main())
