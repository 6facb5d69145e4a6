"""How large a statement becomes when the planner puts subqueries and views where their columns are used.

``select a || a from (select b || b as a from …)`` holds ``b`` four times then. A few levels more, and planning takes gigabytes
and does not heed statement_timeout: seen on PostgreSQL 15, where eighteen levels of twice the same column took 2 GB.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pgtend.core.sql.lexer import NotLexable, tokenize
from pgtend.core.sql.tree import NotParsable, Tree, name_of, parse
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.index import TableName

MOST_COLUMNS = 20_000
"""Columns in a statement so written out."""
_DEEPEST = 60
"""Subqueries and views within each other."""


def grows_too_large(tree: Tree, resolved: dict[int, TableName], catalog: Catalog) -> bool:
    """Whether the planner would have to write out more than MOST_COLUMNS; ``resolved`` are the tables by their nodes."""
    return _Growth(tree.root, resolved, catalog).exceeds(MOST_COLUMNS)


class _Growth:
    """The sizes of the columns of one statement, each found once."""

    def __init__(self, root: exp.Expr, resolved: dict[int, TableName], catalog: Catalog) -> None:
        self._root = root
        self._resolved = dict(resolved)
        self._catalog = catalog
        self._items: dict[int, list[tuple[str, exp.Expr]]] = {}
        self._with_queries: dict[tuple[int, str], list[exp.CTE]] = {}
        self._views: dict[TableName, exp.Expr | None] = {}
        self._sizes: dict[tuple[int, str], int] = {}
        self._keep(root)

    def exceeds(self, most: int) -> bool:
        """Whether all columns together are more than so many."""
        total = 0
        for column in self._root.find_all(exp.Column):
            total += self._size(column, 0)
            if total > most:
                return True
        return False

    def _keep(self, root: exp.Expr) -> None:
        for cte in root.find_all(exp.CTE):
            self._with_queries.setdefault((id(root), cte.alias), []).append(cte)
        for item in root.find_all(exp.Table, exp.Subquery):
            scope = item.find_ancestor(exp.Select)
            if scope is not None and item.alias_or_name:
                self._items.setdefault(id(scope), []).append((item.alias_or_name, item))

    def _size(self, column: exp.Expr, depth: int) -> int:
        sizes = [1]
        scope = column.find_ancestor(exp.Select)
        while scope is not None:
            named = [item for name, item in self._items.get(id(scope), ()) if column.text("table") in ("", name)]
            sizes += (self._size_in(item, column.name, depth + 1) for item in named)
            if any(self._surely_has(item, column.name) for item in named):
                break
            scope = scope.find_ancestor(exp.Select)
        return max(sizes)

    def _surely_has(self, item: exp.Expr, name: str) -> bool:
        """Whether a column of this name is found here, so that none of an outer query is meant."""
        table = self._catalog.tables.get(self._resolved[id(item)]) if id(item) in self._resolved else None
        if table is not None:
            return name in table.columns
        return any(output.alias_or_name == name for select in _selects(item) for output in select.expressions)

    def _size_in(self, item: exp.Expr, name: str, depth: int) -> int:
        """The size of a column of something that stands in FROM."""
        key = id(item), name
        if key not in self._sizes:
            self._sizes[key] = 1  # of a recursive query
            queries = self._queries_of(item)
            self._sizes[key] = max((self._size_of_output(query, name, depth) for query in queries), default=1)
        return self._sizes[key]

    def _queries_of(self, item: exp.Expr) -> Iterator[exp.Expr]:
        if isinstance(item, exp.Subquery):
            yield item
        elif isinstance(item, exp.Table):
            root = item.root()
            name = self._resolved.get(id(item))
            if name is None and root is not self._root:
                name = TableName(schema=item.db, table=name_of(item.this))
            view = self._view(name) if name is not None else None
            if view is not None:
                yield view
            elif not item.db:
                yield from self._with_queries.get((id(root), item.name), ())

    def _view(self, name: TableName) -> exp.Expr | None:
        if name not in self._views:
            self._views[name] = None
            table = self._catalog.tables.get(name)
            if table is not None and table.kind is RelationKind.VIEW and table.definition:
                try:
                    self._views[name] = root = parse(tokenize(table.definition)).root
                except (NotLexable, NotParsable):
                    return None
                self._keep(root)
        return self._views[name]

    def _size_of_output(self, query: exp.Expr, name: str, depth: int) -> int:
        """The size of a query's column of this name; of its largest one where it cannot be told."""
        if depth > _DEEPEST:
            return MOST_COLUMNS + 1
        selects = list(_selects(query))
        renamed = query.args.get("alias") if isinstance(query, exp.Subquery | exp.CTE) else None
        outputs = [output for select in selects for output in select.expressions]
        if len(selects) == 1 and not (isinstance(renamed, exp.TableAlias) and renamed.columns):
            # Another name is that of a column renamed further out.
            outputs = [output for output in outputs if output.alias_or_name == name] or outputs
        return max((self._size_of(output, name, depth) for output in outputs), default=1)

    def _size_of(self, output: exp.Expr, name: str, depth: int) -> int:
        if _is_star(output):
            items = self._items.get(id(output.find_ancestor(exp.Select)), ())
            return max((self._size_in(item, name, depth + 1) for _, item in items), default=1)
        return min(sum(self._size(column, depth) for column in output.find_all(exp.Column)), MOST_COLUMNS + 1)


def _selects(query: exp.Expr) -> Iterator[exp.Select]:
    """The parts of a UNION, or the one SELECT."""
    waiting = [query]
    while waiting:
        part = waiting.pop()
        if isinstance(part, exp.Select):
            yield part
        elif isinstance(part, exp.SetOperation):
            waiting += [part.this, part.expression]
        elif isinstance(part, exp.Subquery | exp.CTE):
            waiting.append(part.this)


def _is_star(output: exp.Expr) -> bool:
    return isinstance(output, exp.Star) or (isinstance(output, exp.Column) and isinstance(output.this, exp.Star))
