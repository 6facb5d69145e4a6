"""Advice without a planner: by the statistics alone, marked as not validated.

Used where hypothetical indexes cannot be planned. An index is worth proposing for a query when what the query compares with its leading
columns leaves few rows of a table that is large enough for a scan to hurt; cost is counted in pages read. An order alone narrows
nothing down, so no column leads an index because rows are sorted by it. Each use of a table gets the one index that leaves the fewest
rows, and none where one that is there or advised already reads no more pages: whoever follows the advice and asks again gets no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf

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
from pgtend.domain.index import AccessMethod, Index, IndexColumn, TableName
from pgtend.domain.recommendation import SHOWN_QUERIES, Action, Evidence, HelpedQuery, Risk
from pgtend.domain.workload import StatementKind, WeightedQuery, Workload

LARGE_ENOUGH = 100
"""Pages of a table below which a scan is not worth an index."""
FEW_ROWS = 0.05
"""Share of the rows that the leading columns may leave."""
UNKNOWN_SHARE = 0.005
"""DEFAULT_EQ_SEL of selfuncs.h, where nothing is known of a column, and DEFAULT_RANGE_INEQ_SEL, for a range that leads."""
RANGE_AFTER = 1 / 3
"""DEFAULT_INEQ_SEL of selfuncs.h: for a range behind what is compared by equality."""


def advise_unvalidated(workload: Workload, catalog: Catalog, constraints: Constraints) -> Advice:
    """The best candidate for each use of a table that its statistics speak for, as long as budget and places last."""
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
        for index, scan, lookup in _wanted(query, catalog, constraints, list(chosen)):
            if index not in chosen:
                size = estimate_size(index, catalog)
                places = room.free_slots(index.table_name) - sum(
                    other.table_name == index.table_name for other in chosen
                )
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


def _wanted(
    query: WeightedQuery, catalog: Catalog, constraints: Constraints, chosen: Sequence[Index]
) -> list[tuple[Index, float, float]]:
    """The index that each use of a table should have and has not, one of ``chosen`` where it does; with the pages of a scan and by the index.

    What a predicate, included columns or BRIN would add only a plan can tell, so no such index is thought of.
    """
    uses = table_uses(query.query, catalog)
    by_table: dict[TableName, list[Index]] = {}
    for index in candidates(query.query, catalog, constraints):
        if index.method is AccessMethod.BTREE and not index.predicate and not index.include:
            by_table.setdefault(index.table_name, []).append(index)
    found: dict[Index, tuple[float, float]] = {}
    for use in uses:
        beneath = catalog.with_beneath({use.table})
        for name, thought_of in by_table.items():  # a set of names would come in another order in each process
            if name not in beneath:
                continue
            table = catalog.tables[name]
            share, best = min(
                ((_share_left(index.columns, use, table), index) for index in thought_of),
                key=lambda each: (each[0], len(each[1].columns)),
            )
            scan, lookup = table.bytes / PAGE_BYTES, _pages(share, table)
            if scan < LARGE_ENOUGH or share > FEW_ROWS:
                continue
            there = (each.index for each in catalog.indexes_of(name) if each.index and each.valid and each.ready)
            if any(_pages_by(index, use, table) <= lookup for index in there):
                continue
            own = [index for index in chosen if index.table_name == name]
            alike = next((index for index in own if _pages_by(index, use, table) <= lookup), None)
            if alike is not None:
                best, lookup = alike, _pages_by(alike, use, table)
            found.setdefault(best, (scan, lookup))
    return [(index, scan, lookup) for index, (scan, lookup) in found.items()]


def _pages(share: float, table: Table) -> float:
    """Pages read by an index whose leading keys leave this share of the rows."""
    return ceil(share * max(table.rows, 1.0)) + 3.0


def _pages_by(index: Index, use: TableUse, table: Table) -> float:
    """Pages that a use reads by an index; infinite where it cannot search it."""
    if index.method is not AccessMethod.BTREE or not set(index.predicate) <= set(use.conditions):
        return inf
    return _pages(_share_left(index.columns, use, table), table)


def _share_left(keys: Sequence[IndexColumn], use: TableUse, table: Table) -> float:
    """Share of the rows that the conditions on the leading keys leave: those compared by equality, and one after them that is by a range."""
    share = 1.0
    for place, key in enumerate(keys):
        name = key.column or key.expression
        if key.collation is not None:
            break
        if name in use.equal or name in use.joined:
            share *= _share(table.columns.get(key.column or ""), table.rows)
            continue
        is_ranged = key.opclass is None and name in (*use.loose, *use.ranged, *(first for first, *_ in use.rows))
        if is_ranged or (name in use.prefixed and _serves_prefixes(key, table)):
            return share * (UNKNOWN_SHARE if place == 0 else RANGE_AFTER)
        break
    return share


def _serves_prefixes(key: IndexColumn, table: Table) -> bool:
    """Whether LIKE 'x%' can be looked for."""
    return key.opclass is not None or all(
        name in table.columns and table.columns[name].sorts_by_bytes for name in key.names
    )


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
