from __future__ import annotations

import pytest
from sqlglot import exp

from pgtend.core.sql.calls import qualify_functions
from pgtend.core.sql.comparisons import read_comparison
from pgtend.core.sql.expressions import read_expression
from pgtend.core.sql.lexer import tokenize
from pgtend.core.sql.tree import parse
from pgtend.domain.index import (
    Argument,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    Expression,
    FunctionCall,
    OperatorCall,
    TypeCast,
)
from pgtend.postgres.index_texts import expression_from, predicate_from
from tests.unit.core.catalogs import catalog

TYPES = {
    "name": "text",
    "email": "character varying(80)",
    "born": "date",
    "made": "timestamp without time zone",
    "seen": "timestamp with time zone",
    "data": "jsonb",
    "count": "integer",
    "paid": "boolean",
    "state": "shop.state",
}


def node_of(text: str) -> exp.Expr:
    root = parse(qualify_functions(tokenize(f"select {text}"), catalog())).root
    assert isinstance(root, exp.Select)
    (node,) = root.expressions
    assert isinstance(node, exp.Expr)
    return node


def column(node: exp.Column) -> tuple[str, str] | None:
    return (node.name, TYPES[node.name]) if node.name in TYPES else None


def of(name: str) -> ColumnArgument:
    return ColumnArgument(column=name)


def text(value: str) -> Constant:
    return Constant(type="text", value=value)


def call(function: str, *arguments: Argument) -> FunctionCall:
    return FunctionCall(function=function, arguments=arguments)


def field(operator: str, document: Argument, key: str) -> OperatorCall:
    return OperatorCall(operator=operator, arguments=(document, text(key)))


def cast(to: str, argument: Argument) -> TypeCast:
    return TypeCast(cast_to=to, arguments=(argument,))


READ: list[tuple[str, str, Expression]] = [
    ("lower(name)", "lower(name)", call("lower", of("name"))),
    ("lower(email)", "lower((email)::text)", call("lower", of("email"))),
    ("left(name, 3)", '"left"(name, 3)', call("left", of("name"), Constant(type="integer", value="3"))),
    ("date_trunc('day', made)", "date_trunc('day'::text, made)", call("date_trunc", text("day"), of("made"))),
    ("extract(year from born)", "EXTRACT(year FROM born)", call("extract", text("year"), of("born"))),
    ("date_part('year', made)", "date_part('year'::text, made)", call("date_part", text("year"), of("made"))),
    ("made::date", "(made)::date", cast("date", of("made"))),
    ("cast(made as date)", "(made)::date", cast("date", of("made"))),
    ("(seen at time zone 'UTC')::date", "((seen AT TIME ZONE 'UTC'::text))::date",
     cast("date", call("timezone", text("UTC"), of("seen")))),
    ("data ->> 'key'", "(data ->> 'key'::text)", field("->>", of("data"), "key")),
    ("(data -> 'a' ->> 'b')::int", "(((data -> 'a'::text) ->> 'b'::text))::integer",
     cast("integer", field("->>", field("->", of("data"), "a"), "b"))),
    ("coalesce(count, 0)", "COALESCE(count, 0)", call("coalesce", of("count"), Constant(type="integer", value="0"))),
    ("coalesce(name, '')", "COALESCE(name, ''::text)", call("coalesce", of("name"), text(""))),
    ("to_tsvector('english', name)", "to_tsvector('english'::regconfig, name)",
     call("to_tsvector", Constant(type="regconfig", value="english"), of("name"))),
]  # fmt: skip


@pytest.mark.parametrize(("written", "printed", "wanted"), READ)
def test_what_is_written_and_what_postgres_prints_are_one(written: str, printed: str, wanted: Expression) -> None:
    assert read_expression(node_of(written), column) == wanted
    assert expression_from(printed, TYPES) == wanted


@pytest.mark.parametrize(
    "written",
    [
        "name",
        "lower('x')",
        "lower(elsewhere)",
        "lower($1)",
        "date_trunc('day', seen)",
        "date_trunc('day', born)",
        "date_part('year', seen)",
        "extract(year from seen)",
        "seen::date",
        "name::date",
        "name::timestamptz",
        "name::regclass",
        "name::numeric(10, 2)",
        "state::text",
        "to_tsvector(name)",
        "data ->> 'somebody@example.com'",
        "data ->> $1",
        "coalesce(name, 'Neill')",
        "random()",
        "count + 1",
        "shop.lower(name)",
        "lower(data -> 'a' -> 'b' -> 'c' ->> 'd')",
        "concat(name, email)",
        "(select name)",
    ],
)
def test_what_is_not_immutable_or_tells_of_somebody_is_no_key(written: str) -> None:
    assert read_expression(node_of(written), column) is None


def is_(column_: str, operator: ComparisonOperator, type_: str = "", value: str = "") -> Comparison:
    constant = Constant(type=type_, value=value) if type_ else None
    return Comparison(column=column_, operator=operator, constant=constant)


EQ = ComparisonOperator.EQ
INDEX = 'CREATE INDEX "where" ON public.t USING btree (name) WHERE'


@pytest.mark.parametrize(
    ("written", "printed", "wanted"),
    [
        ("name is null", "(name IS NULL)", is_("name", ComparisonOperator.IS_NULL)),
        ("name is not null", "(name IS NOT NULL)", is_("name", ComparisonOperator.IS_NOT_NULL)),
        ("not name is null", "(name IS NOT NULL)", is_("name", ComparisonOperator.IS_NOT_NULL)),
        ("paid", "paid", is_("paid", EQ, "boolean", "true")),
        ("paid = true", "(paid = true)", is_("paid", EQ, "boolean", "true")),
        ("not paid", "(NOT paid)", is_("paid", EQ, "boolean", "false")),
        ("paid is true", "(paid IS TRUE)", is_("paid", ComparisonOperator.IS_TRUE)),
        ("email = 'open'", "((email)::text = 'open'::text)", is_("email", EQ, "text", "open")),
        ("count >= 3", "(count >= 3)", is_("count", ComparisonOperator.GE, "integer", "3")),
        ("3 > count", "(count < 3)", is_("count", ComparisonOperator.LT, "integer", "3")),
        ("count <> -3", "(count <> '-3'::integer)", is_("count", ComparisonOperator.NE, "integer", "-3")),
        ("born = date '2026-01-01'", "(born = '2026-01-01'::date)", is_("born", EQ, "date", "2026-01-01")),
    ],
)
def test_conditions_of_a_column_and_a_constant_are_read(written: str, printed: str, wanted: Comparison) -> None:
    assert read_comparison(node_of(written), column) == wanted
    assert predicate_from(f"{INDEX} {printed}", TYPES) == (wanted,)


@pytest.mark.parametrize(
    "written",
    ["name = $1", "name = email", "lower(name) = 'x'", "paid is not true", "count = 3.5", r"name = E'a\\b'", "count"],
)
def test_other_conditions_are_no_predicate(written: str) -> None:
    assert read_comparison(node_of(written), column) is None


def test_predicates_of_several_conditions_are_read_or_left_as_a_whole() -> None:
    both = predicate_from(f"{INDEX} ((name IS NULL) AND (count = 3))", TYPES)
    assert both == (is_("name", ComparisonOperator.IS_NULL), is_("count", EQ, "integer", "3"))
    assert predicate_from(f"{INDEX} ((name IS NULL) AND (count = (id % 3)))", TYPES) is None
    assert predicate_from(f"{INDEX} (name IS NULL) OR paid", TYPES) is None
    assert predicate_from(f"{INDEX} (name IS", TYPES) is None
