"""What a plan is taken to cost: the planner's cost, and what it leaves out of fetching rows by an index.

Postgres charges an index scan on the inner side of a nested loop for a share of the pages that all its runs together would
read. It shares them over the rows of the whole table that the searched-for values come from, before that table's conditions and
joins (``get_loop_count`` in src/backend/optimizer/path/indxpath.c). Where few of these rows are left, each run is charged far too
little, and nested loops over tens of thousands of rows look cheaper than the hash join that they replace. On TPC-H these
are the plans by which queries get slower.

So the pages are counted again here, for the runs that there will be, by the formula that Postgres uses itself (Mackert and
Lohman 1989, ``index_pages_fetched``): cold, and in random order unless the searched-for values come in the order in which
the rows lie. A third of what comes of it beyond the planner's charge is added. Measured on 106 plans of TPC-H and 63 of a
marketplace: with that third the plans that ran slower than without indexes cost more than these by price, and the faster
ones less, but for a few near the line; with none of it every slower one looked good, from 0.4 on many faster ones did not
(docs/decisions/2026-11-24-price-of-plans.md).

HypoPG gives its indexes no height, so that the planner charges nothing for the pages above their leaves, and takes a hypothetical
twin of a primary key for cheaper than the primary key (a lookup of 8.07 instead of 8.44). What a real index of that size is
charged for each search is added.

What a Memoize keeps is looked up once for each value, so there are no more runs below it than its key has values.

A long scan of an index whose order is nearly that of the rows is charged as if they lay side by side; they only lie near each
other, and fetching each takes several times what the planner charges for a row (such a plan took 2.3 times as long as a full scan).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import inf, sqrt

from pgtend.core.btree_costs import ENTRIES_A_PAGE, RANDOM_PAGE_COST, SEQ_PAGE_COST, descent_cost
from pgtend.domain.advice import PlanCost
from pgtend.domain.catalog import PAGE_BYTES, Catalog, Table
from pgtend.domain.index import AccessMethod, Index
from pgtend.domain.plan import PlanNode, PlanShape

COLD_SHARE = 1 / 3
"""Share of the pages beyond the planner's charge that are taken to come from outside memory."""
CPU_OF_RUN = 0.55
CPU_OF_ROW = 0.0175
"""What the planner charges for descending a B-tree of three levels, and for each row found: its default cpu costs."""
LONG_SCAN = 1000.0
"""Rows from which on a single index scan is looked at."""
CPU_OF_FETCH = 0.06
"""Cost of finding a row's page in memory when it is not the page of the row before."""
LYING_SIDE_BY_SIDE = 16
"""Power of a correlation that says how far neighbours in the index lie on the same page: 0.98 means three quarters, 0.8 next to none."""

SURELY_KEPT = 10_000.0
"""Rows that a Memoize has memory for in any case (work_mem is 4 MB unless set, and a hash table may take twice that)."""

_LOOKUPS = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan"})
_IN_HEAP_ORDER = frozenset({"Seq Scan", "Bitmap Heap Scan"})
_BLOCKING = frozenset({"Sort", "Hash", "Materialize"})


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """An index scan that runs many times in one plan, or once over many rows."""

    node: PlanNode
    runs: float
    """Estimated, over the whole plan."""
    fetched: float
    """Rows that one run fetches, before the conditions that the index does not serve."""
    pages: float
    """Pages that all runs read."""
    in_order: float
    """0 when the pages come in random order, 1 when they come as they lie."""
    extra: float
    """Cost that is added to the planner's."""


Lookups = Callable[[PlanShape], tuple[Lookup, ...]]


def price_with(lookups: Lookups, catalog: Catalog) -> Callable[[PlanCost], float]:
    """The price of a plan, in the planner's units: never less than its cost, and just that without a shape."""

    tables = _by_plain_name(catalog)

    def price(answer: PlanCost) -> float:
        extras = sum(lookup.extra for lookup in lookups(answer.shape))
        return answer.cost + extras + _descents(answer.shape, catalog, tables)

    return price


def lookups_in(catalog: Catalog) -> Lookups:
    """What finds the repeated lookups of a plan on this catalog."""
    tables = _by_plain_name(catalog)
    existing = {each.name: each.index for each in catalog.indexes if each.index is not None}

    def lookups(shape: PlanShape) -> tuple[Lookup, ...]:
        return tuple(_lookups(shape, tables, existing))

    return lookups


def _by_plain_name(catalog: Catalog) -> dict[str, Table]:
    """A plan names no schema; of several tables the largest is assumed."""
    tables: dict[str, Table] = {}
    for table in catalog.tables.values():
        known = tables.get(table.name.table)
        if known is None or known.rows < table.rows:
            tables[table.name.table] = table
    return tables


def _descents(shape: PlanShape, catalog: Catalog, tables: Mapping[str, Table]) -> float:
    """What the plan's hypothetical indexes are spared and real ones are not."""
    hypothetical = [
        (number, node.searches * _descent(node.index, table))
        for number, node in enumerate(shape)
        if isinstance(node.index, Index) and (table := catalog.tables.get(node.index.table_name)) is not None
    ]
    if not hypothetical:
        return 0.0
    parents = _parents(shape)
    shares, loops = _shares_run(shape, parents), _loops(shape, parents, tables)
    return sum(shares[number] * loops[number] * spared for number, spared in hypothetical)


def _descent(index: Index | str | None, table: Table) -> float:
    """What a search of a hypothetical index is not charged: the way from its root to a leaf. Nothing for an existing one."""
    if not isinstance(index, Index) or index.method is not AccessMethod.BTREE:
        return 0.0
    return descent_cost(table.rows)


def _lookups(shape: PlanShape, tables: Mapping[str, Table], existing: Mapping[str, Index]) -> Iterator[Lookup]:
    parents = _parents(shape)
    shares, loops = _shares_run(shape, parents), _loops(shape, parents, tables)
    for number, node in enumerate(shape):
        runs = loops[number] * shares[number]
        table = tables.get(node.relation)
        if node.kind not in _LOOKUPS or table is None:
            continue
        if node.loops <= 1:
            if node.kind == "Index Scan" and node.rows * shares[number] >= LONG_SCAN:
                yield _long_scan(node, shares[number], table, existing)
            continue
        search = node
        if node.kind == "Bitmap Heap Scan":
            below = [each for place, each in enumerate(shape) if parents[place] == number]
            if len(below) != 1 or below[0].index is None:
                continue
            search = below[0]
        index = existing.get(search.index) if isinstance(search.index, str) else search.index
        fetched = max(node.rows, _rows_fetched(search, index, table))
        if node.kind == "Index Only Scan":
            size = max(table.rows / ENTRIES_A_PAGE, 1.0)
            pages = pages_read(size, runs * max(fetched / ENTRIES_A_PAGE, 1.0))
        else:
            pages = pages_read(max(table.bytes / PAGE_BYTES, 1.0), runs * fetched)
        charged = (
            max(node.cost + search.searches * _descent(search.index, table) - CPU_OF_RUN - CPU_OF_ROW * fetched, 0.0)
            * runs
        )
        in_order = _order(number, search, index, shape, parents, tables, existing)
        if node.kind != "Index Only Scan":
            in_order *= _correlation(table, index) ** 2
        page = in_order * SEQ_PAGE_COST + (1 - in_order) * RANDOM_PAGE_COST
        yield Lookup(
            node=node,
            runs=runs,
            fetched=fetched,
            pages=pages,
            in_order=in_order,
            extra=COLD_SHARE * max(pages * page - charged, 0.0),
        )


def _long_scan(node: PlanNode, share: float, table: Table, existing: Mapping[str, Index]) -> Lookup:
    index = existing.get(node.index) if isinstance(node.index, str) else node.index
    fetched = _rows_fetched(node, index, table)
    in_order = abs(_correlation(table, index)) ** LYING_SIDE_BY_SIDE
    pages = pages_read(max(table.bytes / PAGE_BYTES, 1.0), fetched)
    page = in_order * SEQ_PAGE_COST + (1 - in_order) * RANDOM_PAGE_COST
    charged = max(node.cost - CPU_OF_RUN - CPU_OF_ROW * fetched, 0.0)
    extra = COLD_SHARE * max(pages * page - charged, 0.0) + CPU_OF_FETCH * fetched * (1 - in_order)
    return Lookup(node=node, runs=1.0, fetched=fetched, pages=pages, in_order=in_order, extra=share * extra)


def pages_read(pages: float, rows: float) -> float:
    """Distinct pages of a relation of so many ``pages`` that so many ``rows`` picked anywhere lie on (Mackert and Lohman 1989)."""
    return min(2 * pages * rows / (2 * pages + rows), pages) if rows > 0 else 0.0


def _parents(shape: PlanShape) -> list[int]:
    """The place of the node above each node; -1 at the root."""
    parents: list[int] = []
    path: list[int] = []
    for number, node in enumerate(shape):
        del path[node.depth :]
        parents.append(path[-1] if path else -1)
        path.append(number)
    return parents


def _loops(shape: PlanShape, parents: list[int], tables: Mapping[str, Table]) -> list[float]:
    """Runs of each node: below a Memoize no more than its key has values, in each run of its join."""
    parts: list[float] = []
    for number, node in enumerate(shape):
        part = parts[parents[number]] if parents[number] >= 0 else 1.0
        if node.kind == "Memoize" and parents[number] >= 0:
            values = _values_kept(node, shape, tables)
            part *= min(values * shape[parents[number]].loops / max(node.loops, 1.0), 1.0)
        parts.append(part)
    return [node.loops * part for node, part in zip(shape, parts, strict=True)]


def _values_kept(memoize: PlanNode, shape: PlanShape, tables: Mapping[str, Table]) -> float:
    """Distinct values of a Memoize's key where they are known and all that is kept for them has room; infinite otherwise."""
    if memoize.given_by is None:
        return inf
    alias, name = memoize.given_by
    table = next((tables[node.relation] for node in shape if node.alias == alias and node.relation in tables), None)
    column = table.columns.get(name) if table is not None else None
    if table is None or column is None or not column.n_distinct:
        return inf
    values = column.n_distinct if column.n_distinct > 0 else -column.n_distinct * table.rows
    return max(values, 1.0) if values * max(memoize.rows, 1.0) <= SURELY_KEPT else inf


def _shares_run(shape: PlanShape, parents: list[int]) -> list[float]:
    """The share of each node's rows that is asked for: less than one below a LIMIT that nothing under it holds up."""
    shares: list[float] = []
    for number, node in enumerate(shape):
        parent = parents[number]
        if parent < 0:
            shares.append(1.0)
            continue
        above = shape[parent]
        if above.kind == "Limit":
            rest = node.cost - node.startup
            share = min(max((above.cost - node.startup) / rest, 0.0), 1.0) if rest > 0 else 1.0
            shares.append(shares[parent] * share)
        elif above.kind in _BLOCKING or above.startup >= node.cost * max(node.loops / max(above.loops, 1.0), 1.0):
            shares.append(1.0)
        else:
            shares.append(shares[parent])
    return shares


def _rows_fetched(search: PlanNode, index: Index | None, table: Table) -> float:
    """Rows that one search fetches: the planner's estimate, or more where distinct values say more.

    A filter hides how many rows the search itself finds. And the planner takes the columns of several equalities as
    independent: the rows are put halfway (geometrically) between that and the most selective column alone.
    """
    estimated = max(search.rows, 1.0)
    if index is None or search.equalities == 0:
        return estimated
    alone, together = table.rows, table.rows
    for key in index.columns[: search.equalities]:
        column = table.columns.get(key.column or "")
        if column is None or not column.n_distinct:
            return estimated
        distinct = column.n_distinct if column.n_distinct > 0 else -column.n_distinct * table.rows
        alone = min(alone, table.rows / max(distinct, 1.0))
        together /= max(distinct, 1.0)
    if search.filtered:
        estimated = max(estimated, together)
    whole_key = index.unique and search.equalities >= len(index.columns)
    return estimated if search.equalities < 2 or whole_key else max(sqrt(estimated * max(alone, 1.0)), estimated)


def _order(
    number: int,
    search: PlanNode,
    index: Index | None,
    shape: PlanShape,
    parents: list[int],
    tables: Mapping[str, Table],
    existing: Mapping[str, Index],
) -> float:
    """How far the searched-for values come in the order of the index's first key: 0 not at all, 1 in full."""
    if search.given_by is None or index is None or index.method is not AccessMethod.BTREE:
        return 0.0
    alias, column = search.given_by
    driver = _driver(number, shape, parents)
    if driver is None or driver.alias != alias or (table := tables.get(driver.relation)) is None:
        return 0.0
    by_heap = _correlation_of(table, column)
    if driver.kind in _IN_HEAP_ORDER:
        return by_heap**2
    used = existing.get(driver.index) if isinstance(driver.index, str) else driver.index
    if used is None or driver.loops > 1:
        return 0.0
    if used.columns[0].column == column:
        return 1.0
    return (by_heap * _correlation(table, used)) ** 2


def _driver(number: int, shape: PlanShape, parents: list[int]) -> PlanNode | None:
    """The scan whose rows, in their order, set off the runs of a node: the outermost one beside it."""
    inner = number
    while parents[inner] >= 0:
        parent = parents[inner]
        if shape[inner].relationship == "SubPlan":
            return shape[parent]
        if shape[parent].kind == "Nested Loop" and shape[inner].relationship == "Inner":
            place = parent + 1  # the outer side comes right after the join
            while place < len(shape) and not shape[place].relation:
                if shape[place].kind in ("Sort", "Aggregate", "Append", "Merge Append"):
                    return None
                place += 1
            return shape[place] if place < inner else None
        inner = parent
    return None


def _correlation(table: Table, index: Index | None) -> float:
    return _correlation_of(table, index.columns[0].column or "") if index is not None else 0.0


def _correlation_of(table: Table, column: str) -> float:
    known = table.columns.get(column)
    return (known.correlation or 0.0) if known is not None else 0.0
