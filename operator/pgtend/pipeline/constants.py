"""Gives the workload constants before it is planned: those seen, those of pg_stats, and of these the ones that agree with what ran."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from pgtend.core.plan_variants import columns_compared, keep_agreeing, to_be_compared, vary
from pgtend.domain.advice import CostAnswer, CostRequest
from pgtend.domain.catalog import Catalog
from pgtend.domain.values import ValuesOfColumns
from pgtend.domain.workload import Query, Workload
from pgtend.ports import CostModel, Database

_AT_ONCE = 5
"""Plans between two looks at the time."""


async def read_values(workload: Workload, catalog: Catalog, database: Database) -> ValuesOfColumns:
    """The values of pg_stats that variants of this workload may be made of."""
    columns = await asyncio.to_thread(columns_compared, workload, catalog)
    return await database.read_column_values(sorted(columns, key=str)) if columns else {}


async def with_constants(
    workload: Workload,
    catalog: Catalog,
    values: ValuesOfColumns,
    sampled: Mapping[str, Sequence[Query]],
    model: CostModel,
    is_over: Callable[[], bool] = lambda: False,
) -> Workload:
    """The workload in variants, as ``pgtend.core.plan_variants`` says; costs one plan for each variant made of pg_stats.

    Once the time for that ``is_over``, the variants of statements that were not planned by then all stay.
    """
    varied = await asyncio.to_thread(vary, workload, catalog, values, sampled)
    compared = to_be_compared(varied)
    answers: dict[str, CostAnswer] = {}
    for start in range(0, len(compared), _AT_ONCE):
        if is_over():
            break
        batch = compared[start : start + _AT_ONCE]
        costs = await model.costs([CostRequest(query=each.query) for each in batch])
        answers |= {each.id: answer for each, answer in zip(batch, costs, strict=True)}
    in_part = {each.statement for each in compared if each.id not in answers}
    return keep_agreeing(varied, {each.id: answers[each.id] for each in compared if each.statement not in in_part})
