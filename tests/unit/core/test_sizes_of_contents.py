"""Sizes of what is made of the inside of values: GIN by its keys, fields of documents, times cut to units."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.looked_into import columns_looked_into, with_contents
from pgtend.core.size import estimate_size
from pgtend.core.sizing.contents import different_parts, element_spread, sampled_spread
from pgtend.core.sizing.gin import GinKeys, gin_pages
from pgtend.core.sizing.spread import Keys, occurring
from pgtend.core.statement import read_statement
from pgtend.domain.catalog import PAGE_BYTES, Catalog, Column
from pgtend.domain.contents import Contents, Inside, LookedInto, Sample, SampledParts
from pgtend.domain.index import (
    AccessMethod,
    Argument,
    ColumnArgument,
    Constant,
    Expression,
    FunctionCall,
    Index,
    IndexColumn,
    OperatorCall,
    TableName,
)
from pgtend.domain.workload import Query, WeightedQuery, Workload
from tests.unit.core.catalogs import catalog, column, table

ROWS = 1_000_000.0
PAGES = 162_000.0


@pytest.mark.parametrize(
    ("keys", "megabytes"),
    [
        pytest.param(GinKeys(spread=(Keys(count=1_000, rows=4_490),), width=4, fixed=True), 24.6, id="numbers"),
        pytest.param(
            GinKeys(spread=(Keys(count=1e12, rows=1e-6),), width=4, fixed=True), 56.0, id="keys of one row each"
        ),
    ],
)
def test_a_gin_index_of_known_keys_is_as_large_as_built(keys: GinKeys, megabytes: float) -> None:
    assert abs(PAGE_BYTES * gin_pages([keys], ROWS, PAGES, 2**30) / 1e6 / megabytes - 1) < 0.1


@given(keys=st.integers(1, 100_000), rows=st.floats(0.01, 10_000))
def test_more_memory_for_the_build_never_makes_a_gin_index_smaller(keys: int, rows: float) -> None:
    group = [GinKeys(spread=(Keys(count=keys, rows=rows),), width=12)]
    small, large = (gin_pages(group, ROWS, PAGES, memory) for memory in (2**24, 2**32))
    assert small <= large


def parts(
    times: dict[int, int], possible: float | None = None, path: str = "/kind", width: float = 6.0
) -> SampledParts:
    return SampledParts(path=path, width=width, times=tuple(times), parts=tuple(times.values()), possible=possible)


def sample(*groups: SampledParts, inside: Inside = Inside.DOCUMENT, values: int = 100) -> Sample:
    return Sample(inside=inside, values=values, groups=groups)


@pytest.mark.parametrize(
    ("group", "least", "most"),
    [
        pytest.param(parts({10: 5, 50: 1}), 6, 6, id="few values, all seen"),
        pytest.param(parts({1: 100}), ROWS, ROWS, id="no two alike"),
        pytest.param(parts({1: 100}, possible=5_000.0), 4_900, 5_000, id="no two alike, of so many possible"),
        pytest.param(parts({1: 80, 2: 10}), 400, 1_000, id="some twice"),
    ],
)
def test_how_many_different_parts_there_are_is_reckoned_from_those_there_twice(
    group: SampledParts, least: float, most: float
) -> None:
    assert least <= round(different_parts(group, sample(group), ROWS)) <= most


@given(times=st.dictionaries(st.integers(1, 100), st.integers(1, 50), min_size=1), rows=st.floats(1e4, 1e7))
def test_no_row_is_lost_between_common_and_rare_parts(times: dict[int, int], rows: float) -> None:
    group = parts(times)
    expected = rows * sum(each * count for each, count in times.items()) / 100
    assert abs(sum(keys.total_rows for keys in sampled_spread(group, sample(group), rows)) / expected - 1) < 1e-6


def test_a_complete_list_of_elements_has_no_others() -> None:
    shares = (0.5, 0.3, 0.2)
    assert round(occurring(element_spread(shares, ROWS, 1.0))) == 3
    assert occurring(element_spread(shares, ROWS, 2.0)) > 3


def test_there_are_no_more_rare_words_than_texts_of_that_length_have() -> None:
    shares = tuple(0.01 / rank**0.9 for rank in range(1, 1_001))
    words, others = (occurring(element_spread(shares, ROWS, 20.0, of_words=each)) for each in (True, False))
    assert words < others


DATA = Contents(samples=(sample(parts({10: 5, 50: 1}), parts({1: 90}, path="/token", width=32.0)),))
COLUMNS = (
    replace(column("data", "jsonb", -1.0, 300), contents=DATA),
    replace(column("plain", "jsonb", -1.0, 300)),
    replace(
        column("at", "timestamp without time zone", -1.0, 8),
        type_length=8,
        alignment=8,
        deduplicates=True,
        contents=Contents(gaps=(86_400.0 * 3.65,) * 100),
    ),
    replace(column("unknown", "timestamp without time zone", -1.0, 8), type_length=8, alignment=8, deduplicates=True),
    replace(column("score", "integer", 50.0, 4), type_length=4, null_fraction=0.9, deduplicates=True),
)
THERE = catalog(table("events", *COLUMNS, rows=ROWS, bytes_=400_000_000))
DEDUPLICATED = 7_300_000


def constant(value: str) -> Constant:
    return Constant(type="text", value=value)


def field(name: str, key: str) -> Expression:
    return OperatorCall(operator="->>", arguments=(ColumnArgument(column=name), constant(key)))


def call(function: str, *arguments: Argument) -> Expression:
    return FunctionCall(function=function, arguments=arguments)


def size(expression: Expression) -> int:
    return estimate_size(Index(schema="public", table="events", columns=(IndexColumn(expression=expression),)), THERE)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(field("data", "kind"), id="a field of few values"),
        pytest.param(call("date_trunc", constant("day"), ColumnArgument(column="at")), id="the days of a year"),
        pytest.param(call("coalesce", ColumnArgument(column="score"), constant("0")), id="NULL filled in"),
    ],
)
def test_an_expression_of_few_values_is_stored_once_for_each(expression: Expression) -> None:
    assert 0.95 * DEDUPLICATED < size(expression) < 1.05 * DEDUPLICATED


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(field("data", "token"), id="a field of which no two are alike"),
        pytest.param(field("plain", "kind"), id="a document that was not looked into"),
        pytest.param(call("date_trunc", constant("second"), ColumnArgument(column="at")), id="seconds"),
        pytest.param(call("date_trunc", constant("day"), ColumnArgument(column="unknown")), id="a time without bounds"),
    ],
)
def test_an_expression_of_many_or_unknown_values_is_taken_for_large(expression: Expression) -> None:
    assert size(expression) > 2.5 * DEDUPLICATED


def test_a_field_that_no_document_of_the_sample_has_is_in_few_rows() -> None:
    assert 8_192 < size(field("data", "rare")) < 0.2 * size(field("data", "token"))


def test_documents_that_were_not_looked_into_are_taken_for_larger() -> None:
    looked, not_looked = (
        estimate_size(
            Index(schema="public", table="events", columns=(IndexColumn(column=name),), method=AccessMethod.GIN), THERE
        )
        for name in ("data", "plain")
    )
    assert not_looked > 2 * looked


def workload(text: str, there: Catalog) -> Workload:
    query = read_statement(text, there)
    assert isinstance(query, Query)
    return Workload(queries=(WeightedQuery(id="1", query=query, weight=1.0),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select 1 from events where data @> '{}'", [("data", Inside.DOCUMENT)]),
        ("select 1 from events where plain ->> 'kind' = 'x'", [("plain", Inside.DOCUMENT)]),
        ("select 1 from events where date_trunc('day', at) = '2026-01-01'", [("at", Inside.TIMES)]),
        ("select 1 from events where score = 1", []),
    ],
)
def test_columns_are_looked_into_where_a_statement_does(text: str, expected: list[tuple[str, Inside]]) -> None:
    name = TableName(schema="public", table="events")
    found = columns_looked_into(workload(text, THERE), THERE)
    assert found == tuple(LookedInto(table=name, column=column, inside=inside) for column, inside in expected)


def test_what_was_counted_goes_to_its_column_alone() -> None:
    name = TableName(schema="public", table="events")
    filled: Catalog = with_contents(THERE, {(name, "plain"): DATA})
    before, after = (each.tables[name].columns for each in (THERE, filled))
    changed = {key for key, one in after.items() if one != before[key]}
    assert changed == {"plain"}
    assert isinstance(after["plain"], Column)
    assert after["plain"].contents == DATA
    assert with_contents(THERE, {}) is THERE
