"""Which duplicate goes, and which never does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.redundancy import drop_duplicates
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, ExistingIndex
from pgtend.domain.index import Index, IndexColumn, TableName

TABLE = TableName(schema="public", table="bookings")
INDEX = Index(schema="public", table="bookings", columns=(IndexColumn(column="vendor_id"),))


def existing(name: str, oid: int, **changes: object) -> ExistingIndex:
    plain = ExistingIndex(
        oid=oid,
        name=name,
        table=TABLE,
        definition="",
        index=replace(INDEX, name=name),
        valid=True,
        ready=True,
        unique=False,
        primary=False,
        constraint=False,
        replica_identity=False,
        partition_attached=False,
        size_bytes=1000,
        scans=0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def dropped(*indexes: ExistingIndex) -> list[str | None]:
    changes = drop_duplicates(Catalog(tables={}, indexes=indexes), Constraints(), lambda _: 0.0)
    return [change.index.name for change in changes]


def test_drops_the_duplicate_that_is_used_less() -> None:
    assert dropped(existing("a", 1, scans=5), existing("b", 2, scans=9)) == ["a"]


def test_drops_all_but_one_of_many() -> None:
    assert dropped(existing("a", 1), existing("b", 2), existing("c", 3)) == ["b", "c"]


def test_drops_a_plain_index_beside_a_unique_one() -> None:
    unique = existing("u", 2, unique=True, index=replace(INDEX, name="u", unique=True))
    assert dropped(existing("a", 1, scans=99), unique) == ["a"]


@pytest.mark.parametrize(
    "kept_for", ["unique", "primary", "constraint", "replica_identity", "partition_attached", "clustered", "adorned"]
)
def test_never_drops_what_something_depends_on_or_what_would_come_back_as_another(kept_for: str) -> None:
    assert dropped(existing("a", 1, **{kept_for: True}), existing("b", 2, **{kept_for: True})) == []


def test_drops_a_plain_index_beside_one_with_options() -> None:
    assert dropped(existing("a", 1, scans=99), existing("b", 2, adorned=True)) == ["a"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"valid": False}, id="invalid"),
        pytest.param({"index": None}, id="without a typed definition"),
        pytest.param({"index": replace(INDEX, name="b", include=("price",))}, id="other included columns"),
        pytest.param({"index": replace(INDEX, name="b", schema="other")}, id="another schema"),
    ],
)
def test_drops_nothing_that_is_not_there_twice(change: dict[str, object]) -> None:
    assert dropped(existing("a", 1), existing("b", 2, **change)) == []
