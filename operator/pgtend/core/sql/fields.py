"""Which names may stand behind an alias: ``alias.name`` calls a function of that name where there is no such column.

https://www.postgresql.org/docs/current/sql-expressions.html#FIELD-SELECTION
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from pgtend.core.sql.lexer import Kind, Tokens
from pgtend.core.sql.tree import Tree, name_of
from pgtend.domain.index import TableName

Columns = Mapping[TableName, frozenset[str]]
"""Names of the columns of each table, the system's included."""
Resolved = Mapping[int, TableName]
"""The tables by the identity of their nodes in a tree."""

SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
"""Which every table has, and no view."""
_SCOPES = (exp.Select, exp.SetOperation, exp.Update, exp.Delete, exp.Insert, exp.Merge)
_NAMED_BY_FUNCTION = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)
_EXCLUDED = "excluded"
"""What ON CONFLICT calls the row that was not inserted; this clause is not planned."""
_DEEPEST = 20
_NOTHING: frozenset[str] = frozenset()


def doubtful_fields(tree: Tree, resolved: Resolved, columns: Columns) -> Iterator[exp.Column]:
    """Columns whose name is not plainly one of what their qualifier stands for.

    Where a qualifier is given several times in the scopes around a column, each of these must have it: which of them
    Postgres sees hangs on LATERAL.
    """
    sources = _Sources(tree.root, resolved, columns)
    for column in tree.root.find_all(exp.Column):
        is_collation = isinstance(column.parent, exp.Collate) and column.arg_key == "expression"
        if isinstance(column.this, exp.Identifier) and column.table and not is_collation:
            fields = sources.fields_around(column)
            if not fields or not all(column.name in each for each in fields):
                yield column


def unread_fields(tokens: Tokens, tree: Tree, resolved: Resolved) -> Iterator[str]:
    """Names behind a dot that the tree has neither as a column nor as a table: what they are is not known."""
    read = {tree.place_of(column.this) for column in tree.root.find_all(exp.Column)}
    read |= {tree.place_of(table.this) for table in tree.root.find_all(exp.Table) if id(table) in resolved}
    for place in range(1, len(tokens)):
        if not tokens[place].is_name or not tokens[place - 1].sign(".") or place in read:
            continue
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if following is not None and (following.sign("(", ".") or following.kind is Kind.STRING):
            continue  # a call, a qualifier, the type of a constant
        before = tokens[place - 3] if place >= 3 else None
        if before is not None and (before.sign("::") or before.word("as", "collate", "of")):
            continue  # a type, a collation, a table again
        yield tokens[place].text


class _Sources:
    """What can be named in each scope of one tree."""

    def __init__(self, root: exp.Expr, resolved: Resolved, columns: Columns) -> None:
        self._resolved = resolved
        self._columns = columns
        self._with_queries: dict[str, list[exp.CTE]] = {}
        for cte in root.find_all(exp.CTE):
            self._with_queries.setdefault(cte.alias, []).append(cte)
        self._items: dict[int, list[tuple[str, exp.Expr]]] = {}
        for node in root.find_all(exp.Table, exp.TableAlias):
            item = node if isinstance(node, exp.Table) else node.parent
            if item is None or isinstance(item, exp.CTE) or (isinstance(item, exp.Table) and item is not node):
                continue
            if isinstance(item.parent, exp.Lock):
                continue  # FOR UPDATE OF names it again
            name = item.alias if isinstance(item, exp.Table) and item.alias else node.name
            scope = item.find_ancestor(*_SCOPES)
            self._items.setdefault(id(scope), []).append((name, item))
        self._known: dict[int, frozenset[str]] = {}

    def fields_around(self, column: exp.Column) -> list[frozenset[str]]:
        """The columns of each thing that a column's qualifier may stand for."""
        if column.catalog:
            return []
        if column.db:
            name = TableName(schema=column.db, table=column.table)
            return [self._columns[name]] if name in self._resolved.values() else []
        found: list[frozenset[str]] = []
        scope = column.find_ancestor(*_SCOPES)
        while scope is not None:
            found += (self._fields(item) for name, item in self._items.get(id(scope), ()) if name == column.table)
            if isinstance(scope, exp.Insert) and column.table == _EXCLUDED:
                found.append(frozenset({column.name}))
            scope = scope.find_ancestor(*_SCOPES)
        return found

    def _fields(self, item: exp.Expr, depth: int = 0) -> frozenset[str]:
        known = self._known.get(id(item))
        if known is None:
            self._known[id(item)] = _NOTHING  # what a recursive query takes from itself is known from its first part
            known = self._known[id(item)] = self._find_fields(item, depth)
        return known

    def _find_fields(self, item: exp.Expr, depth: int) -> frozenset[str]:
        alias = item.args.get("alias")
        if isinstance(alias, exp.TableAlias) and alias.columns:
            offset = item.args.get("offset")  # WITH ORDINALITY
            return frozenset(name_of(each) for each in (*alias.columns, offset) if isinstance(each, exp.Identifier))
        if isinstance(item, exp.Table):
            if id(item) in self._resolved:
                return self._columns[self._resolved[id(item)]]
            if item.db or not isinstance(item.this, exp.Identifier):
                return _NOTHING
            fields = [self._fields(cte, depth) for cte in self._with_queries.get(item.name, ())]
            return frozenset.intersection(*fields) if fields else _NOTHING
        query = item.this if isinstance(item, exp.Subquery | exp.CTE | exp.Lateral) else None
        while isinstance(query, exp.SetOperation | exp.Subquery):
            query = query.this
        if depth > _DEEPEST:
            return _NOTHING
        if isinstance(query, exp.DML) and isinstance(returning := query.args.get("returning"), exp.Returning):
            return frozenset(self._outputs(query, returning.expressions, depth + 1)) - {""}
        if not isinstance(query, exp.Select):
            return _NOTHING
        return frozenset(self._outputs(query, query.expressions, depth + 1)) - {""}

    def _outputs(self, select: exp.Expr, outputs: Iterable[exp.Expr], depth: int) -> Iterator[str]:
        for output in outputs:
            if isinstance(output, exp.Star) or (isinstance(output, exp.Column) and isinstance(output.this, exp.Star)):
                for name, item in self._items.get(id(select), ()):
                    if isinstance(output, exp.Star) or name == output.table:
                        yield from self._fields(item, depth) - SYSTEM_COLUMNS
            elif isinstance(output, exp.Alias | exp.Column):
                yield output.alias_or_name
            elif isinstance(output, _NAMED_BY_FUNCTION):
                yield output.key
