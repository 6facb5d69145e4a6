"""Read a plan that EXPLAIN (FORMAT JSON) printed. Pure; nothing of a plan's conditions, which hold constants, is kept, but in a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from pgtend.domain.index import Index
from pgtend.postgres.plan_shape import Plan

_LONGEST = 200
_SCANS_NAMED = 3
_FORM = frozenset(
    {
        "Alias", "CTE Name", "Cache Key", "Cache Mode", "Filter", "Function Name", "Group Key", "Grouping Sets", "Hash Cond",
        "Index Cond", "Index Name", "Inner Unique", "Join Filter", "Join Type", "Merge Cond", "Node Type", "One-Time Filter",
        "Order By", "Parallel Aware", "Parent Relationship", "Partial Mode", "Presorted Key", "Recheck Cond", "Relation Name",
        "Scan Direction", "Sort Key", "Strategy", "Subplan Name", "Subplans Removed", "TID Cond", "Workers Planned",
    }
)  # fmt: skip


def nodes_of(plan: Plan) -> Iterator[Plan]:
    """All nodes of a plan, from the top down."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


def index_names(plan: Plan) -> frozenset[str]:
    """The names of the indexes that a plan uses."""
    return frozenset(node["Index Name"] for node in nodes_of(plan) if "Index Name" in node)


def form_of(plan: Plan) -> str:
    """A digest of what a plan does in which order, without estimates, times and counts: of equal plans it is equal."""
    return hashlib.sha256(json.dumps(_form(plan), sort_keys=True).encode()).hexdigest()


def _form(node: Plan) -> list[object]:
    return [
        {key: value for key, value in node.items() if key in _FORM},
        [_form(child) for child in node.get("Plans", ())],
    ]


def summarize(plan: Plan, hypothetical: Mapping[str, Index]) -> str:
    """The costliest scans of a plan in one line, for example ``Seq Scan on bookings, Index Scan on payments (booking_id)``.

    ``hypothetical`` are the shown indexes by the name that the plan has for them.
    """
    scans = [node for node in nodes_of(plan) if "Index Name" in node or "Relation Name" in node]
    scans.sort(key=lambda node: -float(node["Total Cost"]))
    named = list(dict.fromkeys(_describe(node, hypothetical) for node in scans))
    text = ", ".join(named[:_SCANS_NAMED]) or str(plan["Node Type"])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _describe(node: Plan, hypothetical: Mapping[str, Index]) -> str:
    kind = str(node["Node Type"])
    shown = hypothetical.get(node.get("Index Name", ""))
    if shown is not None:
        keys = ", ".join(key.column or "expression" for key in shown.columns)
        return f"{kind} on {shown.table} ({keys})"
    if "Index Name" in node:
        relation = f" on {node['Relation Name']}" if "Relation Name" in node else ""
        return f"{kind}{relation} using {node['Index Name']}"
    return f"{kind} on {node['Relation Name']}"
