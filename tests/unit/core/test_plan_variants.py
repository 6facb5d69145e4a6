"""Constants put into normalised texts again: which, with what weight, and which of them agrees with what was counted."""

from __future__ import annotations

import re

import pytest

from pgtend.core.plan_variants import columns_compared, keep_agreeing, to_be_compared, vary
from pgtend.core.sql.compared_values import Relation, comparisons_in
from pgtend.core.sql.lexer import tokenize
from pgtend.core.sql.usage import table_uses
from pgtend.core.statement import read_statement
from pgtend.domain.advice import CostAnswer, PlanCost, Unplannable
from pgtend.domain.index import TableName
from pgtend.domain.plan import PlanNode
from pgtend.domain.values import ColumnValues
from pgtend.domain.workload import Load, Query, WeightedQuery, Workload
from tests.unit.core.catalogs import catalog

SHOP = catalog()
PAYMENTS, BOOKINGS = TableName(schema="public", table="payments"), TableName(schema="public", table="bookings")
VALUES = {
    (PAYMENTS, "amount"): ColumnValues(bounds=tuple(str(n) for n in range(101))),
    (BOOKINGS, "status"): ColumnValues(common=("done", "pending", "lost"), frequencies=(0.9, 0.08, 0.02)),
    (BOOKINGS, "vendor_id"): ColumnValues(common=("1", "2"), frequencies=(0.011, 0.01), bounds=tuple("3456789")),
}


def query(text: str) -> Query:
    read = read_statement(text, SHOP)
    assert isinstance(read, Query), read
    return read


def observed(*texts: str, rows: int = 40) -> Workload:
    return Workload(
        queries=tuple(
            WeightedQuery(id=each.fingerprint, query=each, weight=4.0, load=Load(calls=4, total_ms=8.0, rows=rows))
            for each in map(query, texts)
        ),
        hours=1.0,
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select id from payments where amount > $1 and amount <= $2",
         [("amount", Relation.ABOVE), ("amount", Relation.BELOW)]),
        ("select id from payments p where p.created_at >= cast($1 as timestamptz) - interval $2 day",
         [("created_at", Relation.ABOVE)]),
        ("select id from payments where created_at > now() - interval $1", [("created_at", Relation.ABOVE)]),
        ("select id from payments where amount between $1 - $2 and $1 + $2",
         [("amount", Relation.ABOVE), ("amount", Relation.BELOW)]),
        ("select id from bookings where status in ($1, $2)", [("status", Relation.EQUAL), ("status", Relation.EQUAL)]),
        ("select id from bookings where status like $1 or lower(status) = $2", []),
        ("select id from payments where amount > booking_id + $1", []),
        ("select id from payments where amount > 5", []),
        ("select p.id from payments p join bookings b on b.id = p.booking_id where b.status = $1 and id > $2",
         [("status", Relation.EQUAL)]),
    ],
)  # fmt: skip
def test_what_a_column_is_compared_with_is_found(text: str, found: list[tuple[str, Relation]]) -> None:
    read = query(text)
    comparisons = comparisons_in(tokenize(read.plannable), read, SHOP)
    assert [(each.column, each.relation) for each in comparisons] == found


def test_a_range_is_planned_narrow_middling_and_wide_and_the_weight_is_shared() -> None:
    workload = observed("select id from payments where amount > $1 and amount < $2 and booking_id = $3")
    assert columns_compared(workload, SHOP) == {(PAYMENTS, "amount"), (PAYMENTS, "booking_id")}
    varied = vary(workload, SHOP, VALUES, {}).queries
    (statement,) = workload.queries
    assert [each.id for each in varied] == [f"{statement.id}#{number}" for number in (1, 2, 3)]
    assert {each.statement for each in varied} == {statement.id}
    assert {each.query.fingerprint for each in varied} == {statement.query.fingerprint}
    assert [each.query.plannable.partition("where ")[2] for each in varied] == [
        f"amount > '{low}' and amount < '{high}' and booking_id = $1" for low, high in ((49, 51), (42, 57), (25, 75))
    ]
    assert all(each.query.parameters == 1 and each.query.assumed for each in varied)
    assert sum(each.weight for each in varied) == pytest.approx(4.0)
    loads = [each.load for each in varied if each.load]
    assert (sum(load.calls for load in loads), sum(load.rows for load in loads)) == (4, 40)
    assert sum(load.total_ms for load in loads) == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("text", "wheres"),
    [
        ("select id from bookings where status = $1", ["status = 'lost'", "status = 'done'"]),
        ("select id from bookings where vendor_id = $1", []),
        ("select id from payments where amount > $1", ["amount > '90'", "amount > '50'", "amount > '10'"]),
        ("select id from payments where amount < now()", []),
    ],
)
def test_only_what_hangs_on_the_constant_is_varied(text: str, wheres: list[str]) -> None:
    (*varied,) = vary(observed(text), SHOP, VALUES, {}).queries
    found = [each.query.plannable.partition("where ")[2] for each in varied if each.of]
    assert found == wheres


def test_no_partial_index_is_thought_of_for_a_constant_that_no_call_is_known_to_have_had() -> None:
    text = "select id from bookings where status = $1"
    varied = vary(observed(text), SHOP, VALUES, {}).queries
    assert [use.conditions for each in varied for use in table_uses(each.query, SHOP)] == [[], []]
    sampled = query("select id from bookings where status = 'lost'")
    (seen,) = vary(observed(text), SHOP, VALUES, {sampled.fingerprint: (sampled,)}).queries
    (use,) = table_uses(seen.query, SHOP)
    assert [condition.column for condition in use.conditions] == ["status"]


@pytest.mark.parametrize(
    ("where", "named"),
    [
        pytest.param("status = 'lost'", {"lost"}, id="a state that pg_stats lists"),
        pytest.param("status <> 'done' and status <> 'Ada Lovelace'", {"done"}, id="a value that it does not list"),
        pytest.param("vendor_id = 1", set(), id="listed of a column of many values"),
        pytest.param("note = 'lost'", set(), id="a column that no values were read of"),
        pytest.param("confirmed", {"true"}, id="a boolean"),
    ],
)
def test_of_what_was_sampled_a_predicate_names_only_states_that_pg_stats_lists(where: str, named: set[str]) -> None:
    sampled = query(f"select id from bookings where {where}")
    normalised = observed(where_normalised(where))
    assert normalised.queries[0].query.fingerprint == sampled.fingerprint
    (seen,) = vary(normalised, SHOP, VALUES, {sampled.fingerprint: (sampled,)}).queries
    assert seen.query.plannable == sampled.plannable
    (use,) = table_uses(seen.query, SHOP)
    assert {each.constant.value for each in use.conditions if each.constant} == named
    assert "lost" not in repr(seen)


def where_normalised(where: str) -> str:
    """The statement as pg_stat_statements has it."""
    parts = re.split(r"'[^']*'|(?<== )\d+", where)
    numbered = [part for pair in zip(parts, (f"${n}" for n in range(1, 9)), strict=False) for part in pair]
    return "select id from bookings where " + "".join(numbered[: 2 * len(parts) - 1])


def test_constants_of_real_calls_come_before_those_of_the_statistics() -> None:
    sampled = [query(f"select id from bookings where status = '{status}'") for status in ("lost", "pending")]
    workload = observed("select id from bookings where status = $1")
    varied = vary(workload, SHOP, VALUES, {sampled[0].fingerprint: sampled}).queries
    assert [each.query.plannable for each in varied] == [each.plannable for each in sampled]
    assert [each.weight for each in varied] == [2.0, 2.0]
    assert to_be_compared(Workload(queries=varied)) == ()


def answer(kind: str, rows: float) -> PlanCost:
    node = PlanNode(kind=kind, depth=0, relationship="", rows=rows, loops=1, startup=0, cost=1)
    return PlanCost(cost=1.0, used=frozenset(), shape=(node,))


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([answer("Seq Scan", rows) for rows in (1, 12, 5000)], [2]),  # ten rows a call
        ([answer("Seq Scan", rows) for rows in (9, 900, 5000)], [1]),
        ([answer("Aggregate", 1)] * 3, [1, 2, 3]),
        ([answer("Limit", 10)] * 3, [1, 2, 3]),
        ([Unplannable(reason="x"), Unplannable(reason="x"), answer("Seq Scan", 7)], [3]),
    ],
)
def test_the_variant_that_agrees_with_the_rows_counted_stands_alone(answers: list[CostAnswer], kept: list[int]) -> None:
    workload = observed("select id from payments where amount > $1")
    varied = vary(workload, SHOP, VALUES, {})
    known = {each.id: found for each, found in zip(to_be_compared(varied), answers, strict=True)}
    settled = keep_agreeing(varied, known).queries
    assert [int(each.id.partition("#")[2]) for each in settled] == kept
    assert sum(each.weight for each in settled) == pytest.approx(4.0)
    assert sum(each.load.rows for each in settled if each.load) == 40


def test_a_workload_from_files_stays_as_it_was_given() -> None:
    given = Workload(
        queries=(WeightedQuery(id="q", query=query("select id from payments where amount > $1"), weight=1),)
    )
    assert vary(given, SHOP, VALUES, {}) == given


def test_no_constant_shows_when_a_query_or_values_are_printed() -> None:
    secret = "Mrs. Dalloway"
    read = query(f"select id from bookings where status = '{secret}'")
    values = ColumnValues(common=(secret,), frequencies=(1.0,), bounds=(secret, secret))
    assert secret not in repr(read) + repr(values) + read.text
