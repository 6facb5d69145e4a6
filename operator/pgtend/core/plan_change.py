"""How a plan changes, in one line: ``Seq Scan on bookings → Index Scan, filter on 1.0 M rows gone``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgtend.domain.catalog import Catalog
from pgtend.domain.plan import PlanNode, PlanShape

LONGEST = 200
SCANS_TOLD = 2
_JOINS = ("Nested Loop", "Hash Join", "Merge Join")
_WORTH_TELLING = 1000.0
"""Rows from which on a filter that goes is told."""


def describe_plan_change(before: PlanShape, after: PlanShape, catalog: Catalog) -> str:
    """What becomes of the scans and joins; empty where nothing does, or where the plans are not known."""
    text = "; ".join(dict.fromkeys(_changes(before, after, catalog)))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _changes(before: PlanShape, after: PlanShape, catalog: Catalog) -> Iterator[str]:
    scans = list(_scans(before, after))
    scans.sort(key=lambda pair: -pair[0].cost * pair[0].loops)
    for old, new in scans[:SCANS_TOLD]:
        gone = _rows_filtered(old, catalog)
        filter_goes = old.kind == "Seq Scan" and old.filtered and gone >= _WORTH_TELLING
        yield f"{_scan(old)} → {new.kind}{_by(new)}" + (f", filter on {count(gone)} rows gone" if filter_goes else "")
    lost, won = _joins(before) - _joins(after), _joins(after) - _joins(before)
    for kind, other in zip(sorted(lost.elements()), sorted(won.elements()), strict=False):
        yield f"{kind} → {other}"
    if _kinds(before)["Sort"] > _kinds(after)["Sort"]:
        yield "Sort gone"


def _scans(before: PlanShape, after: PlanShape) -> Iterator[tuple[PlanNode, PlanNode]]:
    """The scans of one table of the statement, where they differ."""
    now = {node.alias: (node, _index_of(after, place)) for place, node in enumerate(after) if node.relation}
    for place, node in enumerate(before):
        if node.relation and node.alias in now:
            new, index = now[node.alias]
            if (node.kind, _index_of(before, place)) != (new.kind, index):
                yield node, new


def _index_of(shape: PlanShape, place: int) -> object:
    node = shape[place]
    if node.kind == "Bitmap Heap Scan":
        below = shape[place + 1 : place + 2]
        return below[0].index if below else None
    return node.index


def _rows_filtered(node: PlanNode, catalog: Catalog) -> float:
    rows = max((table.rows for name, table in catalog.tables.items() if name.table == node.relation), default=0.0)
    return rows * max(node.loops, 1.0)


def _scan(node: PlanNode) -> str:
    return f"{node.kind} on {node.relation}{_by(node)}"


def _by(node: PlanNode) -> str:
    return f" using {node.index}" if isinstance(node.index, str) else ""


def _joins(shape: PlanShape) -> Counter[str]:
    return Counter({kind: number for kind, number in _kinds(shape).items() if kind in _JOINS})


def _kinds(shape: PlanShape) -> Counter[str]:
    return Counter(node.kind for node in shape)


def count(number: float) -> str:
    """Rows as people say them.

    >>> [count(value) for value in (12, 1234, 56_000, 1_000_000, 2.5e9)]
    ['12', '1.2 k', '56 k', '1.0 M', '2.5 G']
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f} {unit}" if number < 10 * size else f"{number / size:.0f} {unit}"
    return f"{number:.0f}"
