"""How a query uses the columns of each table that it reads: what an index could serve."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from pgtend.core.sql.comparisons import read_comparison
from pgtend.core.sql.expressions import TypedColumn, read_key
from pgtend.core.sql.inverted_usage import InvertedUse, inverted_uses
from pgtend.core.sql.lexer import NotLexable, tokenize
from pgtend.core.sql.ordering import SortKey, orders_of, projected
from pgtend.core.sql.origins import BaseColumn, Origins, star_source
from pgtend.core.sql.places import beneath
from pgtend.core.sql.tree import NotParsable, Tree, parse
from pgtend.core.sql.views import expand_views
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Comparison, Expression, TableName
from pgtend.domain.workload import Query

Key = str | Expression
"""A column by its name, or an expression over columns."""

_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_MOST_CONDITIONS = 500
"""Thousands of conditions in one statement say nothing new; the outermost are read."""
_CONDITIONS = (exp.EQ, exp.NullSafeEQ, exp.In, exp.Is, exp.Like, *_RANGES)
_KNOWN = (exp.EQ, exp.NEQ, exp.Is, exp.Not, exp.Column)


@dataclass(kw_only=True)
class TableUse:
    """One occurrence of a table in a query. Lists are in the order of the text and hold each key once."""

    table: TableName
    equal: list[Key] = field(default_factory=list)
    """Compared with something that is known before the table is read: =, IN, IS NULL, a boolean by itself."""
    joined: list[Key] = field(default_factory=list)
    """Equal to a column of another table."""
    ranged: list[Key] = field(default_factory=list)
    """Compared by <, >, BETWEEN."""
    rows: list[tuple[Key, ...]] = field(default_factory=list)
    """Compared as a row, ``(a, b) > ($1, $2)``: one range over all of them."""
    prefixed: list[Key] = field(default_factory=list)
    """LIKE with a constant that begins with something else than a wildcard."""
    loose: list[Key] = field(default_factory=list)
    """Any of these beneath an OR: such a column needs an index of its own."""
    orders: list[tuple[SortKey, ...]] = field(default_factory=list)
    """ORDER BY, and PARTITION BY with ORDER BY of a window, where all of it is of this table."""
    grouped: tuple[Key, ...] = ()
    """GROUP BY or DISTINCT, where all of it is of this table."""
    extreme: list[Key] = field(default_factory=list)
    """min() or max() of it is asked for."""
    conditions: list[Comparison] = field(default_factory=list)
    """What holds for every row that is wanted, with its constant where there is one."""
    read: set[str] = field(default_factory=set)
    """Columns that the query names anywhere."""
    whole: bool = False
    """Whether it reads whole rows."""
    inverted: list[InvertedUse] = field(default_factory=list)
    """What only an index on the parts of values serves."""


def table_uses(query: Query, catalog: Catalog) -> tuple[TableUse, ...]:
    """The uses of tables in the part of a query that looks for rows; nothing where it cannot be understood."""
    if not query.plannable:
        return ()
    try:
        tree = parse(tokenize(query.plannable))
    except (NotLexable, NotParsable):
        return ()
    expand_views(tree, catalog)
    return _Reader(tree, catalog, query).read()


class _Reader:
    """One pass over one tree."""

    def __init__(self, tree: Tree, catalog: Catalog, query: Query) -> None:
        self._root = tree.root
        self._assumed = query.assumed
        self._nameable = query.nameable
        self._catalog = catalog
        self._origins = Origins(tree, catalog)
        self._uses = tuple(TableUse(table=name) for name in self._origins.tables)

    def read(self) -> tuple[TableUse, ...]:
        conditions = 0
        for node in self._root.walk():  # breadth first
            conditions += isinstance(node, _CONDITIONS)
            if conditions > _MOST_CONDITIONS:
                break
            self._read_node(node)
        for use, found in inverted_uses(self._root, self._origins, self._catalog):
            self._uses[use].inverted.append(found)
        return self._uses

    def _read_node(self, node: exp.Expr) -> None:
        if isinstance(node, _KNOWN):
            self._read_condition(node)
        if isinstance(node, exp.EQ | exp.NullSafeEQ):
            self._read_equality(node)
        elif isinstance(node, exp.In):
            self._read_in(node)
        elif isinstance(node, exp.Is) and isinstance(node.expression, exp.Null) and not node.args.get("negate"):
            self._note(node.this, "equal", node)
        elif isinstance(node, _RANGES):
            self._read_range(node)
        elif isinstance(node, exp.Like):
            self._read_like(node)
        elif isinstance(node, exp.Anonymous) and node.name in ("min", "max") and len(node.expressions) == 1:
            self._read_extreme(node)
        elif isinstance(node, exp.Column):
            self._read_column(node)
        elif isinstance(node, exp.Select):
            self._read_select(node)
        elif isinstance(node, exp.Window):
            self._read_orders(node)

    def _read_equality(self, node: exp.Binary) -> None:
        left, right = node.this.unnest(), node.expression.unnest()
        if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
            for one, other in zip(left.expressions, right.expressions, strict=False):
                self._equate(one, other, node)
        else:
            self._equate(left, right, node)

    def _equate(self, left: exp.Expr, right: exp.Expr, where: exp.Expr) -> None:
        keys, others = self._keys(left), self._keys(right)
        if keys and others:
            if {number for number, _ in keys}.isdisjoint(number for number, _ in others):
                self._note(left, "joined", where)
                self._note(right, "joined", where)
            return
        for side, other in ((left, right), (right, left)):
            for number, key in self._keys(side):
                if not self._reads(other, number):
                    self._add(number, key, "equal", where)

    def _read_in(self, node: exp.In) -> None:
        query = node.args.get("query")
        inner = query.this if isinstance(query, exp.Subquery) else query
        parts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        outputs = inner.expressions if isinstance(inner, exp.Select) else []
        for part in parts:
            self._note(part, "equal", node)
        if len(outputs) == len(parts):
            for output in outputs:  # a semi-join may be driven from either side
                self._note(output.unalias(), "joined", node)

    def _read_range(self, node: exp.Expr) -> None:
        sides = [node.this, node.args.get("expression"), node.args.get("low"), node.args.get("high")]
        for side in sides:
            inner = side.unnest() if isinstance(side, exp.Expr) else None
            if isinstance(inner, exp.Tuple):
                self._read_row(inner, node)
            elif inner is not None:
                self._note(inner, "ranged", node)

    def _read_row(self, row: exp.Tuple, where: exp.Expr) -> None:
        found = [each[0] for part in row.expressions if len(each := self._keys(part)) == 1]
        numbers = {number for number, _ in found}
        if len(found) == len(row.expressions) and len(numbers) == 1 and beneath(where) == "":
            keys = tuple(key for _, key in found)
            self._uses[numbers.pop()].rows.append(keys)
            self._note(row.expressions[0], "ranged", where)

    def _read_like(self, node: exp.Like) -> None:
        pattern = node.expression
        if isinstance(pattern, exp.Literal) and pattern.is_string and pattern.name[:1] not in ("", "%", "_", "/"):
            self._note(node.this, "prefixed", node)

    def _read_extreme(self, node: exp.Anonymous) -> None:
        if not isinstance(node.parent and node.parent.parent, exp.Window):
            for number, key in self._keys(node.expressions[0]):
                _append(self._uses[number].extreme, key)

    def _read_column(self, node: exp.Column) -> None:
        if star_source(node) is not None or _is_passed_on(node):
            return
        found = self._origins.of(node)
        for origin in found:
            if isinstance(origin, BaseColumn):
                self._uses[origin.table].read.add(origin.name)
        if not found and not node.table:
            self._read_whole(node.name, node)
        condition: exp.Expr = node.parent if isinstance(node.parent, exp.Not) else node
        if isinstance(condition.parent, exp.Where | exp.And):
            for number, key in self._keys(node):
                if isinstance(key, str) and self._type_of(number, key) == "boolean":
                    self._add(number, key, "equal", condition)

    def _read_condition(self, node: exp.Expr) -> None:
        """What is known of every row: a comparison of one column that stands by itself."""
        if not isinstance(node.parent, exp.Where | exp.And | exp.Join) or beneath(node) != "":
            return
        if self._assumed and isinstance(node, exp.Binary) and not isinstance(node, exp.Is):
            return  # a predicate needs a constant that calls really have
        columns = [each for each in node.find_all(exp.Column) if self._origins.column_of(each)]
        base = self._origins.column_of(columns[0]) if len(columns) == 1 else None
        if base is None:
            return
        comparison = read_comparison(node, lambda _: (base.name, self._type_of(base.table, base.name)))
        known = self._uses[base.table].conditions
        if comparison is not None and comparison not in known and self._may_be_named(comparison, base.table):
            known.append(comparison)

    def _may_be_named(self, comparison: Comparison, number: int) -> bool:
        constant = comparison.constant
        if self._nameable is None or constant is None or constant.type == "boolean":
            return True
        return (self._uses[number].table, comparison.column, constant.value) in self._nameable

    def _read_select(self, select: exp.Select) -> None:
        for _, left, right in self._origins.sources_of(select).merged:
            for origin in (*left, *right):
                if isinstance(origin, BaseColumn):
                    _append(self._uses[origin.table].joined, origin.name)
                    self._uses[origin.table].read.add(origin.name)
        if not isinstance(select.parent, exp.Exists):
            for output in select.expressions:
                star_of = star_source(output)
                if star_of is not None:
                    self._read_whole(star_of, select)
        self._read_orders(select)
        self._read_groups(select)

    def _read_whole(self, name: str, node: exp.Expr) -> None:
        """Mark what ``*`` or ``name.*`` or a row as a value stands for."""
        select = node if isinstance(node, exp.Select) else node.find_ancestor(exp.Select)
        if isinstance(select, exp.Select):
            for each, columns in self._origins.sources_of(select).columns.items():
                if name in ("", each):
                    origins = [origin for found in columns.values() for origin in found]
                    for origin in origins:
                        if isinstance(origin, BaseColumn):
                            self._uses[origin.table].whole = True

    def _read_orders(self, node: exp.Select | exp.Window) -> None:
        for number, order in orders_of(node, self._keys):
            if order not in self._uses[number].orders:
                self._uses[number].orders.append(order)

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
        found = [self._keys(projected(select, each)) for each in wanted]
        numbers = {each[0][0] if len(each) == 1 else None for each in found}
        number = numbers.pop() if len(numbers) == 1 else None
        if number is not None:
            self._uses[number].grouped = tuple(dict.fromkeys(each[0][1] for each in found))

    def _note(self, node: exp.Expr, role: str, where: exp.Expr) -> None:
        for number, key in self._keys(node):
            self._add(number, key, role, where)

    def _add(self, number: int, key: Key, role: str, where: exp.Expr) -> None:
        under = beneath(where)
        if under is not None:
            keys: list[Key] = getattr(self._uses[number], "loose" if under == "or" else role)
            _append(keys, key)

    def _reads(self, node: exp.Expr, number: int) -> bool:
        return any(
            isinstance(origin, BaseColumn) and origin.table == number
            for column in node.find_all(exp.Column)
            for origin in self._origins.of(column)
        )

    def _type_of(self, number: int, name: str) -> str:
        return self._catalog.tables[self._uses[number].table].columns[name].type

    def _keys(self, node: exp.Expr) -> list[tuple[int, Key]]:
        """What a node is as the key of an index, for each table of which it is that."""
        keys: list[tuple[int, Key]] = []
        for origin in self._origins.of(node):
            if isinstance(origin, BaseColumn):
                keys.append((origin.table, origin.name))
                continue
            found = next(
                (base for each in origin.find_all(exp.Column) if (base := self._origins.column_of(each))), None
            )
            key = None if found is None else read_key(origin, self._columns_of(found.table))
            if found is not None and key is not None:
                keys.append((found.table, key))
        return keys

    def _columns_of(self, number: int) -> TypedColumn:
        def column(node: exp.Column) -> tuple[str, str] | None:
            base = self._origins.column_of(node)
            if base is None or base.table != number:
                return None
            return base.name, self._type_of(number, base.name)

        return column


def _is_passed_on(column: exp.Column) -> bool:
    """Whether a column is no more than the output of a subquery or view in FROM: it is read where that output is, if anywhere."""
    output = column.parent if isinstance(column.parent, exp.Alias) else column
    select = output.parent
    if not isinstance(select, exp.Select) or output.arg_key != "expressions" or select.args.get("distinct"):
        return False
    return isinstance(select.parent, exp.Subquery) and isinstance(select.parent.parent, exp.From | exp.Join)


def _append(keys: list[Key], key: Key) -> None:
    if key not in keys:
        keys.append(key)
