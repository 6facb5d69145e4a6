"""Estimated sizes against indexes that were really built: statistics and bytes as benchmarks/sizes wrote them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.size import deduplicates, estimate_size, spendable
from pgtend.domain.catalog import Catalog, Column, RelationKind, Table
from pgtend.domain.index import (
    AccessMethod,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    TableName,
)
from tests.unit.core.catalogs import catalog, column, existing, index_on, table

MEASURED = Path(__file__).with_name("measured_sizes")
CORRELATED = {
    ("lineitem", "l_commitdate", "l_receiptdate"),
    ("lineitem", "l_commitdate", "l_shipdate"),
    ("lineitem", "l_orderkey", "l_returnflag"),
    ("lineitem", "l_partkey", "l_suppkey"),
    ("lineitem", "l_receiptdate", "l_commitdate"),
    ("lineitem", "l_receiptdate", "l_shipdate"),
    ("lineitem", "l_returnflag", "l_orderkey"),
    ("lineitem", "l_shipdate", "l_commitdate"),
    ("lineitem", "l_shipdate", "l_receiptdate"),
    ("lineitem", "l_suppkey", "l_partkey"),
}
"""Columns that hang on each other, which no statistics of single columns tell."""


def read(path: Path) -> tuple[Catalog, list[tuple[Index, int]]]:
    content = json.loads(path.read_text())
    tables, indexes = {}, []
    for each in content["tables"]:
        name = TableName(schema="public", table=each["table"])
        tables[name] = Table(
            oid=1,
            name=name,
            kind=RelationKind.TABLE,
            rows=each["rows"],
            bytes=each["bytes"],
            sampled_rows=each["sampled_rows"],
            columns={key: _column(key, facts) for key, facts in each["columns"].items()},
        )
        indexes += [existing(index_on(name.table, *key), unique=True) for key in each["unique"]]
    built = [(_index(each), each["bytes"]) for each in content["indexes"]]
    return Catalog(tables=tables, indexes=tuple(indexes)), built


def _column(name: str, facts: dict[str, Any]) -> Column:
    return Column(name=name, **facts | {"common_frequencies": tuple(facts["common_frequencies"])})


def _index(entry: dict[str, Any]) -> Index:
    plain = index_on(entry["table"], *entry["keys"])
    return replace(plain, method=AccessMethod(entry["method"]), include=tuple(entry["include"]))


CASES = [
    pytest.param(
        read_catalog,
        index,
        built,
        id=f"{path.stem}: {index.table} {index.method.value} "
        f"{', '.join(key.column or '' for key in index.columns)} + {len(index.include)}",
    )
    for path in sorted(MEASURED.glob("*.json"))
    for read_catalog, indexes in [read(path)]
    for index, built in indexes
    if (index.table, *(key.column for key in index.columns)) not in CORRELATED
]


@pytest.mark.parametrize(("there", "index", "built"), CASES)
def test_an_index_is_as_large_as_estimated(there: Catalog, index: Index, built: int) -> None:
    assert 0.88 * built <= estimate_size(index, there) <= 1.18 * built


def test_most_are_within_ten_percent_and_their_sum_within_two() -> None:
    cases = [case.values for case in CASES]
    errors = [estimate_size(index, there) / built - 1 for there, index, built in cases]  # type: ignore[arg-type,operator]
    assert len(errors) > 90
    assert sum(abs(error) <= 0.1 for error in errors) >= 0.95 * len(errors)
    assert sum(abs(error) <= 0.05 for error in errors) >= 0.85 * len(errors)


TPCH, _ = read(MEASURED / "tpch.json")
LINEITEM = TableName(schema="public", table="lineitem")
SHIPPED_AND_RECEIVED = index_on("lineitem", "l_shipdate", "l_receiptdate")
BUILT_ON_BOTH_DATES = 42_188_800
DISTINCT_DATES = 75_715.0


def test_columns_that_hang_on_each_other_are_estimated_too_large_never_too_small() -> None:
    assert estimate_size(SHIPPED_AND_RECEIVED, TPCH) > 1.5 * BUILT_ON_BOTH_DATES


def test_extended_statistics_tell_how_many_combinations_there_are() -> None:
    lineitem = TPCH.tables[LINEITEM]
    counted = {frozenset({"l_shipdate", "l_receiptdate"}): DISTINCT_DATES}
    there = replace(TPCH, tables={LINEITEM: replace(lineitem, distinct_combinations=counted)})
    assert abs(estimate_size(SHIPPED_AND_RECEIVED, there) / BUILT_ON_BOTH_DATES - 1) < 0.1


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        pytest.param(index_on("t", "a"), True, id="integers"),
        pytest.param(index_on("t", "a", "m"), False, id="one key that is numeric"),
        pytest.param(replace(index_on("t", "a"), include=("m",)), False, id="INCLUDE"),
        pytest.param(replace(index_on("t", "a"), unique=True), False, id="a unique index"),
        pytest.param(index_on("t", "gone"), False, id="a column that is not known"),
    ],
)
def test_deduplication_is_known(index: Index, expected: bool) -> None:
    columns = {"a": replace(column("a"), deduplicates=True), "m": column("m", "numeric")}
    assert deduplicates(index, [columns.get(key.column or "") for key in index.columns]) is expected


def test_a_pattern_class_deduplicates_and_an_unknown_class_does_not() -> None:
    loose = column("a", "text")
    for opclass, expected in (("text_pattern_ops", True), ("shop.own_ops", False)):
        index = Index(schema="public", table="t", columns=(IndexColumn(column="a", opclass=opclass),))
        assert deduplicates(index, [loose]) is expected


STATUS = replace(column("status", "text", 4.0), common_frequencies=(0.6, 0.2, 0.1, 0.1), deduplicates=True)
DELETED = replace(column("deleted_at", "timestamp with time zone", -0.01), null_fraction=0.99, deduplicates=True)
KEY = replace(column("key", "integer", -1.0, 4), type_length=4, deduplicates=True)
ORDERS = catalog(table("orders", STATUS, DELETED, KEY))


def where(name: str, operator: ComparisonOperator, value: str | None = None) -> tuple[Comparison, ...]:
    constant = None if value is None else Constant(type="text", value=value)
    return (Comparison(column=name, operator=operator, constant=constant),)


@pytest.mark.parametrize(
    ("predicate", "share"),
    [
        pytest.param(where("deleted_at", ComparisonOperator.IS_NULL), 0.99, id="IS NULL"),
        pytest.param(where("deleted_at", ComparisonOperator.IS_NOT_NULL), 0.01, id="IS NOT NULL"),
        pytest.param(where("status", ComparisonOperator.EQ, "x"), 0.6, id="the most common value at worst"),
        pytest.param(where("status", ComparisonOperator.GT, "x"), 1 / 3, id="a range"),
    ],
)
def test_a_partial_index_holds_its_share_of_the_rows(predicate: tuple[Comparison, ...], share: float) -> None:
    whole = estimate_size(index_on("orders", "key"), ORDERS)
    partial = estimate_size(replace(index_on("orders", "key"), predicate=predicate), ORDERS)
    assert abs(partial / whole - share) < 0.02


def test_what_a_planner_says_of_the_rows_is_believed() -> None:
    partial = replace(index_on("orders", "key"), predicate=where("status", ComparisonOperator.EQ, "x"))
    whole = estimate_size(index_on("orders", "key"), ORDERS)
    assert abs(estimate_size(partial, ORDERS, share=0.1) / whole - 0.1) < 0.01
    assert estimate_size(partial, ORDERS, share=0.0) == 8192


def test_a_key_that_its_own_predicate_fixes_has_one_value() -> None:
    partial = replace(index_on("orders", "status"), predicate=where("status", ComparisonOperator.EQ, "x"))
    fixed = estimate_size(partial, ORDERS, share=0.5)
    assert abs(fixed / estimate_size(index_on("orders", "status"), ORDERS) - 0.5) < 0.05


def test_nulls_take_next_to_nothing() -> None:
    assert estimate_size(index_on("orders", "deleted_at"), ORDERS) < 0.4 * estimate_size(
        index_on("orders", "key"), ORDERS
    )


def test_a_lower_fill_factor_takes_more_pages() -> None:
    full, half = (estimate_size(index_on("orders", "key"), ORDERS, fill=fill) for fill in (100, 50))
    assert 1.9 < half / full < 2.1


def test_an_expression_is_as_wide_as_its_function_makes_it() -> None:
    def size(function: str, *more: Constant) -> int:
        call = FunctionCall(function=function, arguments=(ColumnArgument(column="note"), *more))
        return estimate_size(Index(schema="public", table="t", columns=(IndexColumn(expression=call),)), there)

    there = catalog(table("t", replace(column("note", "text", -1.0, 60), deduplicates=True)))
    plain = estimate_size(index_on("t", "note"), there)
    assert size("lower") == plain
    assert size("left", Constant(type="integer", value="7")) < 0.5 * plain
    assert size("length") < 0.3 * plain
    assert size("md5") < plain


def test_a_table_that_was_never_analysed_has_an_estimate() -> None:
    bare = Column(name="a", type="integer", type_length=4)
    there = catalog(table("t", bare, rows=100.0 * 226, bytes_=100 * 8192, counted=False))
    assert 8192 < estimate_size(index_on("t", "a"), there) < 2 * 100 * 8192
    assert estimate_size(index_on("t", "a"), catalog(table("t", bare, rows=0.0, bytes_=0))) == 8192
    assert estimate_size(index_on("gone", "a"), there) == 0


def test_every_access_method_has_an_estimate_and_brin_is_the_smallest() -> None:
    sizes = {
        method: estimate_size(replace(index_on("orders", "key"), method=method), ORDERS) for method in AccessMethod
    }
    assert all(size > 0 for size in sizes.values())
    assert min(sizes, key=lambda method: sizes[method]) is AccessMethod.BRIN


def test_estimates_may_fill_less_than_the_budget() -> None:
    assert spendable(None) is None
    assert spendable(0) == 0
    assert spendable(105_000_000) == 100_000_000


def test_a_table_that_was_empty_when_it_was_analysed_is_taken_for_as_large_as_its_file() -> None:
    loaded = table("loads", column("id"), rows=0.0, bytes_=3_000_000, counted=False, grown_bytes=3_000_000)
    empty = table("loads", column("id"), rows=0.0, bytes_=0)
    index = index_on("loads", "id")
    assert estimate_size(index, catalog(loaded)) > 500_000
    assert estimate_size(index, catalog(empty)) <= 2 * 8192


def orders_of(rows: float, grown: float = 1.0) -> Catalog:
    """A table of as many rows when it was analysed, and so many times as large now."""
    key = replace(column("key", "bigint", -0.25), deduplicates=True, type_length=8, alignment=8)
    kind = replace(column("kind", "integer", 7.0, 4), deduplicates=True, type_length=4, common_frequencies=(1 / 7,) * 7)
    bytes_ = int(rows / 170 * 8192)
    grown_bytes = int(bytes_ * (grown - 1))
    there = table("orders", key, kind, rows=rows * grown, bytes_=bytes_ + grown_bytes, grown_bytes=grown_bytes)
    return catalog(there)


@given(rows=st.floats(20_000, 1e7), grown=st.floats(1, 30), name=st.sampled_from(["key", "kind"]))
def test_a_table_that_has_grown_is_sized_like_one_that_was_analysed_at_that_size_or_a_little_larger(
    rows: float, grown: float, name: str
) -> None:
    index = index_on("orders", name)
    analysed = estimate_size(index, orders_of(rows * grown))
    assert 0.97 * analysed <= estimate_size(index, orders_of(rows, grown)) <= 1.25 * analysed + 8192


@given(grown=st.lists(st.floats(0.1, 30), min_size=2, max_size=5).map(sorted), name=st.sampled_from(["key", "kind"]))
def test_what_has_grown_more_is_never_sized_smaller(grown: list[float], name: str) -> None:
    sizes = [estimate_size(index_on("orders", name), orders_of(100_000, each)) for each in grown]
    assert sizes == sorted(sizes)
