"""How a query uses the columns of each table that it reads: what an index could serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from pgtend.core.sql.lexer import NotLexable, tokenize
from pgtend.core.sql.tree import NotParsable, Tree, name_of, parse, tables_in
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import NullsOrder, SortOrder, TableName
from pgtend.domain.workload import Query

_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_DEEPEST_LINEAGE = 20
_MOST_CONDITIONS = 500
"""Thousands of conditions in one statement say nothing new; the outermost are read."""
_CONDITIONS = (exp.EQ, exp.NullSafeEQ, exp.In, exp.Is, exp.Like, *_RANGES)


@dataclass(frozen=True, kw_only=True)
class SortKey:
    """One column of an ORDER BY."""

    column: str
    order: SortOrder = SortOrder.ASC
    nulls: NullsOrder | None = None


@dataclass(kw_only=True)
class TableUse:
    """One occurrence of a table in a query. Lists are in the order of the text and hold each column once."""

    table: TableName
    equal: list[str] = field(default_factory=list)
    """Compared with something that is known before the table is read: =, IN, IS NULL, a boolean by itself."""
    joined: list[str] = field(default_factory=list)
    """Equal to a column of another table."""
    ranged: list[str] = field(default_factory=list)
    """Compared by <, >, BETWEEN."""
    prefixed: list[str] = field(default_factory=list)
    """LIKE with a constant that begins with something else than a wildcard."""
    loose: list[str] = field(default_factory=list)
    """Any of these beneath an OR: such a column needs an index of its own."""
    sorted: tuple[SortKey, ...] = ()
    """ORDER BY, where all of it is of this table."""
    grouped: tuple[str, ...] = ()
    """GROUP BY or DISTINCT, where all of it is of this table."""
    extreme: list[str] = field(default_factory=list)
    """min() or max() of it is asked for."""


_Found = tuple[exp.Table, str]
"""An occurrence of a table, and one of its columns."""


def table_uses(query: Query, catalog: Catalog) -> tuple[TableUse, ...]:
    """The uses of tables in the part of a query that looks for rows; nothing where it cannot be understood."""
    if not query.plannable:
        return ()
    try:
        tree = parse(tokenize(query.plannable))
    except (NotLexable, NotParsable):
        return ()
    return _Reader(tree, query, catalog).read()


class _Reader:
    """One pass over one tree."""

    def __init__(self, tree: Tree, query: Query, catalog: Catalog) -> None:
        self._root = tree.root
        self._catalog = catalog
        self._uses: dict[int, TableUse] = {}
        for table in tables_in(tree):
            name = TableName(schema=table.db, table=name_of(table.this))
            if name in query.relations:
                self._uses[id(table)] = TableUse(table=name)
        self._sources: dict[int, dict[str, exp.Expr]] = {}

    def read(self) -> tuple[TableUse, ...]:
        conditions = 0
        for node in self._root.walk():  # breadth first
            conditions += isinstance(node, _CONDITIONS)
            if conditions > _MOST_CONDITIONS:
                break
            if isinstance(node, exp.EQ | exp.NullSafeEQ):
                self._read_equality(node)
            elif isinstance(node, exp.In):
                self._read_in(node)
            elif isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
                self._note(node.this, "equal", node)
            elif isinstance(node, _RANGES):
                self._read_range(node)
            elif isinstance(node, exp.Like):
                self._read_like(node)
            elif isinstance(node, exp.Anonymous) and node.name in ("min", "max") and len(node.expressions) == 1:
                self._note(node.expressions[0], "extreme", node)
            elif isinstance(node, exp.Column):
                self._read_boolean(node)
            elif isinstance(node, exp.Select):
                self._read_order(node)
                self._read_groups(node)
        return tuple(self._uses.values())

    def _read_equality(self, node: exp.Binary) -> None:
        left, right = self._resolve(node.this), self._resolve(node.expression)
        if left and right and left[0] is not right[0]:
            self._note(node.this, "joined", node)
            self._note(node.expression, "joined", node)
            return
        for side, other in ((node.this, node.expression), (node.expression, node.this)):
            found = self._resolve(side)
            if found and not self._reads(other, found[0]):
                self._note(side, "equal", node)
            elif isinstance(side, exp.Tuple) and isinstance(other, exp.Tuple):
                for part in side.expressions:
                    self._note(part, "equal", node)

    def _read_in(self, node: exp.In) -> None:
        for part in node.this.expressions if isinstance(node.this, exp.Tuple) else (node.this,):
            self._note(part, "equal", node)
        query = node.args.get("query")
        inner = query.this if isinstance(query, exp.Subquery) else query
        if isinstance(inner, exp.Select) and len(inner.expressions) == 1:  # a semi-join may be driven from either side
            self._note(inner.expressions[0].unalias(), "joined", node)

    def _read_range(self, node: exp.Expr) -> None:
        for side in (node.this, node.args.get("expression")):
            self._note(side, "ranged", node)

    def _read_like(self, node: exp.Like) -> None:
        pattern = node.expression
        if isinstance(pattern, exp.Literal) and pattern.is_string and pattern.name[:1] not in ("", "%", "_", "/"):
            self._note(node.this, "prefixed", node)

    def _read_boolean(self, node: exp.Column) -> None:
        condition: exp.Expr = node.parent if isinstance(node.parent, exp.Not) else node
        found = self._resolve(node) if isinstance(condition.parent, exp.Where | exp.And) else None
        if found and self._column_type(found) == "boolean":
            self._note(node, "equal", condition)

    def _read_order(self, select: exp.Select) -> None:
        order = select.args.get("order")
        if not isinstance(order, exp.Order):
            return
        keys: list[SortKey] = []
        owners: set[int] = set()
        for ordered in order.expressions:
            found = self._resolve(self._projected(select, ordered.this))
            if found is None:
                return
            owners.add(id(found[0]))
            keys.append(_sort_key(found[1], ordered))
        if len(owners) == 1:
            self._uses[owners.pop()].sorted = tuple(dict.fromkeys(keys))

    def _read_groups(self, select: exp.Select) -> None:
        group = select.args.get("group")
        distinct = select.args.get("distinct")
        if isinstance(group, exp.Group):
            wanted = group.expressions
        elif isinstance(distinct, exp.Distinct):
            on = distinct.args.get("on")
            wanted = on.expressions if isinstance(on, exp.Tuple) else select.expressions
        else:
            return
        found = [self._resolve(self._projected(select, each)) for each in wanted]
        owners = {id(each[0]) if each else 0 for each in found}
        if len(owners) == 1 and 0 not in owners:
            self._uses[owners.pop()].grouped = tuple(dict.fromkeys(each[1] for each in found if each))

    def _projected(self, select: exp.Select, node: exp.Expr) -> exp.Expr:
        """What ``ORDER BY 2`` or ``ORDER BY name of an output column`` means."""
        if isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal():
            place = int(node.name) - 1
            if 0 <= place < len(select.expressions):
                output: exp.Expr = select.expressions[place]
                return output.unalias()
        if isinstance(node, exp.Column) and not node.table:
            for output in select.expressions:
                if isinstance(output, exp.Alias) and output.alias == node.name:
                    inner: exp.Expr = output.this
                    return inner
        return node

    def _note(self, node: exp.Expr | None, role: str, where: exp.Expr) -> None:
        found = self._resolve(node)
        if found is None:
            return
        beneath = _beneath(where) if role != "extreme" else ""
        if beneath is None:
            return
        columns: list[str] = getattr(self._uses[id(found[0])], "loose" if beneath == "or" else role)
        if found[1] not in columns:
            columns.append(found[1])

    def _reads(self, node: exp.Expr, table: exp.Table) -> bool:
        columns = node.find_all(exp.Column)
        return any((found := self._resolve(column)) is not None and found[0] is table for column in columns)

    def _column_type(self, found: _Found) -> str:
        return self._catalog.tables[self._uses[id(found[0])].table].columns[found[1]].type

    def _resolve(self, node: exp.Expr | None, depth: int = 0) -> _Found | None:
        """The column of a base table that an expression plainly is, through subqueries and WITH queries."""
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier) or depth > _DEEPEST_LINEAGE:
            return None
        select = node.find_ancestor(exp.Select)
        while select is not None:
            sources = self._sources_of(select)
            if node.table:
                if node.table in sources:
                    return self._column_of(sources[node.table], node.name, depth)
            else:
                found = [each for source in sources.values() if (each := self._column_of(source, node.name, depth))]
                if found:
                    return found[0] if len(found) == 1 else None
            select = select.find_ancestor(exp.Select)
        return None

    def _column_of(self, source: exp.Expr, name: str, depth: int) -> _Found | None:
        if isinstance(source, exp.Table):
            use = self._uses.get(id(source))
            if use is not None and name in self._catalog.tables[use.table].columns:
                return source, name
            return None
        if isinstance(source, exp.Select):
            for output in source.expressions:
                if output.alias_or_name == name:
                    return self._resolve(output.unalias(), depth + 1)
        return None

    def _sources_of(self, select: exp.Select) -> dict[str, exp.Expr]:
        known = self._sources.get(id(select))
        if known is None:
            known = dict(self._find_sources(select))
            self._sources[id(select)] = known
        return known

    def _find_sources(self, select: exp.Select) -> Iterator[tuple[str, exp.Expr]]:
        from_ = select.args.get("from_")
        items = [from_.this] if isinstance(from_, exp.From) else []
        items += [join.this for join in select.args.get("joins") or ()]
        while items:
            item = items.pop(0)
            items += [join.this for join in item.args.get("joins") or ()]
            if isinstance(item, exp.Table) and id(item) in self._uses:
                yield item.alias_or_name, item
            elif isinstance(item, exp.Table):
                query = _with_query(item)
                if query is not None:
                    yield item.alias_or_name, query
            elif isinstance(item, exp.Subquery):
                if isinstance(item.this, exp.Select):
                    yield item.alias_or_name, item.this
                elif isinstance(item.this, exp.Table):
                    items.append(item.this)


def _with_query(table: exp.Table) -> exp.Select | None:
    """The SELECT of the WITH query that a name stands for, where it renames no columns."""
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_")
        if isinstance(with_, exp.With):
            for cte in with_.expressions:
                alias = cte.args.get("alias")
                if cte.alias == name_of(table.this) and isinstance(cte.this, exp.Select):
                    return None if alias is not None and alias.columns else cte.this
        node = node.parent
    return None


def _beneath(node: exp.Expr) -> str | None:
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


def _sort_key(column: str, ordered: exp.Expr) -> SortKey:
    descending = bool(ordered.args.get("desc"))
    nulls_first = bool(ordered.args.get("nulls_first"))
    return SortKey(
        column=column,
        order=SortOrder.DESC if descending else SortOrder.ASC,
        nulls=None if nulls_first == descending else (NullsOrder.FIRST if nulls_first else NullsOrder.LAST),
    )
