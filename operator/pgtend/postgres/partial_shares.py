"""Which part of its table a partial index would hold, by the planner's estimate.

The planner knows most common values and histograms, which pgtend does not read. What is planned is composed of the typed predicate
alone, over columns of built-in types and enums alone, so that no function of a user's is ever called.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from psycopg import sql

from pgtend.domain.catalog import Catalog, RelationKind, Table
from pgtend.domain.finding import DefinitionRefused, StatementFailed
from pgtend.domain.index import Index
from pgtend.postgres.ddl import is_built_in, rows_of_partial
from pgtend.postgres.plan_shape import Plan

_WITH_ROWS = frozenset({RelationKind.TABLE, RelationKind.PARTITION, RelationKind.MATERIALIZED_VIEW})


async def shares_of_partial(
    indexes: Iterable[Index], catalog: Catalog, explain: Callable[[sql.Composed], Awaitable[Plan]]
) -> Mapping[Index, float]:
    """Share of the rows, 0 to 1, of each partial index that the planner can say it for; each predicate is planned once."""
    known: dict[str, float | None] = {}
    shares: dict[Index, float] = {}
    for index in indexes:
        table = catalog.tables.get(index.table_name)
        if not index.predicate or table is None or not _may_be_planned(index, table):
            continue
        try:
            statement = rows_of_partial(index)
        except DefinitionRefused:
            continue
        text = statement.as_string(None)
        if text not in known:
            known[text] = await _share(statement, table, explain)
        share = known[text]
        if share is not None:
            shares[index] = share
    return shares


def _may_be_planned(index: Index, table: Table) -> bool:
    columns = [table.columns.get(comparison.column) for comparison in index.predicate]
    return (
        table.kind in _WITH_ROWS
        and not table.row_security
        and table.rows > 0
        and all(column is not None and (column.enumerated or is_built_in(column.type)) for column in columns)
    )


async def _share(
    statement: sql.Composed, table: Table, explain: Callable[[sql.Composed], Awaitable[Plan]]
) -> float | None:
    try:
        plan = await explain(statement)
    except StatementFailed:
        return None
    return min(float(plan["Plan Rows"]) / table.rows, 1.0)
