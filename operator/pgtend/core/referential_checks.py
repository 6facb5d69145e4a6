"""What foreign keys make of a DELETE: for each row that goes, a look for the rows that reference it.

A trigger does it, so that it is in no plan of the DELETE, while its time and blocks are counted with the DELETE's. It runs
``SELECT 1 FROM ONLY child x WHERE $1 = fk FOR KEY SHARE OF x``, or to cascade a DELETE or an UPDATE with the same condition
(src/backend/utils/adt/ri_triggers.c). An UPDATE does the same for each row whose referenced key it changes. Here each such look is a
statement of the workload, planned like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from pgtend.core.parts import is_indexable, parts_in_use
from pgtend.core.plan_variants import whole_statements
from pgtend.core.statement import read_statement, shorten
from pgtend.domain.catalog import PAGE_BYTES, Catalog, ForeignKey, ReferentialAction, RelationKind
from pgtend.domain.index import AccessMethod, ComparisonOperator, Index, TableName
from pgtend.domain.workload import Load, Query, StatementKind, WeightedQuery, Workload

MOST_CHECKS = 200
"""Checks that are planned, those that read the most blocks."""
BLOCKS_OF_LOOKUP = 4.0
"""Blocks that a look through an index reads: three levels, and a row's page."""

_CHECKED = (StatementKind.DELETE, StatementKind.UPDATE)
_KEY_CHANGED = 0.5
"""Share of the blocks that its checks would read with which at least an UPDATE must be counted to be taken for one that changes keys."""
_SHOWN = 60
"""Characters of the statement that are shown before the words on the foreign key."""


@dataclass(frozen=True, kw_only=True)
class _Check:
    """The checks of one foreign key in all runs of a statement."""

    key: ForeignKey
    statement: WeightedQuery
    rows: float
    """Rows that are looked for."""
    blocks: float
    """Blocks that all looks together read, roughly."""
    share: float
    """Of the statement's time."""


def with_referential_checks(workload: Workload, catalog: Catalog) -> Workload:
    """The workload with the checks of foreign keys as statements of their own, which bear the fingerprint of the one that causes them.

    Each weighs the rows that were deleted, or a row for each call where that was not counted. Of the time of a statement the checks
    have the share that their blocks have of those counted, so that no time counts twice. An UPDATE may set a key to what it was, and
    then nothing is checked: one that was counted with far fewer blocks than its checks would have read is taken to have done so.
    """
    blocks_of_look = {key: _blocks_of(key, catalog) for key in catalog.foreign_keys if _may_get_index(key, catalog)}
    if not blocks_of_look:
        return workload
    checks: list[_Check] = []
    spent: dict[str, float] = {}
    writing = (each for each in (*workload.queries, *workload.unplanned) if each.query.kind in _CHECKED)
    for statement in whole_statements(writing).values():
        rows = _rows(statement)
        blocks = {key: rows * each for key, each in blocks_of_look.items() if _is_checked(key, statement.query)}
        expected = sum(blocks.values())
        if expected <= 0:
            continue
        counted = statement.load.blocks_hit + statement.load.blocks_read if statement.load else 0
        if statement.query.kind is StatementKind.UPDATE and 0 < counted < _KEY_CHANGED * expected:
            continue
        share = min(expected / counted, 1.0) if counted else 1.0
        spent[statement.id] = share
        checks += [
            _Check(key=key, statement=statement, rows=rows, blocks=each, share=each / expected * share)
            for key, each in blocks.items()
        ]
    checks.sort(key=lambda each: (-each.blocks, each.statement.id, str(each.key.table), each.key.name))
    derived = [_weighted(each, query) for each in checks[:MOST_CHECKS] if (query := _query(each, catalog)) is not None]
    return replace(
        workload,
        queries=(*(_without(each, spent) for each in workload.queries), *derived),
        unplanned=tuple(_without(each, spent) for each in workload.unplanned),
    )


def tables_checked(query: Query, catalog: Catalog) -> frozenset[TableName]:
    """The tables that running it looks through for the sake of foreign keys; it names none of them."""
    return catalog.with_beneath(key.table for key in catalog.foreign_keys if _is_checked(key, query))


def serves(index: Index, columns: Sequence[str]) -> bool:
    """Whether a B-tree begins with these columns, in any order, for all rows that have values in them."""
    names = [key.column for key in index.columns[: len(columns)]]
    partial = any(
        each.operator is not ComparisonOperator.IS_NOT_NULL or each.column not in columns for each in index.predicate
    )
    return index.method is AccessMethod.BTREE and not partial and set(names) == set(columns)


def _may_get_index(key: ForeignKey, catalog: Catalog) -> bool:
    table = catalog.tables.get(key.table)
    if table is None:
        return False
    return is_indexable(table) or bool(table.kind is RelationKind.PARTITIONED_TABLE and parts_in_use(table, catalog))


def _is_checked(key: ForeignKey, query: Query) -> bool:
    """Whether the statement may take away or change what the foreign key references."""
    if query.target != key.parent:
        return False
    if query.kind is StatementKind.UPDATE:
        return not query.assigned.isdisjoint(key.referenced)
    return query.kind is StatementKind.DELETE


def _rows(statement: WeightedQuery) -> float:
    return statement.weight if statement.load is None else float(statement.load.rows)


def _blocks_of(key: ForeignKey, catalog: Catalog) -> float:
    served = any(
        each.table == key.table and each.valid and each.index is not None and serves(each.index, key.columns)
        for each in catalog.indexes
    )
    if served:
        return BLOCKS_OF_LOOKUP
    table = catalog.tables[key.table]
    parts = catalog.with_beneath({key.table}) if table.kind is RelationKind.PARTITIONED_TABLE else {key.table}
    return sum(catalog.tables[each].bytes for each in parts if each in catalog.tables) / PAGE_BYTES


def _query(check: _Check, catalog: Catalog) -> Query | None:
    """What the trigger looks for, of a partitioned table without ONLY; as it locks or changes the rows, it has to visit them."""
    key = check.key
    table = exp.Table(
        this=exp.to_identifier(key.table.table, quoted=True),
        db=exp.to_identifier(key.table.schema, quoted=True),
        only=catalog.tables[key.table].kind is not RelationKind.PARTITIONED_TABLE,
    )
    conditions = [
        exp.EQ(this=exp.column(name, quoted=True), expression=exp.Parameter(this=exp.Literal.number(number)))
        for number, name in enumerate(key.columns, start=1)
    ]
    text = exp.select("ctid").from_(table).where(*conditions).sql(dialect="postgres")
    query = read_statement(text, catalog, ())
    if not isinstance(query, Query):
        return None
    return replace(query, fingerprint=check.statement.query.fingerprint, text=_described(check))


def _described(check: _Check) -> str:
    key, deletes = check.key, check.statement.query.kind is StatementKind.DELETE
    action = key.on_delete if deletes else key.on_update
    does = "check" if action in (ReferentialAction.NO_ACTION, ReferentialAction.RESTRICT) else action.value
    per = "row deleted" if deletes else "key changed"
    text = shorten(check.statement.query.text, _SHOWN)
    return f"{text}: {does} of foreign key {key.name} on {key.table} ({', '.join(key.columns)}) for each {per}"


def _weighted(check: _Check, query: Query) -> WeightedQuery:
    known = check.statement.load
    return WeightedQuery(
        id=f"{check.statement.id} ({check.key.name} on {check.key.table})",
        query=query,
        weight=check.rows,
        load=None
        if known is None
        else Load(
            calls=max(round(check.rows), 1), total_ms=known.total_ms * check.share, blocks_hit=round(check.blocks)
        ),
    )


def _without(each: WeightedQuery, spent: dict[str, float]) -> WeightedQuery:
    """The statement without the time that its checks took."""
    if each.load is None or each.statement not in spent:
        return each
    return replace(each, load=replace(each.load, total_ms=each.load.total_ms * (1 - spent[each.statement])))
