from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.candidates import candidates, is_served
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.index import Index, IndexColumn, NullsOrder, SortOrder
from pgtend.domain.workload import Query
from tests.unit.core.catalogs import BOOKINGS, PAYMENTS, catalog, column, existing, index_on, table

SHOP = catalog()


def found(text: str, of: Catalog = SHOP, width: int = 3) -> tuple[Index, ...]:
    read = read_statement(text, of)
    assert isinstance(read, Query), read
    return candidates(read, of, Constraints(max_width=width))


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
        ("update payments set status = 'x' where booking_id = 3", {("booking_id",)}),
        ("delete from payments using bookings where booking_id = bookings.id and vendor_id = 3",
         {("booking_id",), ("vendor_id",)}),
        ("insert into payments (id) select id from bookings where couple_id = 3", {("couple_id",)}),
    ],
)  # fmt: skip
def test_columns_that_are_searched_joined_or_sorted_are_tried(text: str, wanted: set[tuple[str, ...]]) -> None:
    assert wanted <= keys(text)


@pytest.mark.parametrize(
    "text",
    [
        "select booking_id, amount from payments",
        "select id from payments where lower(status) = 'x'",
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
    ],
)
def test_what_no_plain_index_can_serve_is_not_tried(text: str) -> None:
    of = catalog(*SHOP.tables.values(), search_path=("public", "hidden"))
    assert keys(text, of) == set()


def test_a_constant_pattern_gets_a_key_of_the_pattern_class() -> None:
    (index,) = found("select id from payments where status like 'abc%'")
    assert index.columns == (IndexColumn(column="status", opclass="text_pattern_ops"),)


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


def test_tables_of_the_same_name_in_two_schemas_are_told_apart() -> None:
    of = catalog(table("t", column("a"), column("x"), schema="one"), table("t", column("b"), column("x"), schema="two"))
    indexes = found("select 1 from one.t, two.t as other where t.a = 1 and other.b = 2", of)
    assert {(index.schema, index.columns[0].column) for index in indexes} == {("one", "a"), ("two", "b")}
