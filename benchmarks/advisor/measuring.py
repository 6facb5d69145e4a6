"""What a run of one method took and what it is worth: costs by a referee, EXPLAINs counted on the server, seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psycopg

from benchmarks.advisor.folder import bench_folder
from benchmarks.advisor.problems import IndexSet, Problem, open_costing
from pgtend.domain.index import Index
from pgtend.postgres.ddl import create_index


@dataclass(kw_only=True)
class Spending:
    """Filled when the measured block ends."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of this process alone, without the server's: what a busy machine disturbs less."""
    explains: int = 0


@dataclass(frozen=True, kw_only=True)
class Result:
    """One method's answer at one budget."""

    method: str
    budget: int
    chosen: IndexSet
    spent: Spending
    ratio: float = 1.0
    """The workload's cost with the chosen indexes over its cost without, both really planned."""
    bytes: int = 0
    """Bytes of the chosen indexes by the problem's size model."""


_COUNT = """
select coalesce(sum(calls), 0)::bigint
from pg_stat_statements s join pg_database d on d.oid = s.dbid join pg_roles r on r.oid = s.userid
where d.datname = current_database() and r.rolname = %s and query ~* '^\\s*explain'"""


@contextmanager
def measured(connection: psycopg.Connection, problem: Problem) -> Iterator[Spending]:
    """What the block took, and EXPLAINs that the server counted meanwhile for the problem's database and role."""
    spending = Spending()
    before = _explains(connection, problem.target.user)
    began, cpu_began = time.perf_counter(), time.process_time()
    try:
        yield spending
    finally:
        spending.seconds = time.perf_counter() - began
        spending.cpu_seconds = time.process_time() - cpu_began
        spending.explains = _explains(connection, problem.target.user) - before


def _explains(connection: psycopg.Connection, user: str) -> int:
    row = connection.execute(_COUNT.encode(), [user]).fetchone()
    return int(row[0]) if row else 0


@dataclass(kw_only=True)
class Referee:
    """Costs of answers, planned apart from the methods' own planning and counted for none of them.

    An index with the very keys of one that is there is no gain, whatever the planner says: it sees HypoPG's idea of its size
    beside the real one's. So it is left out of an answer before that is judged.
    """

    problem: Problem
    _known: dict[IndexSet, tuple[float, int]] = field(default_factory=dict)

    async def judge(self, chosen: IndexSet) -> tuple[float, int]:
        """(cost ratio, bytes) of a set."""
        chosen = self.new_of(chosen)
        if chosen not in self._known:
            async with open_costing(self.problem) as costing:
                ratio = await costing.total(chosen) / await costing.total(frozenset())
                sizes = await costing.sizes(chosen)
                self._known[chosen] = (ratio, sum(sizes[index] for index in chosen))
        return self._known[chosen]

    def new_of(self, chosen: IndexSet) -> IndexSet:
        """Those of a set that are not there already."""
        return frozenset(index for index in chosen if not self._is_there(index))

    def _is_there(self, index: Index) -> bool:
        """Whether an existing index has the same keys and nothing else."""
        return any(
            each.index is not None and each.valid and replace(each.index, unique=False, name=None) == index
            for each in self.problem.catalog.indexes
        )


def keep(results: Iterable[Result], problem: Problem) -> None:
    """Write each answer to the folder, for whoever wants to look at it later."""
    folder = bench_folder() / "answers"
    folder.mkdir(exist_ok=True)
    for result in results:
        name = f"{problem.name}-{problem.statistics}-{problem.size_model}-{result.method}-{result.budget}.json"
        content = {
            "seconds": result.spent.seconds,
            "explains": result.spent.explains,
            "indexes": sorted(create_index(each, None, concurrently=False).as_string(None) for each in result.chosen),
        }
        (folder / name).write_text(json.dumps(content, indent=1))
