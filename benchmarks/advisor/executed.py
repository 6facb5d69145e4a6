"""What really happens: build sets of indexes in a copy, run TPC-H's 19 queries, and compare CPU: ``python -m benchmarks.advisor.executed``.

CPU is that of the server's process (user and system time of /proc/PID/stat), which a busy machine disturbs less than seconds
do. Each query runs once to warm up and then a few times; the least CPU of those counts. What a query with the same plan seems
to have gained or lost shows how far the figures can be trusted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from benchmarks.advisor import tpch
from benchmarks.advisor.copies import ensure_copy
from benchmarks.advisor.databases import database_of, ensure_database
from benchmarks.advisor.measuring import Referee
from benchmarks.advisor.methods import BASELINES, MEGABYTE, run_baseline, run_pgtend
from benchmarks.advisor.problems import IndexSet, Problem, read_problem, spell
from benchmarks.advisor.server import ensure_server
from pgtend.domain.advice import SizeModel
from pgtend.domain.index import Index
from pgtend.postgres.ddl import create_index

DATABASE = "advisor_built"
SLOWER = 1.3
"""From this ratio of CPU on a query is said to be slower."""
_TICKS = os.sysconf("SC_CLK_TCK")
_LIMIT = "300s"
"""A query that takes longer is ended, and counts as that."""


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor.executed")
    parser.add_argument("--budget", type=float, default=500, help="MB (10^6 bytes) by pgtend's own size model")
    parser.add_argument("--width", type=int, default=2, help="columns of an index at most")
    parser.add_argument("--runs", type=int, default=3, help="runs of each query after the first")
    parser.add_argument(
        "--methods", default="pgtend,pgtend by cost,Extend", help="comma-separated, of these and DB2Advis"
    )
    asyncio.run(compare(parser.parse_args()))
    return 0


async def compare(arguments: argparse.Namespace) -> None:
    """Each method's set, built and run."""
    server = ensure_server()
    digest = ensure_database(server, "tpch")
    dsn = server.dsn(database_of("tpch"))
    problem = await read_problem("tpch", dsn, tpch.usual_queries(), digest, SizeModel.PGTEND)
    sets = await choose(problem, arguments, server.connect(database_of("tpch")))
    referee = Referee(problem=problem)
    ensure_copy(server, "tpch", DATABASE)
    texts = tpch.usual_queries()
    with server.connect(DATABASE) as connection:
        drop_all(connection)
        before = run_all(connection, texts, arguments.runs)
        plans = plans_of(connection, texts)
        print(
            f"without indexes: {sum(before.values()):.1f} s of CPU for {len(texts)} queries, load {os.getloadavg()[0]:.1f}"
        )
        for method, chosen in sets.items():
            ratio, estimated = await referee.judge(chosen)
            built = build(connection, chosen)
            after = run_all(connection, texts, arguments.runs)
            plans_after = plans_of(connection, texts)
            drop_all(connection)
            same = {name for name in texts if plans[name] == plans_after[name]}
            total = sum(after.values()) / sum(before.values())
            changed = sum((before if name in same else after)[name] for name in texts) / sum(before.values())
            print(
                f"\n{method}: CPU after/before {total:.3f} ({changed:.3f} if the same plan counts as unchanged), "
                f"estimated cost {ratio:.4f}, {sum(built.values()) / MEGABYTE:.0f} MB "
                f"built ({estimated / MEGABYTE:.0f} MB estimated), load {os.getloadavg()[0]:.1f}"
            )
            for index in sorted(chosen, key=repr):
                print(f"    {spell(index)}  {built[index] / MEGABYTE:.1f} MB")
            for name in texts:
                change = after[name] / before[name]
                note = "  same plan" if name in same else "  slower" if change > SLOWER else ""
                print(f"  {name} {before[name]:7.2f} s {after[name]:7.2f} s  {change:5.2f}×{note}")
            sys.stdout.flush()


async def choose(
    problem: Problem, arguments: argparse.Namespace, counter: psycopg.Connection
) -> Mapping[str, IndexSet]:
    """The set of each method that was asked for."""
    budget = int(arguments.budget * MEGABYTE)
    sets: dict[str, IndexSet] = {}
    for method in arguments.methods.split(","):
        if method in BASELINES:
            (result,) = await run_baseline(method, problem, [budget], arguments.width, counter)
        else:
            (result,) = await run_pgtend(
                problem, [budget], arguments.width, counter, price_risk=method != "pgtend by cost", plain_only=False
            )
        sets[method] = result.chosen
    return sets


def build(connection: psycopg.Connection, indexes: IndexSet) -> Mapping[Index, int]:
    """Build them; the bytes that each takes."""
    connection.execute("set maintenance_work_mem = '256MB'")
    sizes = {}
    for number, index in enumerate(sorted(indexes, key=repr)):
        name = f"built_{number}"
        connection.execute(create_index(index, name, concurrently=False))
        row = connection.execute("select pg_relation_size(%s::regclass)", [name]).fetchone()
        sizes[index] = int(row[0]) if row else 0
    return sizes


def drop_all(connection: psycopg.Connection) -> None:
    """Drop what was built."""
    names = [name for (name,) in connection.execute("select relname from pg_class where relname ~ '^built_[0-9]+$'")]
    for name in names:
        connection.execute(f"drop index {name}".encode())


def plans_of(connection: psycopg.Connection, texts: Mapping[str, str]) -> Mapping[str, str]:
    """The plan of each query without its figures."""
    return {
        name: "\n".join(line for (line,) in connection.execute(b"explain (costs off) " + text.encode()))
        for name, text in texts.items()
    }


def run_all(connection: psycopg.Connection, texts: Mapping[str, str], runs: int) -> Mapping[str, float]:
    """Least seconds of CPU of each query."""
    connection.execute(f"set statement_timeout = '{_LIMIT}'".encode())
    spent: dict[str, float] = {}
    for name, text in texts.items():
        spent[name] = min(_cpu_of(connection, text, runs))
    return spent


def _cpu_of(connection: psycopg.Connection, text: str, runs: int) -> Sequence[float]:
    """Seconds of CPU of each run after the first; of the first alone where that was ended."""
    found = []
    for _ in range(runs + 1):
        began = _cpu(connection.info.backend_pid)
        try:
            connection.execute(text.encode())
        except psycopg.errors.QueryCanceled:
            return [_cpu(connection.info.backend_pid) - began]
        found.append(_cpu(connection.info.backend_pid) - began)
    return found[1:]


def _cpu(pid: int) -> float:
    """Seconds of user and system time of a process so far; fields 14 and 15 of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    sys.exit(main())
