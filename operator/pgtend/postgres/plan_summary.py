"""Read a plan that EXPLAIN (FORMAT JSON) printed. Pure; nothing of a plan's conditions, which hold constants, is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgtend.domain.index import Index
from pgtend.postgres.plan_shape import Plan

_LONGEST = 200
_SCANS_NAMED = 3


def nodes_of(plan: Plan) -> Iterator[Plan]:
    """All nodes of a plan, from the top down."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


def index_names(plan: Plan) -> frozenset[str]:
    """The names of the indexes that a plan uses."""
    return frozenset(node["Index Name"] for node in nodes_of(plan) if "Index Name" in node)


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
