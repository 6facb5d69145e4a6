"""What is put before every method: one database with frozen statistics, one workload, and costs that are counted.

All methods ask the same cost model, pgtend's own HypoPG edge.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from itertools import permutations

from pgtend.commands.options import USUAL_SESSIONS
from pgtend.commands.workload_files import GivenStatement, given_workload
from pgtend.domain.advice import CostRequest, PlanCost, SizeModel
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index, IndexColumn, TableName
from pgtend.domain.workload import Query, Workload
from pgtend.ports import CostModel
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import ConnectionTarget, target_from_dsn

IndexSet = frozenset[Index]
QualifiedColumn = tuple[TableName, str]

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One database with one workload."""

    name: str
    target: ConnectionTarget
    catalog: Catalog
    workload: Workload
    statistics: str
    """Digest of the frozen statistics."""
    size_model: SizeModel = SizeModel.HYPOPG
    """By which bytes the budgets are meant."""

    @property
    def queries(self) -> Mapping[str, Query]:
        """The queries by id."""
        return {each.id: each.query for each in self.workload.queries}

    @property
    def weights(self) -> Mapping[str, float]:
        """How much each query's cost counts."""
        return {each.id: each.weight for each in self.workload.queries}


async def read_problem(
    name: str, dsn: str, texts: Mapping[str, str], statistics: str, size_model: SizeModel = SizeModel.HYPOPG
) -> Problem:
    """The problem of these statements, each of weight 1, in this database."""
    target = target_from_dsn(dsn)
    async with open_observer(target, ConnectionLimits(), own_roles=()) as database:
        catalog = await database.read_catalog()
    workload = given_workload(tuple(GivenStatement(id=id_, sql=text) for id_, text in texts.items()), catalog)
    if workload.left_out:
        raise ValueError(
            "Not every statement can be used: " + "; ".join(f"{e.id}: {e.reason}" for e in workload.left_out)
        )
    return Problem(
        name=name, target=target, catalog=catalog, workload=workload, statistics=statistics, size_model=size_model
    )


@asynccontextmanager
async def open_costing(problem: Problem) -> AsyncIterator[Costing]:
    """Costs from a session of its own, with nothing known yet."""
    async with open_model(problem) as model:
        yield Costing(model, problem)


def open_model(problem: Problem, sessions: int = USUAL_SESSIONS) -> AbstractAsyncContextManager[CostModel]:
    """The cost model that every method asks, with as many sessions as the command line takes."""
    return open_cost_model(
        problem.target,
        ConnectionLimits(per_server=max(10, 5 * sessions)),
        problem.catalog,
        size_model=problem.size_model,
        sessions=sessions,
    )


class Costing:
    """Costs of the problem's queries under sets of indexes; each pair of a query and its relevant indexes is planned once.

    As in the published implementations an index is relevant to a query that names one of its columns.
    """

    def __init__(self, model: CostModel, problem: Problem) -> None:
        self._model = model
        self._problem = problem
        self._columns = {id_: columns_named(query, problem.catalog) for id_, query in problem.queries.items()}
        self._known: dict[tuple[str, IndexSet], PlanCost] = {}
        self._sizes: dict[Index, int] = {}
        self.requests = 0

    @property
    def explains(self) -> int:
        """Plans made."""
        return self._model.spent.explains

    def relevant(self, query: str, indexes: Iterable[Index]) -> IndexSet:
        """Those of the indexes with a column that the query names."""
        named = self._columns[query]
        return frozenset(
            index for index in indexes if any((index.table_name, key.column) in named for key in index.columns)
        )

    async def plans(self, pairs: Sequence[tuple[str, IndexSet]]) -> list[PlanCost]:
        """The plan of each query while the indexes are shown."""
        wanted = [(query, self.relevant(query, indexes)) for query, indexes in pairs]
        self.requests += len(pairs)
        shown = {key: indexes for key, (_, indexes) in zip(wanted, pairs, strict=True) if key not in self._known}
        queries = self._problem.queries
        requests = [
            CostRequest(query=queries[query], shown=tuple(sorted(indexes, key=repr)))
            for (query, _), indexes in shown.items()
        ]
        for key, answer in zip(shown, await self._model.costs(requests), strict=True):
            if not isinstance(answer, PlanCost):
                raise TypeError(f"{key[0]} cannot be planned: {answer.reason}")
            self._known[key] = answer
        return [self._known[key] for key in wanted]

    async def total(self, indexes: IndexSet) -> float:
        """The workload's cost while the indexes are shown."""
        weights = self._problem.weights
        plans = await self.plans([(query, indexes) for query in weights])
        return sum(weight * plan.cost for weight, plan in zip(weights.values(), plans, strict=True))

    async def sizes(self, indexes: Iterable[Index]) -> Mapping[Index, int]:
        """Bytes by the problem's size model."""
        new = [index for index in indexes if index not in self._sizes]
        if new:
            self._sizes.update(zip(new, await self._model.sizes(new), strict=True))
        return self._sizes


def columns_named(query: Query, catalog: Catalog) -> frozenset[QualifiedColumn]:
    """Columns of the query's tables whose names stand anywhere in its text, as the published implementations look for them."""
    words = set(_WORD.findall(query.plannable))
    return frozenset(
        (name, column)
        for name in query.relations
        if name in catalog.tables
        for column in catalog.tables[name].columns
        if column in words
    )


def syntactic_candidates(problem: Problem, query: str, width: int) -> list[Index]:
    """Every ordered choice of up to ``width`` columns of one table that the query names."""
    by_table: dict[TableName, list[str]] = {}
    for table, column in sorted(columns_named(problem.queries[query], problem.catalog), key=str):
        by_table.setdefault(table, []).append(column)
    return [
        plain_index(table, columns)
        for table, names in by_table.items()
        for length in range(1, width + 1)
        for columns in permutations(names, length)
    ]


async def sizes_of_candidates(problem: Problem, width: int) -> Mapping[Index, int]:
    """Every query's syntactic candidates with their sizes."""
    every = [index for query in problem.queries for index in syntactic_candidates(problem, query, width)]
    async with open_costing(problem) as costing:
        return await costing.sizes(dict.fromkeys(every))


def plain_index(table: TableName, columns: Sequence[str]) -> Index:
    """A B-tree index in the default order."""
    return Index(schema=table.schema, table=table.table, columns=tuple(IndexColumn(column=name) for name in columns))


def spell(index: Index) -> str:
    """The index for people: table (keys) and what else it has."""
    keys = ", ".join(
        (key.column or f"expression({', '.join(key.names)})")
        + ("" if key.order == "Asc" else " desc")
        + (f" {key.opclass}" if key.opclass else "")
        for key in index.columns
    )
    include = f" include ({', '.join(index.include)})" if index.include else ""
    where = " where …" if index.predicate else ""
    method = "" if index.method == "btree" else f" using {index.method}"
    return f"{index.table}{method} ({keys}){include}{where}"
