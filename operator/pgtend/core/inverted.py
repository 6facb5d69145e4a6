"""GIN indexes for conditions on the parts of values: words of a text, elements of an array, keys of a document, pieces of text.

No B-tree serves these, and HypoPG cannot simulate GIN: such advice rests on statistics alone, stands beside what planning
chose, and is marked as not validated, so that a person has to approve it whatever the policy's mode. Costs are counted in pages read, as
in ``rule_of_thumb``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import ceil

from pgtend.core.parts import is_indexable
from pgtend.core.priority import first_by_priority, net_saving
from pgtend.core.room import Room
from pgtend.core.size import estimate_size
from pgtend.core.sql.inverted_usage import InvertedUse, Part
from pgtend.core.sql.usage import TableUse, table_uses
from pgtend.core.upkeep import upkeep_of, writes_of
from pgtend.domain.advice import Advice, AdvisedChange, Constraints
from pgtend.domain.catalog import PAGE_BYTES, Catalog, ExistingIndex, Table
from pgtend.domain.index import AccessMethod, Index, IndexColumn
from pgtend.domain.recommendation import SHOWN_QUERIES, Action, Evidence, HelpedQuery, Risk
from pgtend.domain.workload import StatementKind, WeightedQuery, Workload

LARGE_ENOUGH = 1_000
"""Pages of a table below which reading it as a whole is not worth such an index."""
SHARES = {Part.WORD: 0.001, Part.ELEMENT: 0.005, Part.DOCUMENT: 0.005, Part.KEY: 0.01, Part.PIECE: 0.005}
"""Share of the rows that a condition is taken to leave: DEFAULT_TS_MATCH_SEL, DEFAULT_CONTAIN_SEL, DEFAULT_MATCH_SEL of PostgreSQL."""
_DOUBT = 0.1
"""Share by which such an index may turn out larger than estimated: a storage budget keeps room for it."""
_DESCENT = 4.0
"""Pages of the index that a lookup reads."""
_INVERTED = (AccessMethod.GIN, AccessMethod.GIST, AccessMethod.SPGIST)


@dataclass(frozen=True, kw_only=True)
class _Helped:
    """A query that would gain, with the pages that it reads of the table without and with the index."""

    query: WeightedQuery
    before: float
    after: float


def add_inverted(advice: Advice, workload: Workload, catalog: Catalog, constraints: Constraints) -> Advice:
    """The advice with the GIN indexes that the statistics speak for, within what budget and places it leaves."""
    if constraints.plain_only:
        return advice
    created = [change for change in advice.changes if change.action is Action.CREATE]
    there = [each.index for each in catalog.indexes if each.index is not None and each.valid]
    found = _helped_queries(workload, catalog, constraints, [*there, *(change.index for change in created)])
    room = Room(catalog, constraints, advice.changes)
    left = room.bytes_left
    writes = writes_of(workload, catalog)
    added: list[AdvisedChange] = []
    for index, (part, helped) in found.items():
        table = catalog.tables[index.table_name]
        size = estimate_size(index, catalog)
        places = room.free_slots(index.table_name)
        places -= sum(change.index.table_name == index.table_name for change in added)
        most = ceil(size * (1 + _DOUBT))
        if places <= 0 or (left is not None and most > left):
            continue
        left = None if left is None else left - most
        upkeep = upkeep_of(index, catalog, writes) / (workload.hours or 1.0)
        added.append(_change(index, part, helped, table, size, upkeep, workload.hours))
    drops = [change for change in advice.changes if change.action is not Action.CREATE]
    return replace(advice, changes=(*first_by_priority([*created, *added]), *drops)) if added else advice


def inverted_index(use: InvertedUse, table: Table, catalog: Catalog) -> Index | None:
    """The GIN index that serves a condition, None where its operator class is of an extension that is not there."""
    opclass = None
    if use.part is Part.DOCUMENT:
        opclass = "jsonb_path_ops"  # smaller than the default class, and all that @> needs
    elif use.part is Part.PIECE:
        schema = next(
            (name.rpartition(".")[0] for name in sorted(catalog.extension_functions) if _is_trigram(name)), None
        )
        if schema is None:
            return None
        opclass = f"{schema}.gin_trgm_ops"
    key = (
        IndexColumn(column=use.key, opclass=opclass)
        if isinstance(use.key, str)
        else IndexColumn(expression=use.key, opclass=opclass)
    )
    virtual = any(table.columns[name].virtual for name in key.names)
    name = table.name
    return None if virtual else Index(schema=name.schema, table=name.table, columns=(key,), method=AccessMethod.GIN)


def _is_trigram(function: str) -> bool:
    return function.rpartition(".")[2] == "show_trgm"


def _helped_queries(
    workload: Workload, catalog: Catalog, constraints: Constraints, indexes: list[Index]
) -> dict[Index, tuple[Part, list[_Helped]]]:
    found: dict[Index, tuple[Part, list[_Helped]]] = {}
    for query in workload.queries:
        if query.query.kind is StatementKind.INSERT:
            continue
        for use in table_uses(query.query, catalog):
            table = catalog.tables[use.table]
            pages = table.bytes / PAGE_BYTES
            if not is_indexable(table) or pages < LARGE_ENOUGH or _is_narrowed_otherwise(use, indexes):
                continue
            for each in use.inverted:
                index = inverted_index(each, table, catalog)
                if index is None or index in constraints.unwanted or _is_there(index, catalog.indexes_of(use.table)):
                    continue
                after = min(ceil(SHARES[each.part] * max(table.rows, 1.0)) + _DESCENT, pages)
                helped = found.setdefault(index, (each.part, []))[1]
                if after < pages and all(other.query is not query for other in helped):
                    helped.append(_Helped(query=query, before=pages, after=after))
    return {index: (part, helped) for index, (part, helped) in found.items() if helped}


def _is_narrowed_otherwise(use: TableUse, indexes: Iterable[Index]) -> bool:
    """Whether an index begins with what the use compares by equality: then few rows are left to look into."""
    sought = {*use.equal, *use.joined}
    return any(
        index.table_name == use.table and (index.columns[0].expression or index.columns[0].column) in sought
        for index in indexes
    )


def _is_there(index: Index, existing: Iterable[ExistingIndex]) -> bool:
    """Whether the key is in an index on parts of values already; one that the typed form cannot say counts where it names the columns."""
    key = index.columns[0]
    for each in existing:
        if each.index is None:
            if "USING btree" not in each.definition and all(name in each.definition for name in key.names):
                return True
        elif each.valid and each.index.method in _INVERTED:
            keys = [(other.column, other.expression) for other in each.index.columns]
            if (key.column, key.expression) in keys:
                return True
    return False


def _change(
    index: Index, part: Part, helped: list[_Helped], table: Table, size: int, upkeep: float, hours: float | None
) -> AdvisedChange:
    period = hours or 1.0
    helped.sort(key=lambda each: -each.query.weight)
    count = "One query looks" if len(helped) == 1 else f"{len(helped)} queries look"
    saved = sum(each.query.load.total_ms / 1000 * (1 - each.after / each.before) for each in helped if each.query.load)
    before = sum(each.query.weight * each.before for each in helped)
    after = sum(each.query.weight * each.after for each in helped)
    seconds = sum(each.query.load.total_ms / 1000 for each in helped if each.query.load)
    priority = net_saving((before - after) / period, saved / period, upkeep, seconds / before if before > 0 else 0.0)
    return AdvisedChange(
        action=Action.CREATE,
        index=index,
        evidence=Evidence(
            validated=False,
            cost_before=round(before / period, 2),
            cost_after=round(after / period, 2),
            saved_seconds_per_hour=round(saved / period, 3),
            size_bytes=size,
            write_cost=round(upkeep, 2),
            queries=tuple(_shown(each, period) for each in helped[:SHOWN_QUERIES]),
            more_queries=max(len(helped) - SHOWN_QUERIES, 0),
            reason=f"{count} for {part} within values of a table of {table.bytes / 1e6:.0f} MB, which no B-tree serves. "
            "By statistics alone: no what-if plan has tried it, for HypoPG does not simulate GIN, and its size is "
            "reckoned from a sample of values.",
            risk=Risk.MEDIUM,
            risk_reason="No plan has confirmed that the planner would use the index.",
            priority=round(priority, 3),
        ),
    )


def _shown(helped: _Helped, period: float) -> HelpedQuery:
    query = helped.query
    return HelpedQuery(
        fingerprint=query.query.fingerprint,
        text=query.query.text,
        calls_per_hour=round(query.weight / period, 1),
        mean_ms=round(query.load.mean_ms, 3) if query.load else 0.0,
        cost_before=helped.before,
        cost_after=helped.after,
    )
