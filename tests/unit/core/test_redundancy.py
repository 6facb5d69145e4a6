"""Which duplicate goes, and which never does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.redundancy import drop_duplicates
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, ExistingIndex
from tests.unit.core.catalogs import existing, index_on, needed

INDEX = index_on("bookings", "vendor_id")


def alike(name: str, oid: int) -> ExistingIndex:
    return existing(replace(INDEX, name=name), name, oid=oid)


A, B, C = alike("a", 1), alike("b", 2), alike("c", 3)


def dropped(*indexes: ExistingIndex) -> list[str | None]:
    changes = drop_duplicates(Catalog(tables={}, indexes=indexes), Constraints(), lambda _: 0.0)
    return [change.index.name for change in changes]


def test_drops_the_duplicate_that_is_used_less() -> None:
    assert dropped(replace(A, scans=5), replace(B, scans=9)) == ["a"]


def test_drops_all_but_one_of_many() -> None:
    assert dropped(A, B, C) == ["b", "c"]


def test_drops_a_plain_index_beside_a_unique_one() -> None:
    unique = replace(B, unique=True, index=replace(INDEX, name="b", unique=True))
    assert dropped(replace(A, scans=99), unique) == ["a"]


@pytest.mark.parametrize(
    ("one", "other"), list(zip(needed(A).values(), needed(B).values(), strict=True)), ids=needed(A)
)
def test_never_drops_what_something_depends_on_or_what_would_come_back_as_another(
    one: ExistingIndex, other: ExistingIndex
) -> None:
    assert dropped(one, other) == []


def test_drops_a_plain_index_beside_one_with_options() -> None:
    assert dropped(replace(A, scans=99), replace(B, adorned=True)) == ["a"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(B, valid=False), id="invalid"),
        pytest.param(replace(B, index=None), id="without a typed definition"),
        pytest.param(replace(B, index=replace(INDEX, name="b", include=("price",))), id="other included columns"),
        pytest.param(replace(B, index=replace(INDEX, name="b", schema="other")), id="another schema"),
    ],
)
def test_drops_nothing_that_is_not_there_twice(other: ExistingIndex) -> None:
    assert dropped(A, other) == []
