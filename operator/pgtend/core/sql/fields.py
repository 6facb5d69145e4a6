"""Which names may stand behind an alias: ``alias.name`` calls a function of that name where there is no such column.

https://www.postgresql.org/docs/current/sql-expressions.html#FIELD-SELECTION
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp


def doubtful_fields(root: exp.Expr, aliases: frozenset[str]) -> Iterator[str]:
    """Names taken from what is no table (``aliases`` are those of tables) and that are not plainly columns of it.

    An alias that is given several times must have the column each time: scopes are not told apart.
    """
    known = _known(root)
    for column in root.find_all(exp.Column):
        if not isinstance(column.this, exp.Identifier) or not column.table:
            continue
        fields = known.get(column.table)
        if fields is None:
            if column.table not in aliases:
                yield column.name
        elif column.name not in fields:
            yield column.name


def _known(root: exp.Expr) -> dict[str, frozenset[str]]:
    known: dict[str, frozenset[str]] = {}
    for alias in root.find_all(exp.TableAlias):
        item = alias.parent
        if item is None or (isinstance(item, exp.Table) and isinstance(item.this, exp.Identifier)):
            continue
        fields = frozenset(each.name for each in alias.columns) or _outputs(item)
        known[alias.name] = known[alias.name] & fields if alias.name in known else fields
    for table in root.find_all(exp.Table):  # another name of a WITH query
        if not table.db and isinstance(table.this, exp.Identifier) and table.alias and table.name in known:
            fields = known[table.name]
            known[table.alias] = known[table.alias] & fields if table.alias in known else fields
    return known


def _outputs(item: exp.Expr) -> frozenset[str]:
    query = item.this if isinstance(item, exp.Subquery | exp.CTE | exp.Lateral) else None
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Select):
        return frozenset()
    return frozenset(
        output.alias_or_name for output in query.expressions if isinstance(output, exp.Alias | exp.Column)
    ) - {"", "*"}
