"""Advice without a planner: by the statistics alone, marked as not validated.

Used where hypothetical indexes cannot be planned. An index is worth proposing for a query when what the query compares with its leading
columns leaves few rows of a table that is large enough for a scan to hurt; cost is counted in pages read. An order alone narrows
nothing down, so no column leads an index because rows are sorted by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil

from pgtend.core.candidates import candidates
from pgtend.core.priority import first_by_priority, net_saving
from pgtend.core.redundancy import drop_duplicates
from pgtend.core.referential_checks import with_referential_checks
from pgtend.core.room import Room
from pgtend.core.size import estimate_size
from pgtend.core.sql.usage import TableUse, table_uses
from pgtend.core.unplanned import add_unplanned
from pgtend.core.upkeep import upkeep_of, upkeep_of_surplus, writes_of
from pgtend.domain.advice import Advice, AdvisedChange, Constraints
from pgtend.domain.catalog import PAGE_BYTES, Catalog, Column, Table
from pgtend.domain.index import Index, IndexColumn
from pgtend.domain.recommendation import SHOWN_QUERIES, Action, Evidence, HelpedQuery, Risk
from pgtend.domain.workload import StatementKind, WeightedQuery, Workload

LARGE_ENOUGH = 100
"""Pages of a table below which a scan is not worth an index."""
FEW_ROWS = 0.05
"""Share of the rows that the leading columns may leave."""
UNKNOWN_SHARE = 0.005
"""DEFAULT_EQ_SEL of selfuncs.h, where nothing is known of a column, and DEFAULT_RANGE_INEQ_SEL, for a range that leads."""


def advise_unvalidated(workload: Workload, catalog: Catalog, constraints: Constraints) -> Advice:
    """The first candidate of each query that its statistics speak for, as long as budget and places last."""
    workload = with_referential_checks(workload, catalog)
    writes = writes_of(workload, catalog)
    hours = workload.hours or 1.0
    drops = drop_duplicates(catalog, constraints, lambda index: upkeep_of_surplus(index, catalog, writes) / hours)
    room = Room(catalog, constraints, drops)
    left = room.bytes_left
    chosen: dict[Index, list[tuple[WeightedQuery, float, float]]] = {}
    for query in workload.queries:
        if query.query.kind is StatementKind.INSERT:
            continue
        uses = table_uses(query.query, catalog)
        promising = [
            (index, scan, lookup)
            for index in candidates(query.query, catalog, constraints)
            for scan, lookup in _pages(index, catalog.tables[index.table_name], uses, catalog)
        ]
        if not promising:
            continue
        index, scan, lookup = min(promising, key=lambda each: each[2])
        if index not in chosen:
            size = estimate_size(index, catalog)
            places = room.free_slots(index.table_name) - sum(other.table_name == index.table_name for other in chosen)
            if places <= 0 or (left is not None and size > left):
                continue
            left = None if left is None else left - size
        chosen.setdefault(index, []).append((query, scan, lookup))
    creates = [
        _create(index, helped, catalog, upkeep_of(index, catalog, writes), workload.hours)
        for index, helped in chosen.items()
    ]
    before = sum(query.weight * scan for helped in chosen.values() for query, scan, _ in helped)
    after = sum(query.weight * lookup for helped in chosen.values() for query, _, lookup in helped)
    advice = Advice(
        changes=(*first_by_priority(creates), *drops),
        cost_before=before,
        cost_after=after,
        left_out=workload.left_out,
        notes=("No plan has confirmed this advice: it comes from statistics alone.",),
    )
    return add_unplanned(advice, workload, catalog, constraints)


def _pages(index: Index, table: Table, uses: Iterable[TableUse], catalog: Catalog) -> Iterable[tuple[float, float]]:
    """Pages read by a scan and by the index, where the index is worth it."""
    scan = table.bytes / PAGE_BYTES
    own = (use for use in uses if table.name in catalog.with_beneath({use.table}))
    share = min((_share_left(index.columns, use, table) for use in own), default=1.0)
    if scan < LARGE_ENOUGH or share > FEW_ROWS:
        return []
    return [(scan, ceil(share * max(table.rows, 1.0)) + 3.0)]


def _share_left(keys: Sequence[IndexColumn], use: TableUse, table: Table) -> float:
    """Share of the rows that the conditions on the leading keys leave: those compared by equality, or a first one that is by a range."""
    share = 1.0
    for place, key in enumerate(keys):
        name = key.column or key.expression
        if name in use.equal or name in use.joined:
            share *= _share(table.columns.get(key.column or ""), table.rows)
            continue
        if place == 0 and name in (*use.loose, *use.ranged, *use.prefixed, *(first for first, *_ in use.rows)):
            return UNKNOWN_SHARE
        break
    return share


def _share(column: Column | None, rows: float) -> float:
    """Share of the rows that an equality on the column leaves."""
    if column is None or column.n_distinct is None or column.n_distinct == 0:
        return UNKNOWN_SHARE
    distinct = column.n_distinct if column.n_distinct > 0 else -column.n_distinct * max(rows, 1.0)
    return 1.0 / max(distinct, 1.0)


def _create(
    index: Index,
    helped: list[tuple[WeightedQuery, float, float]],
    catalog: Catalog,
    upkeep: float,
    hours: float | None,
) -> AdvisedChange:
    period = hours or 1.0
    queries = tuple(
        HelpedQuery(
            fingerprint=query.query.fingerprint,
            text=query.query.text,
            calls_per_hour=query.weight / period,
            mean_ms=query.load.mean_ms if query.load else 0.0,
            cost_before=scan,
            cost_after=lookup,
        )
        for query, scan, lookup in helped
    )
    saved = sum(
        query.load.total_ms / 1000 * max(1 - lookup / scan, 0.0) for query, scan, lookup in helped if query.load
    )
    before = sum(query.weight * scan for query, scan, _ in helped)
    after = sum(query.weight * lookup for query, _, lookup in helped)
    seconds = sum(query.load.total_ms / 1000 for query, _, _ in helped if query.load)
    priority = net_saving(before - after, saved, upkeep, seconds / before if before > 0 else 0.0) / period
    return AdvisedChange(
        action=Action.CREATE,
        index=index,
        evidence=Evidence(
            validated=False,
            cost_before=before / period,
            cost_after=after / period,
            saved_seconds_per_hour=saved / period,
            size_bytes=estimate_size(index, catalog),
            write_cost=upkeep / period,
            queries=queries[:SHOWN_QUERIES],
            more_queries=max(len(queries) - SHOWN_QUERIES, 0),
            reason="By statistics alone, without a plan: its leading columns leave few rows of a large table.",
            risk=Risk.MEDIUM,
            risk_reason="No plan has confirmed that the planner would use the index.",
            priority=round(priority, 3),
        ),
    )
