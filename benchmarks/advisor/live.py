"""Advice from pg_stat_statements alone, judged on the literal queries: ``python -m benchmarks.advisor.live``.

TPC-H's 19 queries are really run once, over the simple protocol and with their constants, in a copy of the database that nothing
else is asked in. What pg_stat_statements then holds is all that the advisor is given. Its set is planned with the literal
queries and compared with the set that it advises from the literal queries themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from benchmarks.advisor import tpch
from benchmarks.advisor.copies import ensure_copy
from benchmarks.advisor.databases import ensure_database
from benchmarks.advisor.measuring import Referee
from benchmarks.advisor.methods import MEGABYTE, UNLIMITED_INDEXES, created, run_pgtend
from benchmarks.advisor.problems import read_problem, spell
from benchmarks.advisor.server import BenchServer, ensure_server
from pgtend.commands.advise import AdviseOptions, find_advice
from pgtend.domain.advice import Constraints, SizeModel

DATABASE = "advisor_live"
_COUNTED = """
select count(*) from pg_stat_statements s join pg_database d on d.oid = s.dbid
where d.datname = current_database() and query ~* '^\\s*(select|with)' and query ~ 'lineitem|orders|partsupp|customer'
  and rows > 0"""


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.advisor.live")
    parser.add_argument("--budgets", default="250,500,1000,2000", help="MB (10^6 bytes)")
    parser.add_argument("--width", type=int, default=2, help="columns of an index at most")
    parser.add_argument("--size-model", choices=list(SizeModel), default=SizeModel.HYPOPG, help="what budgets count")
    parser.add_argument("--price-risk", action="store_true", help="let pgtend choose by its own price of plans")
    parser.add_argument("--run", action="store_true", help="run the queries again though they have been counted")
    parser.add_argument("--sets", action="store_true", help="print the chosen indexes too")
    asyncio.run(compare(parser.parse_args()))
    return 0


async def compare(arguments: argparse.Namespace) -> None:
    """Both sets at each budget."""
    server = ensure_server()
    digest = ensure_database(server, "tpch")
    ensure_copy(server, "tpch", DATABASE)
    run_queries(server, again=arguments.run)
    size_model = SizeModel(arguments.size_model)
    problem = await read_problem("tpch", server.dsn(DATABASE), tpch.usual_queries(), digest, size_model)
    referee = Referee(problem=problem)
    for megabytes in arguments.budgets.split(","):
        budget = int(float(megabytes) * MEGABYTE)
        constraints = Constraints(
            storage_budget=budget,
            max_indexes_per_table=UNLIMITED_INDEXES,
            max_width=arguments.width,
            minimum_gain=0.0,
            price_risk=arguments.price_risk,
            plain_only=True,
            beside_wider=True,
        )
        options = AdviseOptions(constraints=constraints, size_model=size_model)
        answer = await find_advice(problem.target, options, lambda _: None)
        lacking = [each for each in answer.advice.left_out if not _is_ours(each.reason)]
        live, _ = await referee.judge(created(answer.advice))
        with server.connect(DATABASE) as counter:
            (literal,) = await run_pgtend(
                problem, [budget], arguments.width, counter, minimum_gain=0.0, price_risk=arguments.price_risk
            )
        ratio, _ = await referee.judge(literal.chosen)
        print(
            f"{megabytes:>5} MB  from live texts {live:.4f}  from literals {ratio:.4f}  {100 * (live / ratio - 1):+.2f} %  "
            f"{len(answer.workload.queries)} statements planned, {len(lacking)} left out",
            flush=True,
        )
        if arguments.sets:
            for word, indexes in (("live", created(answer.advice)), ("literal", literal.chosen)):
                print(f"  {word}: " + "; ".join(spell(index) for index in sorted(indexes, key=repr)))
            for each in lacking:
                print(f"  left out {each.id}: {each.reason}")


def _is_ours(reason: str) -> bool:
    """Whether a statement was left out that came of the benchmark and not of the queries: settings, catalogs, transactions."""
    return "system catalogs" in reason or "is no SELECT" in reason or "names no table" in reason


def run_queries(server: BenchServer, *, again: bool) -> None:
    """Run the 19 queries once where that has not been done."""
    texts = tpch.usual_queries()
    with server.connect(DATABASE) as connection:
        counted = connection.execute(_COUNTED.encode()).fetchone()
        if counted is not None and counted[0] >= len(texts) and not again:
            return
        connection.execute(
            "select pg_stat_statements_reset(0, oid, 0) from pg_database where datname = current_database()"
        )
        began = time.perf_counter()
        for text in texts.values():
            connection.execute(text.encode())
        print(f"ran {len(texts)} queries in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
