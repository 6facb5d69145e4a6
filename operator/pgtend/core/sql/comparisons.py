"""Conditions that a partial index may have as predicate, in typed form: one column and a constant, or a test of it.

Read from statements and from what Postgres prints of an existing index alike, so that both give the same value.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from pgtend.core.sql.expressions import TypedColumn, base_type, cast_type
from pgtend.domain.index import Comparison, ComparisonOperator, Constant
from pgtend.domain.type_names import schema_and_name

_LONGEST = 100
"""Characters of a constant: the parser is given no more than the begin of a string (see ``tree``)."""
_OPERATORS: tuple[tuple[type[exp.Expr], ComparisonOperator], ...] = (
    (exp.EQ, ComparisonOperator.EQ),
    (exp.NEQ, ComparisonOperator.NE),
    (exp.LT, ComparisonOperator.LT),
    (exp.LTE, ComparisonOperator.LE),
    (exp.GT, ComparisonOperator.GT),
    (exp.GTE, ComparisonOperator.GE),
)
_TURNED = {
    ComparisonOperator.EQ: ComparisonOperator.EQ,
    ComparisonOperator.NE: ComparisonOperator.NE,
    ComparisonOperator.LT: ComparisonOperator.GT,
    ComparisonOperator.LE: ComparisonOperator.GE,
    ComparisonOperator.GT: ComparisonOperator.LT,
    ComparisonOperator.GE: ComparisonOperator.LE,
}


def conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a condition that all have to hold."""
    if isinstance(node, exp.And):
        yield from conjuncts(node.this)
        yield from conjuncts(node.expression)
    elif isinstance(node, exp.Paren):
        yield from conjuncts(node.this)
    else:
        yield node


def read_comparison(node: exp.Expr, column: TypedColumn) -> Comparison | None:
    """The comparison that a condition is, None where it is none of a single column with something constant.

    A boolean column by itself is compared with true, which is the same to the planner.
    """
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Column):
        return _boolean(node, column, "true")
    if isinstance(node, exp.Not):
        inner = node.this.unnest()
        if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
            return _test(inner, column, ComparisonOperator.IS_NOT_NULL)
        return _boolean(inner, column, "false") if isinstance(inner, exp.Column) else None
    if isinstance(node, exp.Is):
        return _read_test(node, column)
    for kind, operator in _OPERATORS:
        if isinstance(node, kind):
            return _compare(node.this, node.expression, operator, column) or _compare(
                node.expression, node.this, _TURNED[operator], column
            )
    return None


def _read_test(node: exp.Is, column: TypedColumn) -> Comparison | None:
    negated = bool(node.args.get("negate"))
    if isinstance(node.expression, exp.Null):
        return _test(node, column, ComparisonOperator.IS_NOT_NULL if negated else ComparisonOperator.IS_NULL)
    if isinstance(node.expression, exp.Boolean) and not negated:
        return _test(node, column, ComparisonOperator.IS_TRUE if node.expression.this else ComparisonOperator.IS_FALSE)
    return None


def _test(node: exp.Is, column: TypedColumn, operator: ComparisonOperator) -> Comparison | None:
    found = _column_of(node.this, column)
    return None if found is None else Comparison(column=found[0], operator=operator)


def _boolean(node: exp.Expr, column: TypedColumn, value: str) -> Comparison | None:
    found = _column_of(node, column)
    if found is None or found[1] != "boolean":
        return None
    return Comparison(column=found[0], operator=ComparisonOperator.EQ, constant=Constant(type="boolean", value=value))


def _compare(side: exp.Expr, other: exp.Expr, operator: ComparisonOperator, column: TypedColumn) -> Comparison | None:
    found = _column_of(side, column)
    constant = None if found is None else constant_of(other, found[1])
    if found is None or constant is None:
        return None
    return Comparison(column=found[0], operator=operator, constant=constant)


def _column_of(node: exp.Expr, column: TypedColumn) -> tuple[str, str] | None:
    """Name and type of a column, also of one of varchar that stands as text."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Cast) and cast_type(node) == "text":
        found = _column_of(node.this, column)
        return (found[0], "text") if found is not None and found[1] in ("text", "character varying") else None
    if not isinstance(node, exp.Column):
        return None
    found = column(node)
    return None if found is None else (found[0], base_type(found[1]))


def constant_of(node: exp.Expr, of: str) -> Constant | None:
    """A constant as the planner takes it when it is compared with a column of type ``of``."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Boolean):
        return Constant(type="boolean", value="true" if node.this else "false")
    if isinstance(node, exp.Cast):
        to = _same_type(node, of) or cast_type(node)
        inner = constant_of(node.this, of)
        return None if to is None or inner is None else Constant(type=_plain(to), value=inner.value)
    if isinstance(node, exp.Neg):
        inner = constant_of(node.this, of)
        return None if inner is None or inner.type != "integer" else Constant(type="integer", value=f"-{inner.value}")
    if not isinstance(node, exp.Literal):
        return None
    if node.is_string:
        # The parser is given / for each backslash, so that what has one cannot be told.
        return None if len(node.name) > _LONGEST or "/" in node.name else Constant(type=_plain(of), value=node.name)
    return Constant(type="integer", value=node.name) if node.name.isdecimal() and len(node.name) <= 9 else None


def _same_type(node: exp.Cast, of: str) -> str | None:
    """The type ``of``, where it is one of users' that a cast names, with or without its schema."""
    kind = node.args["to"].args.get("kind")
    parts = kind.find_all(exp.Identifier, bfs=False) if isinstance(kind, exp.Expr) else ()
    names = [each.name if each.quoted else each.name.lower() for each in parts]
    known = schema_and_name(of)
    return of if known is not None and names in ([known[1]], list(known)) else None


def _plain(type_: str) -> str:
    return "text" if type_ == "character varying" else type_
