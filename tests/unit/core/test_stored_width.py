"""How wide a value may become, by its type."""

from __future__ import annotations

import pytest

from pgtend.core.stored_width import LARGEST_ENTRY, most_bytes, never_too_wide
from pgtend.domain.catalog import Column


@pytest.mark.parametrize(
    ("type_", "length", "bytes_"),
    [
        ("bigint", 8, 8),
        ("name", 64, 64),
        ("character varying(100)", -1, 404),
        ("character(10)", -1, 44),
        ("bit varying(80)", -1, 19),
        ("numeric", -1, 64),
        ("numeric(10,2)", -1, 64),
        ("inet", -1, 24),
        ("character varying", -1, None),
        ("text", -1, None),
        ("text[]", -1, None),
        ("character varying(10)[]", -1, None),
        ("bytea", -1, None),
        ("jsonb", -1, None),
        ("shop.note", -1, None),
    ],
)
def test_a_type_limits_its_values_or_does_not(type_: str, length: int, bytes_: int | None) -> None:
    assert most_bytes(Column(name="c", type=type_, type_length=length)) == bytes_


def test_what_fits_together_is_less_than_what_fits_alone() -> None:
    wide = Column(name="wide", type="character varying(600)")
    assert (most_bytes(wide) or 0) < LARGEST_ENTRY
    assert never_too_wide([wide])
    assert not never_too_wide([wide, wide])
