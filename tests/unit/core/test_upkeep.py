from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.statement import read_statement
from pgtend.core.upkeep import upkeep_of, writes_of
from pgtend.domain.catalog import Catalog, WriteCounters
from pgtend.domain.index import Index
from pgtend.domain.workload import Query, WeightedQuery
from tests.unit.core.catalogs import PAYMENTS, catalog, existing, index_on

HOT = replace(PAYMENTS, writes=WriteCounters(updated=100, hot_updated=100))
SHOP = catalog(HOT, indexes=[existing(index_on("payments", "id"))])


def read(text: str, of: Catalog = SHOP) -> Query:
    query = read_statement(text, of)
    assert isinstance(query, Query)
    return query


def upkeep(index: Index, text: str, rows: float = 10.0, of: Catalog = SHOP) -> float:
    query = read(text, of)
    writes = writes_of([WeightedQuery(id="q", query=query, weight=rows)], of)
    return upkeep_of(index, of, writes)


@pytest.mark.parametrize(
    ("text", "assigned"),
    [
        ("update payments set status = $1 where id = $2", {"status"}),
        ("update payments as p set status = $1, amount = p.amount + 1 where id = $2", {"status", "amount"}),
        ("update payments set (status, amount) = ($1, $2) where id = $3", {"status", "amount"}),
        ("with x as (select 1) update payments set status = $1 where id = $2", {"status"}),
        ("insert into payments (id, status) values ($1, $2)", set()),
        ("delete from payments where status = $1", set()),
        ("select status from payments where id = $1", set()),
    ],
)
def test_the_columns_that_an_update_sets_are_told_from_those_that_it_reads(text: str, assigned: set[str]) -> None:
    query = read(text)
    assert query.assigned == assigned
    assert query.target == (None if query.kind == "Select" else HOT.name)


def test_an_update_that_is_hot_costs_an_index_nothing_that_does_not_hold_what_it_sets() -> None:
    assert upkeep(index_on("payments", "booking_id"), "update payments set status = $1 where id = $2") == 0.0


def test_an_index_on_what_updates_set_pays_for_its_entries_and_for_those_of_the_others() -> None:
    update, insert = "update payments set status = $1 where id = $2", "insert into payments (status) values ($1)"
    one_entry = upkeep(index_on("payments", "booking_id"), insert)
    assert one_entry > 0
    assert upkeep(index_on("payments", "status"), update) == pytest.approx(2 * one_entry)
    assert upkeep(replace(index_on("payments", "booking_id"), include=("status",)), update) == pytest.approx(
        2 * one_entry
    )


def test_where_updates_are_not_hot_anyway_the_others_lose_nothing() -> None:
    cold = catalog(PAYMENTS, indexes=[existing(index_on("payments", "id"))])
    update, insert = "update payments set status = $1 where id = $2", "insert into payments (status) values ($1)"
    assert upkeep(index_on("payments", "status"), update, of=cold) == pytest.approx(
        upkeep(index_on("payments", "status"), insert, of=cold)
    )
