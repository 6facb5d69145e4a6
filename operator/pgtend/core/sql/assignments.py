"""What a statement writes: the table, and the columns that an UPDATE sets."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from pgtend.domain.index import TableName


def target_of(root: exp.Expr, names: Mapping[int, TableName]) -> TableName | None:
    """The table that is written to; ``names`` are those of the tables in the tree, by the id of their node."""
    if not isinstance(root, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        return None
    target = root.this.this if isinstance(root.this, exp.Schema) else root.this
    return names.get(id(target))


def assigned_in(root: exp.Expr) -> frozenset[str]:
    """Columns that an UPDATE sets, also several at once, as in ``SET (a, b) = (…)``."""
    if not isinstance(root, exp.Update):
        return frozenset()
    columns: set[str] = set()
    for assignment in root.expressions:
        left = assignment.this
        for each in (
            left.expressions if isinstance(left, exp.Tuple) else (left.this if isinstance(left, exp.Paren) else left,)
        ):
            if isinstance(each, exp.Expr):  # of `SET 1`, which is no SQL, sqlglot keeps the bare text
                columns.update(column.name for column in each.find_all(exp.Column))
    return frozenset(columns)
