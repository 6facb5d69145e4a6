"""The shape of a plan that a planner chose: its nodes with their estimates, and nothing of the statement's conditions."""

from __future__ import annotations

from dataclasses import dataclass

from pgtend.domain.index import Index

MOST_NODES = 150
"""Nodes of one plan that are kept; those further on (of a statement with some seventy joins) are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanNode:
    """One node of a plan. No constant of the statement is in it.

    There are a great many of them: the advisor keeps the plans of thousands of statements.
    """

    kind: str
    """As EXPLAIN calls it: Seq Scan, Index Only Scan, Hash Join, …"""
    depth: int
    """Levels below the root."""
    relationship: str
    """To the node above, as EXPLAIN calls it: Outer, Inner, SubPlan, InitPlan, Member, Subquery; empty at the root."""
    rows: float
    """Estimated rows of one run of the node."""
    loops: float
    """Estimated runs of the node: the outer rows for the inner side of nested loops, one elsewhere."""
    startup: float
    """Planner's cost up to the first row of one run."""
    cost: float
    """Planner's cost of one run to its end."""
    relation: str = ""
    """Name of the table that a scan reads, without its schema; empty elsewhere."""
    alias: str = ""
    """What the statement calls that table."""
    index: Index | str | None = None
    """The index that a scan uses: a hypothetical one as it was shown, an existing one by name."""
    conditions: int = 0
    """Conditions by which the index is searched; with none it is read from end to end."""
    equalities: int = 0
    """How many of the conditions are equalities."""
    searches: int = 1
    """How many times one run searches the index: more than once for the elements of lists."""
    given_by: tuple[str, str] | None = None
    """Alias and column of another table whose values the index is searched for, or by which alone a Memoize keeps rows."""
    filtered: bool = False
    """Whether rows are thrown away after they were read or joined."""


PlanShape = tuple[PlanNode, ...]
"""A plan from the top down: each node before those below it, outer before inner."""
