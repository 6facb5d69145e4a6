from __future__ import annotations

from typing import Any

import pytest

from pgtend.domain.index import Index, IndexColumn
from pgtend.domain.plan import MOST_NODES
from pgtend.postgres.plan_shape import read_shape

SHOWN = Index(schema="public", table="payments", columns=(IndexColumn(column="booking_id"),))


def node(
    kind: str, rows: float, cost: float, *children: dict[str, Any], side: str = "", **more: object
) -> dict[str, Any]:
    content: dict[str, Any] = {"Node Type": kind, "Plan Rows": rows, "Startup Cost": 0.0, "Total Cost": cost, **more}
    if side:
        content["Parent Relationship"] = side
    if children:
        content["Plans"] = list(children)
    return content


def scan(kind: str, relation: str, rows: float, cost: float, side: str = "Outer", **more: object) -> dict[str, Any]:
    return node(kind, rows, cost, side=side, **{"Relation Name": relation}, **more)


def loops(plan: dict[str, Any]) -> list[tuple[str, float]]:
    return [(each.kind, each.loops) for each in read_shape(plan, {})]


def test_nodes_come_from_the_top_down_with_what_they_read_and_without_conditions() -> None:
    inner = scan(
        "Index Scan",
        "payments",
        3,
        5.0,
        "Inner",
        **{"Index Name": "<77>btree_payments", "Index Cond": "(x = 'secret')"},
    )
    outer = scan("Seq Scan", "bookings", 40, 900.0, Filter="(status = 'secret')")
    top, seq, index = read_shape(node("Nested Loop", 120, 1100.0, outer, inner), {"<77>btree_payments": SHOWN})
    assert (top.kind, top.depth, top.relation, top.index) == ("Nested Loop", 0, "", None)
    assert (seq.relation, seq.rows, seq.cost, seq.filtered, seq.depth, seq.relationship) == (
        "bookings",
        40,
        900.0,
        True,
        1,
        "Outer",
    )
    assert (index.index, index.conditions, index.filtered, index.loops) == (SHOWN, 1, False, 40)
    assert "secret" not in repr((top, seq, index))


def test_an_existing_index_goes_by_its_name() -> None:
    (found,) = read_shape(scan("Index Scan", "payments", 1, 8.0, **{"Index Name": "payments_pkey"}), {})
    assert (found.index, found.conditions) == ("payments_pkey", 0)


def test_runs_multiply_down_the_inner_sides_of_nested_loops() -> None:
    innermost = scan("Index Scan", "c", 2, 1.0, "Inner")
    lower = node("Nested Loop", 20, 30.0, scan("Index Scan", "b", 10, 9.0), innermost, side="Inner")
    plan = node("Nested Loop", 2000, 4000.0, scan("Seq Scan", "a", 100, 50.0), lower)
    assert [runs for _, runs in loops(plan)] == [1, 1, 100, 100, 1000]


def test_a_hash_join_runs_its_sides_once_and_kept_rows_are_computed_once() -> None:
    hashed = node("Hash", 10, 9.0, scan("Seq Scan", "b", 10, 9.0), side="Inner")
    assert [runs for _, runs in loops(node("Hash Join", 5, 90.0, scan("Seq Scan", "a", 100, 50.0), hashed))] == [1] * 4
    kept = node("Materialize", 10, 9.0, scan("Seq Scan", "b", 10, 9.0), side="Inner")
    plan = node("Nested Loop", 5, 90.0, scan("Seq Scan", "a", 100, 50.0), kept)
    assert [runs for _, runs in loops(plan)] == [1, 1, 100, 1]


def test_what_a_memoize_and_a_subplan_run_follows_from_what_was_charged() -> None:
    memoize = node("Memoize", 1, 8.0, scan("Index Scan", "b", 1, 8.0), side="Inner")
    plan = node("Nested Loop", 1000, 50.0 + 80.0 + 25.0, scan("Seq Scan", "a", 1000, 50.0), memoize)
    assert loops(plan)[-1][1] == pytest.approx(10.0)
    subplan = scan("Index Scan", "b", 1, 8.0, "SubPlan")
    assert loops(node("Seq Scan", 10, 800.0, subplan))[-1] == ("Index Scan", 100.0)
    once = scan("Seq Scan", "b", 1, 8.0, "InitPlan")
    assert loops(node("Seq Scan", 10, 800.0, once))[-1] == ("Seq Scan", 1.0)


def test_what_each_run_of_a_memoize_costs_whatever_is_kept_is_no_run_of_what_is_below() -> None:
    """As PostgreSQL 15 plans 50,000 look-ups of three values."""
    below = scan("Index Only Scan", "ta", 1, 0.07, **{"Index Cond": "(a.c1 = b.c3)", "Alias": "a"})
    memoize = node("Memoize", 1, 0.08, below, side="Inner", **{"Cache Key": "b.c3"})
    outer = scan("Seq Scan", "tb", 50_000, 2016.0, Alias="b")
    assert loops(node("Nested Loop", 50_000, 3266.26, outer, memoize))[-1][1] == pytest.approx(3.7, abs=0.1)
    # It cannot be seen whether the join looks at all pairs of which it yields few.
    assert loops(node("Nested Loop", 5_133, 3266.26, outer, memoize))[-1][1] == pytest.approx(6_413, abs=1)


@pytest.mark.parametrize(
    ("keys", "kept_by"),
    [
        ("b.c3", ("b", "c3")),
        ('"B".c3', ("B", "c3")),
        ("b.c3, b.c1", None),
        ("lower(b.c3)", None),
        ("(b.c3 + 1)", None),
        ("", None),
    ],
)
def test_what_is_kept_is_kept_by_a_column(keys: str, kept_by: tuple[str, str] | None) -> None:
    memoize = node("Memoize", 1, 8.0, scan("Index Scan", "a", 1, 8.0), side="Inner", **{"Cache Key": keys})
    assert read_shape(memoize, {})[0].given_by == kept_by


def test_a_plan_without_end_is_cut() -> None:
    plan = node("Append", 1, 1.0, *(scan("Seq Scan", f"t{n}", 1, 1.0, "Member") for n in range(2 * MOST_NODES)))
    assert len(read_shape(plan, {})) == MOST_NODES


@pytest.mark.parametrize(
    ("condition", "conditions", "given_by"),
    [
        ("(booking_id = b.id)", 1, ("b", "id")),
        ("((booking_id = b.id) AND (day > '2026-01-01'::date))", 2, ("b", "id")),
        ("((day > 'b.secret'::text) AND (p.x = 3))", 2, None),
        ("(name = 'it''s b.secret'::text)", 1, None),
        ('(booking_id = "Od""d b"."Number 1")', 1, ('Od"d b', "Number 1")),
        ("(booking_id = other.id)", 1, None),
        ("(booking_id = $1)", 1, None),
    ],
)
def test_an_index_is_searched_for_the_values_of_another_table(
    condition: str, conditions: int, given_by: tuple[str, str] | None
) -> None:
    inner = scan("Index Scan", "payments", 3, 5.0, "Inner", Alias="p", **{"Index Name": "i", "Index Cond": condition})
    outer = scan("Seq Scan", "bookings", 40, 900.0, Alias='Od"d b' if "Od" in condition else "b")
    found = read_shape(node("Nested Loop", 120, 1100.0, outer, inner), {})[-1]
    assert (found.alias, found.conditions, found.given_by) == ("p", conditions, given_by)


@pytest.mark.parametrize(
    ("condition", "searches"),
    [
        ("(id = 17)", 1),
        ("(id = ANY ('{1,20,30}'::integer[]))", 3),
        ("((id = ANY ('{1,20}'::integer[])) AND (state = ANY ('{a,b,c}'::text[])))", 6),
        ("(id = ANY (ARRAY[$1, $2]))", 2),
        ("(id = ANY ($1))", 10),
        ("((id = 1) AND (note = 'x = ANY (y'::text))", 1),
    ],
)
def test_a_list_is_searched_for_element_by_element(condition: str, searches: int) -> None:
    plan = scan("Index Scan", "payments", 1, 8.0, **{"Index Name": "payments_pkey", "Index Cond": condition})
    (found,) = read_shape(plan, {})
    assert found.searches == searches
