from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.candidates import candidates, is_served, starts_with
from pgtend.core.parts import advise_on_parts
from pgtend.core.sql.usage import table_uses
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, RelationKind, Table
from pgtend.domain.index import (
    AccessMethod,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    SortOrder,
)
from pgtend.domain.workload import Query, WeightedQuery
from tests.unit.core.catalogs import BOOKINGS, PAYMENTS, catalog, column, existing, index_on, table

SHOP = catalog()


def found(text: str, of: Catalog = SHOP, width: int = 3, *, plain_only: bool = False) -> tuple[Index, ...]:
    read = read_statement(text, of)
    assert isinstance(read, Query), read
    return candidates(read, of, Constraints(max_width=width, plain_only=plain_only))


def lower(name: str) -> FunctionCall:
    return FunctionCall(function="lower", arguments=(ColumnArgument(column=name),))


OPEN = Comparison(column="status", operator=ComparisonOperator.EQ, constant=Constant(type="text", value="open"))
NONE = Comparison(column="amount", operator=ComparisonOperator.IS_NULL)


def partial_on(*predicate: Comparison, method: AccessMethod = AccessMethod.BTREE) -> Index:
    return replace(index_on("payments", "booking_id"), predicate=predicate, method=method)


def keys(text: str, of: Catalog = SHOP, width: int = 3) -> set[tuple[str, ...]]:
    return {tuple(key.column or "" for key in index.columns) for index in found(text, of, width)}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("select id from payments where booking_id = $1", {("booking_id",)}),
        ("select id from payments where booking_id in (1, 2)", {("booking_id",)}),
        ("select id from payments where booking_id = any ($1)", {("booking_id",)}),
        ("select id from payments where booking_id is null", {("booking_id",)}),
        ("select id from payments where (booking_id, status) in ((1, 'a'))", {("booking_id", "status")}),
        ("select id from bookings where confirmed and vendor_id = 1", {("vendor_id", "confirmed")}),
        ("select id from bookings where not confirmed", {("confirmed",)}),
        ("select id from payments where created_at between $1 and $2", {("created_at",)}),
        ("select id from payments where $1 < created_at", {("created_at",)}),
        ("select id from bookings where vendor_id = 1 and wedding_date > $1", {("vendor_id", "wedding_date")}),
        ("select id from bookings where status = $1 and couple_id = $2 and vendor_id = $3",
         {("couple_id", "vendor_id", "status")}),
        ("select id from bookings where couple_id = 1 order by wedding_date", {("couple_id", "wedding_date")}),
        ("select id, wedding_date from bookings where couple_id = 1 order by 2 desc", {("couple_id", "wedding_date")}),
        ("select wedding_date as day from bookings where couple_id = 1 order by day", {("couple_id", "wedding_date")}),
        ("select id from bookings order by total, id limit 10", {("total", "id")}),
        ("select vendor_id, count(*) from bookings group by vendor_id", {("vendor_id",)}),
        ("select distinct vendor_id from bookings", {("vendor_id",)}),
        ("select max(wedding_date) from bookings where vendor_id = 1", {("vendor_id", "wedding_date")}),
        ("select p.id from payments p join bookings b on b.id = p.booking_id where b.vendor_id = 1",
         {("booking_id",), ("vendor_id",)}),
        ("select p.id from payments p, bookings b where b.id = p.booking_id and p.status = 'x'",
         {("booking_id",), ("booking_id", "status"), ("status", "booking_id")}),
        ("select b.id from bookings b where exists (select from payments where booking_id = b.id)", {("booking_id",)}),
        ("select id from bookings where id in (select booking_id from payments where amount > 3)",
         {("booking_id",), ("amount",)}),
        ("with p as (select booking_id as b from payments) select * from p where b = 3", {("booking_id",)}),
        ("select * from (select booking_id, amount from payments) x where x.booking_id = 3", {("booking_id",)}),
        ("select id from bookings where couple_id = 1 or vendor_id = 2", {("couple_id",), ("vendor_id",)}),
        ("select id from bookings where (couple_id, id) > ($1, $2) order by couple_id, id", {("couple_id", "id")}),
        ("select id from bookings where vendor_id = 1 and (wedding_date, id) < ($1, $2)",
         {("vendor_id", "wedding_date", "id")}),
        ("select id from payments where $1 between created_at and amount", {("created_at",), ("amount",)}),
        ("select id from bookings b where b.note::text = 'x' or b.status::text = $1", {("status",)}),
        ("select row_number() over (partition by vendor_id order by wedding_date) from bookings",
         {("vendor_id", "wedding_date")}),
        ("select p.id from payments p join bookings b using (id, status)", {("id",), ("status",), ("id", "status")}),
        ("select p.amount from payments p natural join bookings b where couple_id = 1", {("couple_id",), ("id",)}),
        ("select * from (select * from payments) x where x.booking_id = 3", {("booking_id",)}),
        ("with p as (select p.* from payments p) select * from p where booking_id = 3", {("booking_id",)}),
        ("with p (b, c) as (select booking_id, id from payments) select * from p where b = 3", {("booking_id",)}),
        ("with p as (select id, booking_id as b from payments union all select id, couple_id from bookings) "
         "select * from p where b = 3", {("booking_id",), ("couple_id",)}),
        ("with recursive p as (select id, booking_id as b from payments where id = 1 union all select q.id, q.booking_id "
         "from payments q join p on p.b = q.amount) select * from p", {("id",), ("amount",)}),
        ("select * from payments p (one, two) where two = 3", {("booking_id",)}),
        ("select * from bookings b, lateral (select * from payments p where p.booking_id = b.id) x", {("booking_id",)}),
        ("select * from bookings b where b.couple_id = 1 and not exists (select from payments p where p.booking_id = b.id)",
         {("couple_id",), ("booking_id",)}),
        ("update payments set status = 'x' where booking_id = 3", {("booking_id",)}),
        ("delete from payments using bookings where booking_id = bookings.id and vendor_id = 3",
         {("booking_id",), ("vendor_id",)}),
        ("insert into payments (id) select id from bookings where couple_id = 3", {("couple_id",)}),
    ],
)  # fmt: skip
def test_columns_that_are_searched_joined_or_sorted_are_tried(text: str, wanted: set[tuple[str, ...]]) -> None:
    assert wanted <= keys(text)


def test_what_may_be_too_wide_for_a_btree_is_not_stored_for_being_read_alone() -> None:
    there = found("select status, total from bookings where vendor_id = $1", width=2)
    assert ("vendor_id", "total") in keys("select status, total from bookings where vendor_id = $1", width=2)
    assert not any(key.column == "status" for index in there for key in index.columns)
    assert not any("status" in index.include for index in there)


@pytest.mark.parametrize(
    "text",
    [
        "select booking_id, amount from payments",
        "select id from payments where amount + 1 = 3",
        "select id from payments where booking_id <> 3",
        "select id from payments where booking_id not in (1, 2)",
        "select id from payments where status like '%x'",
        "select id from payments where status like $1",
        "select count(*) filter (where status = 'x'), sum(case when amount > 3 then 1 end) from payments",
        "insert into payments (id, booking_id) values (1, 2)",
        "select id from bookings where note = 'x'",
        "select id from bookings where details = $1",
        "select id from secrets",
        "select id from payments where booking_id is not null",
        "select id from payments where nothing = 3",
        "select amount from payments p join bookings b on true where id = 3",
        "select id from payments where booking_id = amount",
        "select id from payments where lower(status) <> 'x'",
        "select id from payments where date_trunc('day', created_at) = $1",
        "select id from payments where status like 'abc' || $1",
    ],
)
def test_what_no_plain_index_can_serve_is_not_tried(text: str) -> None:
    of = catalog(*SHOP.tables.values(), search_path=("public", "hidden"))
    assert keys(text, of) == set()


def test_a_constant_pattern_gets_a_key_of_the_pattern_class() -> None:
    text = "select * from payments where status like 'abc%'"
    assert found(text) == (on_status(opclass="text_pattern_ops"),)
    by_bytes = replace(PAYMENTS.columns["status"], sorts_by_bytes=True)
    of_c = replace(PAYMENTS, columns={**PAYMENTS.columns, "status": by_bytes})
    assert found(text, catalog(of_c)) == (on_status(),)
    of_expression = found("select * from payments where lower(status) like 'abc%'", catalog(of_c))
    assert [index.columns[0].opclass for index in of_expression] == [None]


def on_status(opclass: str | None = None) -> Index:
    return replace(index_on("payments", "status"), columns=(IndexColumn(column="status", opclass=opclass),))


def test_an_order_that_no_scan_direction_gives_is_written_out() -> None:
    indexes = found("select id from bookings order by vendor_id, wedding_date desc")
    assert any(
        index.columns == (IndexColumn(column="vendor_id"), IndexColumn(column="wedding_date", order=SortOrder.DESC))
        for index in indexes
    )
    indexes = found("select id from bookings order by wedding_date desc nulls last")
    assert any(
        index.columns == (IndexColumn(column="wedding_date", order=SortOrder.DESC, nulls=NullsOrder.LAST),)
        for index in indexes
    )


@pytest.mark.parametrize("width", [1, 2, 3])
def test_no_candidate_is_wider_than_allowed(width: int) -> None:
    text = "select id from bookings where couple_id = 1 and vendor_id = 2 and status = 'x' order by wedding_date, total"
    assert max(map(len, keys(text, width=width))) == width


@pytest.mark.parametrize(
    "relation",
    [
        replace(PAYMENTS, kind=RelationKind.VIEW),
        replace(PAYMENTS, kind=RelationKind.PARTITIONED_TABLE),
        replace(PAYMENTS, temporary=True),
        replace(PAYMENTS, extension_owned=True),
        replace(PAYMENTS, bytes=8192),
    ],
)
def test_relations_that_are_not_to_be_indexed_are_left_alone(relation: object) -> None:
    of = catalog(BOOKINGS, relation)  # type: ignore[arg-type]
    assert keys("select id from payments where booking_id = $1", of) == set()


def test_an_index_of_all_columns_of_a_row_is_no_use() -> None:
    of = catalog(table("pair", column("a"), column("b")))
    assert keys("select a from pair where a = 1 and b = 2", of) == {("a",), ("b",)}


@pytest.mark.parametrize(
    ("there", "served"),
    [
        (existing(index_on("payments", "booking_id")), True),
        (existing(index_on("payments", "booking_id", "status")), True),
        (existing(replace(index_on("payments", "booking_id"), unique=True), unique=True), True),
        (existing(index_on("payments", "status", "booking_id")), False),
        (existing(index_on("payments", "booking_id"), valid=False), False),
        (existing(index_on("payments", "booking_id", schema="other")), False),
        (existing(replace(index_on("payments", "booking_id"), columns=(IndexColumn(column="booking_id", collation="C"),))),
         False),
        (existing(replace(index_on("payments", "booking_id"),
                          columns=(IndexColumn(column="booking_id", nulls=NullsOrder.LAST),))), True),
    ],
)  # fmt: skip
def test_nothing_is_tried_that_is_there_already(there: object, served: bool) -> None:
    of = catalog(indexes=[there])  # type: ignore[list-item]
    assert (("booking_id",) not in keys("select id from payments where booking_id = $1", of)) is served
    assert is_served(index_on("payments", "booking_id"), of.indexes) is served


def test_the_same_query_gives_the_same_candidates_in_the_same_order() -> None:
    text = "select p.id from payments p join bookings b on b.id = p.booking_id where b.vendor_id = 1 and p.status = 'x'"
    assert found(text) == found(text)
    assert len(set(found(text))) == len(found(text))


def test_the_begin_of_a_longer_order_is_tried() -> None:
    text = "select id from bookings order by vendor_id, wedding_date, couple_id, id limit 3"
    assert ("vendor_id", "wedding_date") in keys(text, width=2)
    assert ("vendor_id", "wedding_date", "couple_id") in keys(text, width=3)


def test_tables_of_the_same_name_in_two_schemas_are_told_apart() -> None:
    of = catalog(table("t", column("a"), column("x"), schema="one"), table("t", column("b"), column("x"), schema="two"))
    indexes = found("select 1 from one.t, two.t as other where t.a = 1 and other.b = 2", of)
    assert {(index.schema, index.columns[0].column) for index in indexes} == {("one", "a"), ("two", "b")}


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("select * from payments where lower(status) = $1", lower("status")),
        ("select * from payments where lower(status) in ($1, $2)", lower("status")),
        ("select * from payments order by lower(status) limit 3", lower("status")),
        ("select lower(status), count(*) from payments group by 1", lower("status")),
        ("select * from (select lower(status) as low from payments) p where low = $1", lower("status")),
        ("select * from payments p join bookings b on lower(p.status) = lower(b.note)", lower("status")),
    ],
)
def test_expressions_are_keys_like_columns(text: str, expression: FunctionCall) -> None:
    key = IndexColumn(expression=expression)
    wanted = replace(index_on("payments", "status"), columns=(key,))
    assert wanted in found(text)
    assert all(index.columns[0].column for index in found(text, plain_only=True))


def test_an_expression_stands_among_columns() -> None:
    indexes = found("select * from payments where lower(status) = $1 and booking_id = $2 and created_at > $3")
    assert any(
        [key.column or "lower" for key in index.columns] == ["lower", "booking_id", "created_at"] for index in indexes
    )


VIEWS = catalog(
    BOOKINGS,
    PAYMENTS,
    table(
        "paid",
        column("payment"),
        column("couple"),
        kind=RelationKind.VIEW,
        definition="SELECT p.id AS payment, b.couple_id AS couple FROM (public.payments p JOIN public.bookings b "
        "ON ((b.id = p.booking_id))) WHERE (b.confirmed AND (lower(p.status) = 'paid'::text))",
        beneath=["payments", "bookings"],
    ),
    table(
        "on_top",
        column("c"),
        kind=RelationKind.VIEW,
        definition="SELECT paid.couple AS c FROM public.paid WHERE (paid.payment > 3)",
        beneath=["paid"],
    ),
    table("broken", column("x"), kind=RelationKind.VIEW, definition="SELECT 1 FROM", beneath=[]),
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("select * from paid where couple = $1", {("couple_id",), ("booking_id",), ("confirmed",)}),
        ("select p.one from paid as p (one, two) where p.two = $1", {("couple_id",)}),
        ("select c from on_top where c = $1", {("couple_id",), ("id",)}),
        ("select o.c from on_top o join paid on paid.couple = o.c", {("couple_id",), ("id",)}),
    ],
)
def test_columns_of_views_are_those_of_their_tables(text: str, wanted: set[tuple[str, ...]]) -> None:
    assert wanted <= keys(text, VIEWS)
    read = read_statement(text, VIEWS)
    assert isinstance(read, Query)
    assert {name.table for name in read.relations} >= {"payments", "bookings", "paid"}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        pytest.param("select count(*) from paid where booking_id = $1", {"booking_id", "status"}, id="not read"),
        pytest.param(
            "select sum(amount) from paid where booking_id = $1", {"booking_id", "status", "amount"}, id="one of them"
        ),
        pytest.param("select * from (select id, status, amount from payments) as p where amount = $1", None, id="all"),
        pytest.param("select p.id from (select id, amount as a from payments) as p", {"id"}, id="a subquery"),
        pytest.param(
            "select p.id from (select distinct id, amount from payments) as p", {"id", "amount"}, id="distinct ones"
        ),
        pytest.param(
            "select p.id from (select id, amount from payments union select id, id from payments) as p",
            {"id", "amount"},
            id="a union",
        ),
        pytest.param(
            "with p as (select id, amount from payments) select id from p", {"id", "amount"}, id="a WITH query"
        ),
        pytest.param(
            "select b.id from bookings b where b.id in (select booking_id from payments)", {"booking_id"}, id="IN"
        ),
    ],
)
def test_what_a_view_or_subquery_hands_on_is_read_only_where_somebody_reads_it(
    text: str, read: set[str] | None
) -> None:
    paid = table(
        "paid",
        *(column(name) for name in ("id", "booking_id", "amount")),
        kind=RelationKind.VIEW,
        definition="SELECT payments.id, payments.booking_id, payments.amount FROM public.payments WHERE (payments.status = 'paid'::text)",
        beneath=["payments"],
    )
    of = catalog(*SHOP.tables.values(), paid)
    given_text = read_statement(text, of)
    assert isinstance(given_text, Query)
    uses = [use for use in table_uses(given_text, of) if use.table == PAYMENTS.name]
    if read is None:
        assert all(use.whole for use in uses)
    else:
        assert {name for use in uses for name in use.read} == read


def test_a_view_that_is_not_understood_yields_nothing() -> None:
    assert found("select x from broken where x = 3", VIEWS) == ()


@pytest.mark.parametrize(
    ("text", "keys_", "beside"),
    [
        ("select amount from payments where created_at > $1", ("created_at",), ("amount",)),
        ("select sum(p.amount) from payments p join bookings b on b.id = p.booking_id where b.couple_id = 1",
         ("booking_id",), ("amount",)),
        ("select confirmed, total from bookings where vendor_id = $1", ("vendor_id",), ("confirmed", "total")),
        ("select total from bookings where vendor_id = $1 order by wedding_date", ("vendor_id", "wedding_date"), ("total",)),
    ],
)  # fmt: skip
def test_what_else_a_query_reads_is_stored_beside_where_that_is_little(
    text: str, keys_: tuple[str, ...], beside: tuple[str, ...]
) -> None:
    there = [index for index in found(text, width=len(keys_)) if index.include]
    assert any(tuple(key.column for key in index.columns) == keys_ and index.include == beside for index in there)
    assert len(there) <= 4
    assert not any(index.include for index in found(text, width=len(keys_), plain_only=True))
    assert (*keys_, *beside) in keys(text, width=len(keys_) + len(beside))


@pytest.mark.parametrize(
    "text",
    [
        "select * from payments where created_at > $1",
        "select p from payments p where created_at > $1",
        "select p.* from payments p where created_at > $1",
        "select note from bookings where vendor_id = $1",
        "select amount from payments where id = $1",
        "select created_at from payments where created_at > $1",
    ],
    ids=["star", "row", "star of one", "wide", "one row", "nothing else"],
)
def test_nothing_is_stored_beside_where_it_cannot_pay(text: str) -> None:
    assert not any(index.include for width in (1, 2, 3) for index in found(text, width=width))


def test_what_the_server_computes_on_reading_is_not_stored_beside() -> None:
    text = "select amount from payments where created_at > $1"
    columns = {**PAYMENTS.columns, "amount": replace(PAYMENTS.columns["amount"], virtual=True)}
    assert any(index.include == ("amount",) for index in found(text, width=1))
    assert not any(index.include for index in found(text, catalog(replace(PAYMENTS, columns=columns)), width=1))


def states(**nulls: float) -> Catalog:
    columns = {
        name: replace(each, null_fraction=nulls.get(name, each.null_fraction))
        for name, each in PAYMENTS.columns.items()
    }
    return catalog(replace(PAYMENTS, columns=columns), BOOKINGS)


@pytest.mark.parametrize(
    ("text", "keys_", "predicate"),
    [
        ("select * from bookings where confirmed and vendor_id = $1", ("vendor_id",),
         Comparison(column="confirmed", operator=ComparisonOperator.EQ, constant=Constant(type="boolean", value="true"))),
        ("select * from bookings where not confirmed order by wedding_date", ("wedding_date",),
         Comparison(column="confirmed", operator=ComparisonOperator.EQ, constant=Constant(type="boolean", value="false"))),
        ("select * from payments where status = 'open' and booking_id = $1", ("booking_id",),
         Comparison(column="status", operator=ComparisonOperator.EQ, constant=Constant(type="text", value="open"))),
        ("select * from payments where status <> 'done'", ("status",),
         Comparison(column="status", operator=ComparisonOperator.NE, constant=Constant(type="text", value="done"))),
        ("select * from payments where amount is null and created_at > $1", ("created_at",),
         Comparison(column="amount", operator=ComparisonOperator.IS_NULL)),
        ("select * from payments where booking_id is not null and created_at > $1", ("created_at",),
         Comparison(column="booking_id", operator=ComparisonOperator.IS_NOT_NULL)),
    ],
)  # fmt: skip
def test_conditions_that_always_hold_make_partial_indexes(
    text: str, keys_: tuple[str, ...], predicate: Comparison
) -> None:
    of = states(amount=0.1, booking_id=0.9)
    there = {
        tuple(key.column for key in index.columns): index.predicate for index in found(text, of) if index.predicate
    }
    assert there == {keys_: (predicate,)}
    assert not any(index.predicate for index in found(text, of, plain_only=True))


@pytest.mark.parametrize(
    "text",
    [
        "select * from payments where status = $1 and booking_id = $2",
        "select * from payments where status = 'open' or booking_id = $2",
        "select * from payments where not (status = 'open') and booking_id = $2",
        "select * from payments where booking_id = 17",
        "select * from payments where amount is not null and created_at > $1",
        "select * from payments where created_at > '2026-01-01'",
        "select count(*) filter (where status = 'open') from payments where booking_id = $1",
        "select * from payments where status = (select 'open') and booking_id = $2",
    ],
    ids=["parameter", "or", "not", "many values", "few nulls", "range", "filter", "subquery"],
)
def test_no_predicate_is_guessed(text: str) -> None:
    assert not any(index.predicate for index in found(text))


def test_ranges_of_blocks_are_thought_of_on_large_tables_in_order() -> None:
    text = "select * from payments where created_at > $1"
    grown = replace(PAYMENTS.columns["created_at"], correlation=-0.99)
    large = replace(PAYMENTS, bytes=200_000_000, columns={**PAYMENTS.columns, "created_at": grown})
    brin = replace(index_on("payments", "created_at"), method=AccessMethod.BRIN)
    assert brin in found(text, catalog(large))
    assert brin not in found(text, catalog(large), plain_only=True)
    assert brin not in found(text, catalog(replace(large, bytes=20_000_000)))
    assert brin not in found(text, catalog(replace(large, columns=PAYMENTS.columns)))
    nearly = replace(large, columns={**PAYMENTS.columns, "created_at": replace(grown, correlation=-0.85)})
    assert brin not in found(text, catalog(nearly))
    assert brin not in found("select * from payments where created_at = $1", catalog(large))
    assert found(text, catalog(large, indexes=[existing(brin)])) == (index_on("payments", "created_at"),)


def test_generated_columns_are_indexed_where_they_are_stored() -> None:
    text = "select * from payments where booking_id = $1"
    stored = replace(PAYMENTS.columns["booking_id"], generated=True)
    of = catalog(replace(PAYMENTS, columns={**PAYMENTS.columns, "booking_id": stored}))
    assert found(text, of) == (index_on("payments", "booking_id"),)
    virtual = replace(stored, virtual=True)
    assert found(text, catalog(replace(PAYMENTS, columns={**PAYMENTS.columns, "booking_id": virtual}))) == ()


@pytest.mark.parametrize(
    ("there", "wanted", "served"),
    [
        pytest.param(partial_on(OPEN), partial_on(OPEN), True, id="same predicate"),
        pytest.param(partial_on(), partial_on(OPEN), False, id="whole"),
        pytest.param(partial_on(OPEN), partial_on(), False, id="less"),
        pytest.param(partial_on(OPEN), partial_on(NONE), False, id="other predicate"),
        pytest.param(partial_on(OPEN), partial_on(NONE, OPEN), False, id="more rows"),
        pytest.param(partial_on(method=AccessMethod.BRIN), partial_on(), False, id="other method"),
    ],
)
def test_only_an_index_on_the_same_rows_serves_a_part_of_them(there: Index, wanted: Index, served: bool) -> None:
    assert is_served(wanted, [existing(there)]) is served


TEXTS = [
    "select p.id from payments p join bookings b on b.id = p.booking_id where b.vendor_id = 1 and p.status = 'x'",
    "select amount from payments where lower(status) = 'x' and created_at > $1 order by booking_id",
    "select vendor_id, count(*) from bookings where not confirmed group by vendor_id",
    "select c from on_top where c between 1 and 3",
]


@given(st.sampled_from(TEXTS), st.permutations(list(VIEWS.tables.values())), st.integers(1, 4))
def test_candidates_do_not_hang_on_the_order_of_the_catalog(text: str, tables: list[Table], width: int) -> None:
    shuffled = catalog(*(replace(each, columns=dict(reversed(list(each.columns.items())))) for each in tables))
    assert found(text, shuffled, width) == found(text, VIEWS, width)


@given(st.sampled_from(TEXTS), st.data())
def test_what_is_there_or_served_is_never_proposed(text: str, data: st.DataObject) -> None:
    proposed = found(text, VIEWS)
    made = data.draw(st.lists(st.sampled_from(proposed), max_size=5, unique=True))
    of = replace(VIEWS, indexes=tuple(map(existing, made)))
    again = found(text, of)
    assert set(again) <= set(proposed) - set(made)
    assert not any(is_served(index, of.indexes) for index in again)


def test_sixty_joins_are_read_as_a_whole() -> None:
    joins = " ".join(f"join payments p{n} on p{n}.booking_id = p{n - 1}.id" for n in range(1, 60))
    conditions = " and ".join(f"p{n}.amount = {n}" for n in range(60))
    assert ("amount", "booking_id") in keys(f"select p0.id from payments p0 {joins} where {conditions}")


def partitioned(count: int) -> Catalog:
    names = [f"part_{number:02}" for number in range(count)]
    columns = tuple(PAYMENTS.columns.values())
    whole = table("whole", *columns, kind=RelationKind.PARTITIONED_TABLE, beneath=[*names, "small"])
    parts = [
        table(name, *columns, kind=RelationKind.PARTITION, bytes_=10_000_000 + number)
        for number, name in enumerate(names)
    ]
    return catalog(whole, *parts, table("small", *columns, kind=RelationKind.PARTITION, bytes_=8192))


def test_a_partitioned_table_gets_its_indexes_on_its_largest_partitions() -> None:
    text = "select * from whole where booking_id = $1"
    assert {(index.table, index.columns[0].column) for index in found(text, partitioned(3))} == {
        ("part_00", "booking_id"), ("part_01", "booking_id"), ("part_02", "booking_id"),
    }  # fmt: skip
    many = found(text, partitioned(20))
    assert [index.table for index in many] == [f"part_{number:02}" for number in range(19, 11, -1)]
    read = read_statement(text, partitioned(3))
    assert isinstance(read, Query)
    assert {name.table for name in read.relations} == {"whole", "small", "part_00", "part_01", "part_02"}
    one = found("select * from part_01 where booking_id = $1", partitioned(3))
    assert [index.table for index in one] == ["part_01"]


def test_more_partitions_than_are_looked_at_are_said_with_what_to_do() -> None:
    for count, said in ((8, 0), (9, 1)):
        of = partitioned(count)
        read = read_statement("select * from whole where booking_id = $1", of)
        assert isinstance(read, Query)
        sentences = advise_on_parts([WeightedQuery(id="q", query=read, weight=1.0)], of)
        assert len(sentences) == said
        assert all("9 partitions" in each and "ATTACH PARTITION" in each for each in sentences)


def test_children_by_inheritance_get_indexes_beside_their_parent() -> None:
    columns = tuple(PAYMENTS.columns.values())
    of = catalog(table("parent", *columns, beneath=["child"]), table("child", *columns))
    assert {index.table for index in found("select * from parent where booking_id = $1", of)} == {"parent", "child"}


def test_a_small_table_gets_an_index_for_the_order_of_a_join_and_for_nothing_else() -> None:
    of = catalog(PAYMENTS, table("methods", column("id"), column("name", "text"), column("fee"), bytes_=8192))
    joined = "select p.id from payments p join methods m on m.id = p.amount where m.fee = 3"
    small = [index for index in found(f"{joined} order by m.name limit 10", of) if index.table == "methods"]
    assert small == [Index(schema="public", table="methods", columns=(IndexColumn(column="name"),))]
    assert not [index for index in found(joined, of) if index.table == "methods"]
    assert not found("select id from methods where fee = 3 order by name limit 10", of)


def test_an_index_begins_none_of_another_table_that_has_columns_of_the_same_names() -> None:
    narrow, wide = index_on("bookings", "id"), index_on("bookings", "id", "status")
    assert starts_with(wide, narrow)
    assert not starts_with(replace(wide, table="payments"), narrow)
    assert not starts_with(replace(wide, schema="archive"), narrow)
