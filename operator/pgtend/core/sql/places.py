"""Where a condition stands in its query."""

from __future__ import annotations

from sqlglot import exp


def beneath(node: exp.Expr) -> str | None:
    """ "or" where a condition stands under an OR of its own query, "" where it always holds, None where it does not filter rows."""
    parent = node.parent
    answer = ""
    while parent is not None and not isinstance(parent, exp.Where | exp.Join):
        if isinstance(parent, exp.Not | exp.Case | exp.Select):
            return None
        if isinstance(parent, exp.Or):
            answer = "or"
        parent = parent.parent
    if parent is None or isinstance(parent.parent, exp.Filter):
        return None
    return answer
