"""Plans for tests, as shapes."""

from __future__ import annotations

from dataclasses import replace

from pgtend.domain.advice import PlanCost
from pgtend.domain.index import Index
from pgtend.domain.plan import PlanNode, PlanShape


def node(kind: str, rows: float, cost: float, *, startup: float = 0.0, loops: float = 1.0) -> PlanNode:
    """A node that reads no table."""
    return PlanNode(kind=kind, depth=0, relationship="", rows=rows, loops=loops, startup=startup, cost=cost)


def scan(
    relation: str,
    rows: float,
    cost: float,
    *,
    kind: str = "Seq Scan",
    loops: float = 1.0,
    index: Index | str | None = None,
    conditions: int = 0,
    equalities: int | None = None,
    given_by: tuple[str, str] | None = None,
    filtered: bool = False,
) -> PlanNode:
    """A node that reads a table, which the statement calls by its own name."""
    return PlanNode(
        kind=kind,
        depth=0,
        relationship="",
        rows=rows,
        loops=loops,
        startup=0.0,
        cost=cost,
        relation=relation,
        alias=relation,
        index=index,
        conditions=conditions,
        equalities=conditions if equalities is None else equalities,
        given_by=given_by,
        filtered=filtered,
    )


def over(top: PlanNode, *below: PlanShape) -> PlanShape:
    """A node over others, the first of them its outer side."""
    sides = ("Outer", "Inner", "Inner")
    placed = [
        tuple(replace(each, depth=each.depth + 1, relationship=each.relationship or side) for each in shape)
        for side, shape in zip(sides, below, strict=False)
    ]
    return (top, *(each for shape in placed for each in shape))


def planned(shape: PlanShape) -> PlanCost:
    """The answer that has this plan."""
    return PlanCost(cost=shape[0].cost, used=frozenset(), shape=shape)
