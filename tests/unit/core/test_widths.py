"""Bytes of an entry, against what pg_column_size() and pageinspect's bt_page_items() say of real ones."""

from __future__ import annotations

import pytest

from pgtend.core.sizing.widths import Value, entry_widths, mean, value_widths

INT4 = Value(type="integer", length=4, alignment=4)
INT8 = Value(type="bigint", length=8, alignment=8)
BOOL = Value(type="boolean", length=1, alignment=1)
CHAR1 = Value(type="character(1)", average_width=2)
CHAR10 = Value(type="character(10)", average_width=11)
MONEY = Value(type="numeric(15,2)", average_width=8)
TEXT = Value(type="text", average_width=40)


@pytest.mark.parametrize(
    ("values", "nulls", "bytes_"),
    [
        pytest.param([INT4], 0, 16, id="4 bytes are filled up to 8"),
        pytest.param([INT4, INT4], 0, 16, id="two integers take what one does"),
        pytest.param([INT4, INT8], 0, 24, id="the second is aligned"),
        pytest.param([BOOL], 0, 16, id="a boolean takes 8 too"),
        pytest.param([BOOL, INT4, BOOL], 0, 24, id="alignment within, then at the end"),
        pytest.param([CHAR1, CHAR1], 0, 16, id="short strings are not aligned"),
        pytest.param([CHAR10], 0, 24, id="char(10) is ten bytes and one of header"),
        pytest.param([CHAR10, INT4], 0, 24, id="an integer behind a string"),
        pytest.param([INT4], 1, 16, id="a NULL alone: header with bitmap"),
        pytest.param([INT4, INT4], 1, 24, id="a NULL and a value"),
        pytest.param([INT4, INT4], 3, 16, id="two NULLs"),
    ],
)
def test_an_entry_is_as_wide_as_postgres_makes_it(values: list[Value], nulls: int, bytes_: int) -> None:
    assert entry_widths(values, nulls) == ((bytes_, 1.0),)


def test_a_null_of_an_included_column_takes_no_bytes_and_brings_the_bitmap() -> None:
    often = Value(type="integer", length=4, alignment=4, null_share=0.75)
    assert entry_widths([INT4, often], 0) == ((16, 0.25), (24, 0.75))
    assert entry_widths([INT4, often, often], 0) == ((24, 1.0),)
    assert entry_widths([INT8, INT8, often], 0) == ((32, 1.0),)
    assert entry_widths([INT4, often], 1) == ((16, 0.75), (24, 0.25))


def test_a_numeric_has_an_odd_width_and_mostly_the_one_that_the_mean_was_cut_from() -> None:
    assert {width: round(share, 3) for width, share in value_widths(MONEY)} == {7: 0.1, 9: 0.9}
    assert {width: round(share, 3) for width, share in value_widths(Value(type="numeric", average_width=5))} == {
        5: 0.9,
        7: 0.1,
    }
    assert [width for width, _ in entry_widths([MONEY], 0)] == [16, 24]


def test_strings_of_unknown_lengths_are_spread_around_their_mean() -> None:
    assert abs(mean(value_widths(TEXT)) - 40.5) < 0.1
    assert {width for width, _ in entry_widths([TEXT], 0)} == {48, 56}
    assert value_widths(Value(type="text", average_width=9, few=True)) == ((9, 0.5), (10, 0.5))


def test_a_column_without_statistics_has_some_width() -> None:
    assert mean(entry_widths([Value(type="")], 0)) >= 16
