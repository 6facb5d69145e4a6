"""What a change is called, and what it is on, as SQL has it."""

from __future__ import annotations

import pytest

from pgtend.commands.answer import short_form, short_name
from pgtend.domain.advice import AdvisedChange
from pgtend.domain.index import (
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    OperatorCall,
)
from pgtend.domain.recommendation import Action, Evidence

EVIDENCE = Evidence(
    validated=True,
    cost_before=2.0,
    cost_after=1.0,
    saved_seconds_per_hour=0.0,
    size_bytes=1,
    write_cost=0.0,
    queries=(),
)
PAID = Comparison(column="state", operator=ComparisonOperator.EQ, constant=Constant(value="it's paid", type="text"))
LOWER = IndexColumn(expression=FunctionCall(function="lower", arguments=(ColumnArgument(column="Name"),)))
JSON_KEY = IndexColumn(
    expression=OperatorCall(
        operator="->>", arguments=(ColumnArgument(column="payload"), Constant(type="text", value="it's (k) OPERATOR"))
    )
)
WITHIN = IndexColumn(
    expression=OperatorCall(
        operator="->",
        arguments=(
            OperatorCall(operator="->", arguments=(ColumnArgument(column="a"), ColumnArgument(column="b"))),
            Constant(type="text", value="c"),
        ),
    )
)


def change(table: str, *columns: IndexColumn, predicate: tuple[Comparison, ...] = ()) -> AdvisedChange:
    index = Index(schema="public", table=table, columns=columns, predicate=predicate, name='The "index"')
    return AdvisedChange(action=Action.DROP, index=index, evidence=EVIDENCE)


@pytest.mark.parametrize(
    ("advised", "text"),
    [
        (change("bookings", IndexColumn(column="couple_id")), "public.bookings (couple_id)"),
        (change("Order", IndexColumn(column="user"), LOWER), 'public."Order" ("user", (lower("Name")))'),
        (change("events", JSON_KEY), "public.events (((payload ->> 'it''s (k) OPERATOR')))"),
        (change("events", WITHIN), "public.events ((((a -> b) -> 'c')))"),
        (
            change("bookings", IndexColumn(column="n"), predicate=(PAID,)),
            "public.bookings (n) WHERE state = 'it''s paid'::text",
        ),
    ],
)
def test_what_an_index_is_on_is_said_in_full_with_quotes_where_they_are_needed(
    advised: AdvisedChange, text: str
) -> None:
    assert short_form(advised) == text
    assert short_name(advised) == 'public."The ""index"""'
