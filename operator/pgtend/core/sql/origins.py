"""Where a column of a statement comes from: through aliases, subqueries, WITH queries, set operations and joins by name.

sqlglot's own qualification of columns is not used: it raises on statements that it cannot resolve as a whole, of mutated
ones now and then something else than its own errors, and here a part that is not understood only yields no candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from pgtend.core.sql.tree import Tree, name_of, tables_in
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName

_DEEPEST = 20


@dataclass(frozen=True)
class BaseColumn:
    """A column of one occurrence of a table."""

    table: int
    """Number of the occurrence, in the order of the text."""
    name: str


Origin = BaseColumn | exp.Expr
"""A column of a table, or the expression that a subquery computes."""
_Columns = dict[str, tuple[Origin, ...]]


@dataclass(kw_only=True)
class _Sources:
    """What a SELECT reads, by the name under which its columns are known there."""

    columns: dict[str, _Columns] = field(default_factory=dict)
    merged: list[tuple[str, tuple[Origin, ...], tuple[Origin, ...]]] = field(default_factory=list)
    """Columns of one name that a join makes equal (USING, NATURAL): of what is on its left, and on its right."""


class Origins:
    """The columns of one tree, in which views are expanded already."""

    def __init__(self, tree: Tree, catalog: Catalog) -> None:
        self._catalog = catalog
        self._numbers: dict[int, int] = {}
        self._sources: dict[int, _Sources] = {}
        self._under_way: set[int] = set()
        names: list[TableName] = []
        for table in tables_in(tree):
            name = TableName(schema=table.db, table=name_of(table.this))
            if name in catalog.tables:
                self._numbers[id(table)] = len(names)
                names.append(name)
        self.tables = tuple(names)
        """The occurrences of tables, by their numbers."""

    def of(self, node: exp.Expr, depth: int = 0) -> tuple[Origin, ...]:
        """What a node plainly is: several where a set operation unites them, none where it cannot be told."""
        while isinstance(node, exp.Paren):
            node = node.this
        if not isinstance(node, exp.Column):
            return (node,)
        if not isinstance(node.this, exp.Identifier) or depth > _DEEPEST:
            return ()
        select = node.find_ancestor(exp.Select)
        while select is not None:
            sources = self.sources_of(select, depth)
            if node.table:
                if node.table in sources.columns:
                    return sources.columns[node.table].get(node.name, ())
            else:
                found = [columns[node.name] for columns in sources.columns.values() if node.name in columns]
                if len(found) > 1 and not any(name == node.name for name, _, _ in sources.merged):
                    return ()
                if found:
                    return found[0]
            select = select.find_ancestor(exp.Select)
        return ()

    def column_of(self, node: exp.Expr) -> BaseColumn | None:
        """The one column of a table that a node is."""
        found = self.of(node)
        return found[0] if len(found) == 1 and isinstance(found[0], BaseColumn) else None

    def sources_of(self, select: exp.Select, depth: int = 0) -> _Sources:
        """What a SELECT reads."""
        known = self._sources.get(id(select))
        if known is None:
            known = _Sources()
            if id(select) not in self._under_way:  # a recursive WITH query reads itself
                self._under_way.add(id(select))
                self._find_sources(select, known, depth + 1)
                self._under_way.discard(id(select))
                self._sources[id(select)] = known
        return known

    def _find_sources(self, select: exp.Select, into: _Sources, depth: int) -> None:
        from_ = select.args.get("from_")
        first = [from_.this] if isinstance(from_, exp.From) else []
        for item, join in _items(first, select.args.get("joins") or ()):
            name, columns = item.alias_or_name, self._columns_of_item(item, depth)
            if join is not None:
                self._merge(join, columns, into)
            if name:
                into.columns[name] = columns

    def _merge(self, join: exp.Join, right: _Columns, into: _Sources) -> None:
        left: _Columns = {}
        for columns in into.columns.values():
            for name, origins in columns.items():
                left.setdefault(name, origins)
        using = join.args.get("using")
        if using:
            names = [each.name for each in using]
        elif join.args.get("method") == "NATURAL":
            names = [name for name in left if name in right]
        else:
            names = []
        into.merged += [(name, left[name], right[name]) for name in names if name in left and name in right]

    def _columns_of_item(self, item: exp.Expr, depth: int) -> _Columns:
        alias = item.args.get("alias")
        names = [each.name for each in alias.columns] if isinstance(alias, exp.TableAlias) else []
        if isinstance(item, exp.Table):
            number = self._numbers.get(id(item))
            if number is not None:
                columns = self._catalog.tables[self.tables[number]].columns
                return _rename({name: (BaseColumn(number, name),) for name in columns}, names)
            query, own_names = _with_query(item)
            found = {} if query is None else self._columns_of_query(query, depth)
            return _rename(_rename(found, own_names), names)
        if isinstance(item, exp.Subquery | exp.Lateral):
            return _rename(self._columns_of_query(item.this, depth), names)
        return {}

    def _columns_of_query(self, query: exp.Expr, depth: int) -> _Columns:
        if depth > _DEEPEST:
            return {}
        while isinstance(query, exp.Subquery | exp.Paren):
            query = query.this
        if isinstance(query, exp.SetOperation):
            left = self._columns_of_query(query.this, depth + 1)
            right = list(self._columns_of_query(query.expression, depth + 1).values())
            if len(left) != len(right):
                return {}
            return {name: (*origins, *right[place]) for place, (name, origins) in enumerate(left.items())}
        if not isinstance(query, exp.Select):
            return {}
        columns: _Columns = {}
        for output in query.expressions:
            star_of = star_source(output)
            if star_of is None:
                columns[output.alias_or_name or f"?{len(columns)}"] = self.of(output.unalias(), depth + 1)
            else:
                for name, each in self.sources_of(query, depth).columns.items():
                    if star_of in ("", name):
                        columns |= each
        return columns


def star_source(output: exp.Expr) -> str | None:
    """Of ``t.*`` the t, of ``*`` an empty name, None of an output that is no star."""
    if isinstance(output, exp.Star):
        return ""
    if isinstance(output, exp.Column) and isinstance(output.this, exp.Star):
        return output.table
    return None


def _items(first: list[exp.Expr], joins: Sequence[exp.Join]) -> Iterator[tuple[exp.Expr, exp.Join | None]]:
    """The tables and subqueries of a FROM clause in order, each with the join that brings it in; brackets opened."""
    waiting: list[tuple[exp.Expr, exp.Join | None]] = [(item, None) for item in first]
    waiting += [(join.this, join) for join in joins]
    while waiting:
        item, join = waiting.pop(0)
        nested = [(each.this, each) for each in item.args.get("joins") or ()]
        if isinstance(item, exp.Subquery | exp.Paren) and isinstance(item.this, exp.Table):
            waiting[:0] = [(item.this, join), *nested]
            continue
        yield item, join
        waiting[:0] = nested


def _rename(columns: _Columns, names: list[str]) -> _Columns:
    """The first columns under other names."""
    if not names:
        return columns
    kept = list(columns.items())
    return {names[place] if place < len(names) else name: each for place, (name, each) in enumerate(kept)}


def _with_query(table: exp.Table) -> tuple[exp.Expr | None, list[str]]:
    """The query of the WITH query that a name stands for, and the names that it gives its columns."""
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_")
        if isinstance(with_, exp.With):
            for cte in with_.expressions:
                if cte.alias == name_of(table.this):
                    alias = cte.args.get("alias")
                    names = [each.name for each in alias.columns] if isinstance(alias, exp.TableAlias) else []
                    return cte.this, names
        node = node.parent
    return None, []
