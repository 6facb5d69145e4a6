"""A workload of very many statements made small enough to be searched: the heaviest are planned, each other counts with one that is like it.

The search plans every statement several times and has a row for each plan in its integer programs, so that its time grows faster than
the number of statements. The idea is the workload compression of the literature (Chaudhuri, Gupta and Narasayya 2002; Siddiqui and
others, ISUM, 2022): a statement that is left out lends its load to the one that an index would help in the same way. Here that is
the planned one which names most nearly the same columns of the same tables.

What a statement writes counts in full, whether it is planned or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pgtend.core.wording import count_of
from pgtend.domain.advice import CostAnswer, PlanCost, Unplannable
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName
from pgtend.domain.workload import Coverage, UnplannableStatement, WeightedQuery, Workload

MOST_PLANNED = 200
"""Statements that are planned one by one."""
ALIKE = 0.5
"""Share of the columns that two statements name, which both must name for one to stand for the other."""
_WORD = re.compile(r"\w+")


def is_large(workload: Workload) -> bool:
    """Whether it holds more statements that look for rows than are planned."""
    return sum(bool(each.query.plannable) for each in workload.queries) > MOST_PLANNED


def compress(workload: Workload, catalog: Catalog, answers: Mapping[str, CostAnswer] | None = None) -> Workload:
    """The workload with its heaviest statements alone, the others as ``unplanned``; itself where it is small.

    The load of a statement is its time; of one from a file its weight times its cost by the ``answers``, which are by id, the mean of
    them where its own is not known. What an answer refuses to plan is left out.
    """
    if not is_large(workload):
        return workload
    answers = answers or {}
    loads = _loads(workload.queries, {id_: each.cost for id_, each in answers.items() if isinstance(each, PlanCost)})
    refused = {id_: each.reason for id_, each in answers.items() if isinstance(each, Unplannable)}
    searching = sorted(
        (each for each in workload.queries if each.query.plannable and each.id not in refused),
        key=lambda each: (-loads[each.id], each.id),
    )
    planned, others = searching[:MOST_PLANNED], searching[MOST_PLANNED:]
    lent, alone = _lend(planned, others, loads, catalog)
    left = frozenset(each.id for each in others)
    total = sum(loads.values()) or 1.0
    queries = tuple(
        replace(each, lent=each.weight * lent[each.id] / loads[each.id])
        if each.id in lent and loads[each.id] > 0
        else each
        for each in workload.queries
        if each.id not in left and each.id not in refused
    )
    left_out = [
        UnplannableStatement(id=each.id, reason=refused[each.id], share=loads[each.id] / total)
        for each in workload.queries
        if each.id in refused
    ]
    return replace(
        workload,
        queries=queries,
        left_out=(*workload.left_out, *left_out),
        unplanned=tuple(each for each in workload.queries if each.id in left),
        coverage=None
        if not others
        else Coverage(
            planned=len(planned),
            similar=len(others) - len(alone),
            unlike=len(alone),
            similar_share=sum(lent.values()) / total,
            unlike_share=sum(loads[each.id] for each in alone) / total,
        ),
    )


def describe_coverage(coverage: Coverage) -> str:
    """What was planned and what was not, in a sentence or two."""
    heaviest = coverage.planned + coverage.unreached
    total = heaviest + coverage.similar + coverage.unlike
    planned = "were planned"
    if coverage.unreached:
        planned = f"were to be planned, and {coverage.planned} of them were before the time was over"
    sentence = (
        f"Of {count_of(total, 'statement')} that look for rows the {heaviest} heaviest {planned}. "
        f"{count_of(coverage.similar, 'other')}, {_percent(coverage.similar_share)} of the load, "
        f"{'counts' if coverage.similar == 1 else 'count'} with the one of them that names most nearly the same columns"
    )
    if coverage.unlike:
        are = "is" if coverage.unlike == 1 else "are"
        sentence += f"; {coverage.unlike}, {_percent(coverage.unlike_share)} of the load, {are} like none of them and got no advice"
    return f"{sentence}. The costs before and after are estimates of all in this sense; what each index helps is told of planned ones alone."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _loads(queries: Iterable[WeightedQuery], costs: Mapping[str, float]) -> dict[str, float]:
    mean = sum(costs.values()) / len(costs) if costs else 1.0
    return {
        each.id: each.weight * costs.get(each.id, mean) if each.load is None else each.load.total_ms for each in queries
    }


def _lend(
    planned: Sequence[WeightedQuery], others: Iterable[WeightedQuery], loads: Mapping[str, float], catalog: Catalog
) -> tuple[dict[str, float], list[WeightedQuery]]:
    """The load that each planned statement counts for others, and those that none is like."""
    columns = _ColumnsNamed(catalog)
    named = [(each.id, columns.of(each)) for each in planned]
    lent: dict[str, float] = {}
    alone: list[WeightedQuery] = []
    nearest: dict[int, tuple[float, str]] = {}
    for other in others:
        own = columns.of(other)
        if own not in nearest:
            nearest[own] = max(((own & each).bit_count() / ((own | each).bit_count() or 1), id_) for id_, each in named)
        likeness, id_ = nearest[own]
        if likeness >= ALIKE:
            lent[id_] = lent.get(id_, 0.0) + loads[other.id]
        else:
            alone.append(other)
    return lent, alone


class _ColumnsNamed:
    """The columns of its tables whose names stand in a statement, as bits of a number: two of them are compared millions of times."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._bits: dict[tuple[TableName, str], int] = {}

    def of(self, each: WeightedQuery) -> int:
        """The columns, and the tables themselves."""
        words = set(_WORD.findall(each.query.plannable))
        named = 0
        for name in each.query.relations:
            table = self._catalog.tables.get(name)
            for column in ("", *(table.columns if table else ())):
                if not column or column in words:
                    named |= 1 << self._bits.setdefault((name, column), len(self._bits))
        return named
