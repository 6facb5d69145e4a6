from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.advise import advise
from pgtend.core.referential_checks import serves, with_referential_checks
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, ForeignKey, ReferentialAction, RelationKind
from pgtend.domain.index import Comparison, ComparisonOperator, Index, TableName
from pgtend.domain.workload import Load, Query, WeightedQuery, Workload
from tests.unit.core.catalogs import column, existing, index_on, table
from tests.unit.core.planner import Planner

USERS, TICKETS = TableName(schema="public", table="users"), TableName(schema="public", table="Tickets")
ASSIGNEE = ForeignKey(name="assignee_fkey", table=TICKETS, columns=("assignee_id",), parent=USERS, referenced=("id",))
CATALOG = Catalog(
    tables={
        USERS: table("users", column("id"), column("name", "text")),
        TICKETS: table("Tickets", column("id"), column("assignee_id"), column("Team"), bytes_=100 * 8192),
    },
    indexes=(),
    foreign_keys=(ASSIGNEE,),
)
DELETE = "DELETE FROM users WHERE id = $1"


def workload(text: str, load: Load | None = None, weight: float = 12.0) -> Workload:
    query = read_statement(text, CATALOG)
    assert isinstance(query, Query)
    return Workload(queries=(WeightedQuery(id=query.fingerprint, query=query, weight=weight, load=load),))


def checks(before: Workload, catalog: Catalog = CATALOG) -> tuple[WeightedQuery, ...]:
    return with_referential_checks(before, catalog).queries[len(before.queries) :]


def index(*names: str, there: str = "") -> Index:
    """An index on tickets; on those alone that have a value ``there``."""
    of = (Comparison(column=there, operator=ComparisonOperator.IS_NOT_NULL),) if there else ()
    return replace(index_on("Tickets", *names), predicate=of)


def test_a_delete_brings_the_look_for_rows_that_reference_what_it_deletes() -> None:
    before = workload(DELETE)
    (check,) = checks(before)
    assert check.query.plannable == 'select ctid from only "public" . "Tickets" where "assignee_id" = $1'
    assert check.query.relations == {TICKETS}
    assert check.query.fingerprint == before.queries[0].query.fingerprint
    assert check.query.text == (
        "delete from public.users where id = $1: check of foreign key assignee_fkey on public.Tickets (assignee_id) for each row deleted"
    )
    assert (check.weight, check.load) == (12.0, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DELETE, 1),
        ("DELETE FROM users", 1),
        ("UPDATE users SET id = $1 WHERE id = $2", 1),
        ("UPDATE users SET name = $1 WHERE id = $2", 0),
        ("SELECT name FROM users WHERE id = $1", 0),
        ("INSERT INTO users VALUES ($1, $2)", 0),
        ('DELETE FROM "Tickets" WHERE id = $1', 0),
    ],
)
def test_only_what_takes_away_or_changes_the_referenced_key_is_checked(text: str, expected: int) -> None:
    assert len(checks(workload(text))) == expected


def test_each_row_that_was_deleted_counts_and_no_time_counts_twice() -> None:
    observed = Load(calls=10, total_ms=800.0, rows=30, blocks_hit=3_000, blocks_read=1_000)
    before = workload(DELETE, observed, weight=10.0)
    after = with_referential_checks(before, CATALOG)
    statement, check = after.queries
    assert check.load is not None and statement.load is not None
    assert (check.weight, check.load.calls) == (30.0, 30)
    assert check.load.total_ms == pytest.approx(800.0 * 30 * 100 / 4_000)
    assert check.load.total_ms + statement.load.total_ms == pytest.approx(800.0)
    assert replace(statement, load=observed) == before.queries[0]


def test_variants_of_a_statement_are_checked_as_one() -> None:
    (whole,) = workload(DELETE, Load(calls=6, total_ms=60.0, rows=6)).queries
    half = Load(calls=3, total_ms=30.0, rows=3)
    variants = tuple(replace(whole, id=f"{whole.id}#{n}", of=whole.id, weight=6.0, load=half) for n in (1, 2))
    after = with_referential_checks(Workload(queries=variants), CATALOG)
    assert [each.weight for each in after.queries] == [6.0, 6.0, 6.0]
    assert sum(each.load.total_ms for each in after.queries if each.load) == pytest.approx(60.0)


@pytest.mark.parametrize(
    "observed",
    [
        Load(calls=10, total_ms=1.0, rows=0, blocks_hit=40),
        Load(calls=10, total_ms=1.0, rows=10, blocks_hit=40),
    ],
)
def test_an_update_whose_blocks_show_that_no_key_changed_is_not_checked(observed: Load) -> None:
    before = workload("UPDATE users SET id = $1 WHERE name = $2", observed)
    assert with_referential_checks(before, CATALOG) == before


def test_a_check_that_an_index_serves_takes_little_of_the_time() -> None:
    observed = Load(calls=10, total_ms=100.0, rows=10, blocks_hit=1_000)
    indexed = replace(CATALOG, indexes=(existing(index("assignee_id", "id")),))
    (check,) = checks(workload(DELETE, observed), indexed)
    assert check.load is not None
    assert check.load.total_ms == pytest.approx(4.0)


def test_a_foreign_key_on_a_table_too_small_for_an_index_is_left_alone() -> None:
    small = replace(CATALOG, tables={**CATALOG.tables, TICKETS: replace(CATALOG.tables[TICKETS], bytes=8192)})
    assert checks(workload(DELETE), small) == ()


def test_all_columns_of_a_foreign_key_are_looked_for_and_what_becomes_of_the_rows_is_said() -> None:
    key = replace(
        ASSIGNEE, columns=("assignee_id", "Team"), referenced=("id", "name"), on_delete=ReferentialAction.CASCADE
    )
    (check,) = checks(workload(DELETE), replace(CATALOG, foreign_keys=(key,)))
    assert check.query.plannable.endswith('where "assignee_id" = $1 and "Team" = $2')
    assert ": CASCADE of foreign key assignee_fkey" in check.query.text


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (index("assignee_id", "Team"), True),
        (index("Team", "assignee_id", "id"), True),
        (index("assignee_id", "id", "Team"), False),
        (index("assignee_id"), False),
        (index("Team", "assignee_id", there="assignee_id"), True),
        (index("Team", "assignee_id", there="id"), False),
    ],
)
def test_an_index_serves_a_foreign_key_that_it_begins_with_in_any_order(candidate: Index, expected: bool) -> None:
    assert serves(candidate, ("assignee_id", "Team")) is expected


def test_the_index_that_the_checks_of_a_delete_lack_is_advised_with_and_without_a_planner() -> None:
    before = workload(DELETE, Load(calls=10, total_ms=800.0, rows=30, blocks_hit=3_000))
    for advice in (
        Planner(CATALOG).answer(advise(before, CATALOG, Constraints())),
        advise_unvalidated(before, CATALOG, Constraints()),
    ):
        assert index("assignee_id") in [change.index for change in advice.changes]


def test_partitions_are_looked_through_together() -> None:
    whole = table("visits", column("user_id"), kind=RelationKind.PARTITIONED_TABLE, bytes_=0, beneath=("visits_1",))
    part = table("visits_1", column("user_id"), kind=RelationKind.PARTITION, bytes_=100 * 8192)
    key = ForeignKey(name="visitor", table=whole.name, columns=("user_id",), parent=USERS, referenced=("id",))
    catalog = Catalog(tables={**CATALOG.tables, whole.name: whole, part.name: part}, indexes=(), foreign_keys=(key,))
    (check,) = checks(workload(DELETE), catalog)
    assert check.query.plannable == 'select ctid from "public" . "visits" where "user_id" = $1'
    assert check.query.relations == {whole.name, part.name}
