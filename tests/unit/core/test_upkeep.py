from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pgtend.core.statement import read_statement
from pgtend.core.upkeep import rows_counted, upkeep_of, writes_of
from pgtend.domain.catalog import Catalog, RelationKind, WriteCounters
from pgtend.domain.index import Comparison, ComparisonOperator, Constant, Index
from pgtend.domain.workload import Load, Query, WeightedQuery, Workload
from tests.unit.core.catalogs import PAYMENTS, catalog, column, existing, index_on, table

AT = datetime(2026, 11, 24, tzinfo=UTC)
HOT = replace(PAYMENTS, writes=WriteCounters(updated=100, hot_updated=100))
SHOP = catalog(HOT, indexes=[existing(index_on("payments", "id"))])


def read(text: str, of: Catalog = SHOP) -> Query:
    query = read_statement(text, of)
    assert isinstance(query, Query)
    return query


def upkeep(index: Index, text: str, rows: float = 10.0, of: Catalog = SHOP) -> float:
    query = read(text, of)
    writes = writes_of(Workload(queries=(WeightedQuery(id="q", query=query, weight=rows),)), of)
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


def test_an_update_of_what_a_partial_index_asks_for_is_not_hot() -> None:
    update = "update payments set status = $1 where id = $2"
    whole = index_on("payments", "booking_id")
    open_ = Comparison(column="status", operator=ComparisonOperator.EQ, constant=Constant(type="text", value="open"))
    assert upkeep(whole, update) == 0.0
    assert upkeep(replace(whole, predicate=(open_,)), update) == pytest.approx(
        upkeep(index_on("payments", "status"), update)
    )


def test_where_updates_are_not_hot_anyway_the_others_lose_nothing() -> None:
    cold = catalog(PAYMENTS, indexes=[existing(index_on("payments", "id"))])
    update, insert = "update payments set status = $1 where id = $2", "insert into payments (status) values ($1)"
    assert upkeep(index_on("payments", "status"), update, of=cold) == pytest.approx(
        upkeep(index_on("payments", "status"), insert, of=cold)
    )


def written(*texts: tuple[str, int], counted: float = 0.0, of: Catalog = SHOP) -> dict[str, list[tuple[float, bool]]]:
    """Rows and whether they are updated, by table, under statements with the rows that they wrote."""
    queries = tuple(
        WeightedQuery(id=text, query=read(text, of), weight=1.0, load=Load(calls=1, total_ms=1.0, rows=rows))
        for text, rows in texts
    )
    rows_written = {PAYMENTS.name: counted} if counted else {}
    found = writes_of(Workload(queries=queries, hours=1.0, rows_written=rows_written), of)
    return {str(name): [(each.rows, each.updates) for each in writes] for name, writes in found.items()}


INSERT = "insert into payments (status) values ($1)"
UPDATE = "update payments set status = $1 where id = $2"
DELETE = "delete from payments where id = $1"
BUSY = catalog(replace(PAYMENTS, writes=WriteCounters(inserted=60, updated=30, deleted=10)))


@pytest.mark.parametrize(
    ("statements", "counted", "expected"),
    [
        pytest.param([], 1000, [(600, False), (300, True)], id="rows that no statement wrote, as by COPY"),
        pytest.param([(INSERT, 700)], 1000, [(700, False), (180, False), (90, True)], id="more than statements wrote"),
        pytest.param([(INSERT, 1000)], 1000, [(1000, False)], id="all by statements"),
        pytest.param([(INSERT, 1200)], 1000, [(1200, False)], id="fewer than statements wrote"),
        pytest.param([(UPDATE, 400), (DELETE, 600)], 1000, [(400, True)], id="deleted rows are accounted for"),
        pytest.param(
            [("insert into payments (id) values ($1) on conflict (id) do update set status = $2", 1000)],
            1000,
            [(1000, False)],
            id="updates of an INSERT are not counted again",
        ),
        pytest.param([(INSERT, 700)], 0, [(700, False)], id="nothing known of the table, as in a workload from files"),
    ],
)
def test_rows_that_a_table_counted_beyond_those_of_statements_are_written_too(
    statements: list[tuple[str, int]], counted: float, expected: list[tuple[float, bool]]
) -> None:
    found = written(*statements, counted=counted, of=BUSY).get("public.payments", [])
    assert [(round(rows, 6), updates) for rows, updates in found] == expected


def partitioned(*writes: WriteCounters, kind: RelationKind = RelationKind.PARTITIONED_TABLE) -> Catalog:
    parts = [
        replace(table(f"p{number}", column("id"), kind=RelationKind.PARTITION), writes=each)
        for number, each in enumerate(writes)
    ]
    return catalog(table("whole", column("id"), kind=kind, beneath=[part.name.table for part in parts]), *parts)


def test_a_row_goes_to_one_partition_as_often_as_its_own_counter_says() -> None:
    of = partitioned(WriteCounters(inserted=30, updated=5), WriteCounters(inserted=10, updated=5))
    assert written(("insert into whole (id) values ($1)", 100), of=of) == {
        "public.p0": [(75.0, False)],
        "public.p1": [(25.0, False)],
    }
    assert written(("update whole set id = $1", 100), of=of) == {
        "public.p0": [(50.0, True)],
        "public.p1": [(50.0, True)],
    }


def test_where_nothing_was_counted_each_partition_gets_an_equal_part() -> None:
    of = partitioned(*[WriteCounters()] * 4)
    assert written(("insert into whole (id) values ($1)", 100), of=of) == {
        f"public.p{number}": [(25.0, False)] for number in range(4)
    }


def test_children_by_inheritance_get_nothing_of_an_insert_into_their_parent() -> None:
    of = partitioned(WriteCounters(inserted=9), kind=RelationKind.TABLE)
    assert written(("insert into whole (id) values ($1)", 100), of=of) == {"public.whole": [(100.0, False)]}


@pytest.mark.parametrize(
    ("reset", "hours", "rows"),
    [
        pytest.param(AT - timedelta(hours=10), 2.0, 20.0, id="the rate of ten hours over two"),
        pytest.param(AT - timedelta(hours=1), 24.0, 2400.0, id="of one hour over a day"),
        pytest.param(AT - timedelta(minutes=6), 24.0, None, id="counted for too short a time"),
        pytest.param(AT - timedelta(minutes=6), 0.05, 50.0, id="longer than the statements"),
        pytest.param(None, 2.0, None, id="never reset"),
        pytest.param(AT, 0.0, None, id="just now"),
    ],
)
def test_counters_since_a_reset_make_a_rate(reset: datetime | None, hours: float, rows: float | None) -> None:
    counted = rows_counted(replace(BUSY, stats_reset=reset), AT, hours)
    assert counted == ({} if rows is None else {PAYMENTS.name: pytest.approx(rows)})
