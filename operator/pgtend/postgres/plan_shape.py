"""From a plan that EXPLAIN (FORMAT JSON) printed to its shape, with how often each node would run.

EXPLAIN prints the estimates of one run of a node and not how many there will be. That follows from the plan: the inner side
of a nested loop runs once for each outer row, unless its rows are kept (Materialize); how often a Memoize or a subplan
runs what is below it follows from what the node above was charged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pgtend.core.btree_costs import CPU_OPERATOR_COST, CPU_TUPLE_COST
from pgtend.domain.index import Index
from pgtend.domain.plan import MOST_NODES, PlanNode, PlanShape

Plan = Mapping[str, Any]


_LITERAL = re.compile(r"'(?:[^']|'')*'")
_EQUALITY = re.compile(r" = (?!ALL)")
_ANY = re.compile(r"(?P<any> = ANY \((?:'(?P<literal>(?:[^']|'')*)'|ARRAY\[(?P<elements>[^\]]*)\])?)|'(?:[^']|'')*'")
"""A list, or a literal, in which nothing is a list."""
_LENGTH_OF_UNKNOWN_ARRAY = 10
"""As the planner has it (estimate_array_length in selfuncs.c)."""
_NAME = r'(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$]*)'
_COLUMN = re.compile(rf"(?<![\w$\".])({_NAME})\.({_NAME})(?![\w$\".(])")


def read_shape(plan: Plan, hypothetical: Mapping[str, Index]) -> PlanShape:
    """The nodes of a plan from the top down. ``hypothetical`` are the shown indexes by the name that the plan has for them."""
    aliases = frozenset(_aliases(plan))
    return tuple(islice(_nodes(plan, hypothetical, aliases, 0, 1.0), MOST_NODES))


def _aliases(plan: Plan) -> Iterator[str]:
    if "Alias" in plan:
        yield str(plan["Alias"])
    for child in plan.get("Plans", ()):
        yield from _aliases(child)


def _nodes(
    plan: Plan, hypothetical: Mapping[str, Index], aliases: frozenset[str], depth: int, loops: float
) -> Iterator[PlanNode]:
    name = plan.get("Index Name")
    condition = _LITERAL.sub("", str(plan.get("Index Cond", "")))
    yield PlanNode(
        kind=str(plan["Node Type"]),
        depth=depth,
        relationship=str(plan.get("Parent Relationship", "")),
        rows=float(plan["Plan Rows"]),
        loops=loops,
        startup=float(plan["Startup Cost"]),
        cost=float(plan["Total Cost"]),
        relation=str(plan.get("Relation Name", "")),
        index=None if name is None else hypothetical.get(name, name),
        alias=str(plan.get("Alias", "")),
        conditions=condition.count(") AND (") + 1 if condition else 0,
        equalities=len(_EQUALITY.findall(condition)),
        searches=_searches(str(plan.get("Index Cond", ""))),
        given_by=_given_by(condition, aliases - {str(plan.get("Alias", ""))})
        or _kept_by(str(plan.get("Cache Key", ""))),
        filtered="Filter" in plan or "Join Filter" in plan,
    )
    for child in plan.get("Plans", ()):
        yield from _nodes(child, hypothetical, aliases, depth + 1, _loops_of(child, plan, loops))


def _searches(condition: str) -> int:
    """Searches of one run: one for each combination of the elements of the arrays in ``= ANY``."""
    searches = 1
    for match in _ANY.finditer(condition):
        if match["any"] is None:
            continue
        listed = match["elements"] if match["literal"] is None else match["literal"]
        searches *= _LENGTH_OF_UNKNOWN_ARRAY if listed is None else listed.count(",") + 1
    return searches


def _given_by(condition: str, others: frozenset[str]) -> tuple[str, str] | None:
    """The first column of another table in a condition that holds no literal any more."""
    for match in _COLUMN.finditer(condition):
        alias, column = map(_unquoted, match.groups())
        if alias in others:
            return alias, column
    return None


def _kept_by(keys: str) -> tuple[str, str] | None:
    """What the results of a Memoize are kept by, where that is one column."""
    match = _COLUMN.fullmatch(keys)
    return None if match is None else (_unquoted(match[1]), _unquoted(match[2]))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _loops_of(child: Plan, parent: Plan, loops: float) -> float:
    """Runs of a child in all runs of its parent."""
    relationship = child.get("Parent Relationship")
    if relationship == "InitPlan":
        return 1.0
    if relationship == "SubPlan":
        return loops * max(float(parent["Total Cost"]) / max(float(child["Total Cost"]), 1e-9), 1.0)
    if parent["Node Type"] == "Nested Loop" and relationship == "Inner":
        outer = _outer(parent)
        runs = max(float(outer["Plan Rows"]), 1.0) if outer is not None else 1.0
        if child["Node Type"] == "Memoize":
            # What the join was charged for runs that find nothing kept, against what one of them would cost.
            charged = float(parent["Total Cost"]) - (float(outer["Total Cost"]) if outer is not None else 0.0)
            charged -= _charged_whatever_is_kept(runs, float(child["Plan Rows"]), float(parent["Plan Rows"]))
            runs = min(max(charged / max(_cost_below(child), 1e-9), 1.0), runs)
        return loops * runs
    if parent["Node Type"] == "Materialize":
        return 1.0
    return loops


def _charged_whatever_is_kept(runs: float, kept: float, joined: float) -> float:
    """Cost of looking up what is kept and of joining it, which every run of a Memoize has.

    A run is charged for the look-up and for keeping an entry of so many rows (cost_memoize_rescan in costsize.c), and the join
    for each pair of rows (final_cost_nestloop): that are as many as it yields at least, and at most all that are kept.
    """
    entry = CPU_OPERATOR_COST + CPU_TUPLE_COST + CPU_OPERATOR_COST * kept
    return runs * entry + CPU_TUPLE_COST * min(joined, runs * kept)


def _cost_below(memoize: Plan) -> float:
    return float(next(iter(memoize.get("Plans", ())), memoize)["Total Cost"])


def _outer(parent: Plan) -> Plan | None:
    return next((each for each in parent.get("Plans", ()) if each.get("Parent Relationship") == "Outer"), None)
