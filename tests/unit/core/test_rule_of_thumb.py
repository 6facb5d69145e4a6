"""Advice from statistics alone: what may lead an index, and which comes first."""

from __future__ import annotations

import pytest

from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Advice, Constraints
from pgtend.domain.index import AccessMethod
from pgtend.domain.workload import Load, Query, WeightedQuery, Workload
from tests.unit.core.catalogs import catalog, column, table

ORDERS = table(
    "orders",
    column("id", n_distinct=-1.0),
    column("customer", n_distinct=500.0),
    column("state", "text", n_distinct=3.0),
    column("made_at", "timestamp with time zone", n_distinct=-1.0),
    column("tags", "text[]", width=60),
)
SHOP = catalog(ORDERS)


def advised(*given: tuple[str, float]) -> Advice:
    """Advice on statements, each with the milliseconds that all its 100 runs took; without times where that is 0."""
    queries = []
    for number, (text, total_ms) in enumerate(given):
        query = read_statement(text, SHOP)
        assert isinstance(query, Query), query
        load = Load(calls=100, total_ms=total_ms, rows=100) if total_ms else None
        queries.append(WeightedQuery(id=f"q{number}", query=query, weight=100.0, load=load))
    return advise_unvalidated(Workload(queries=tuple(queries), hours=1.0 if given[0][1] else None), SHOP, Constraints())


def keys(advice: Advice) -> list[tuple[str | None, ...]]:
    return [tuple(key.column for key in change.index.columns) for change in advice.changes]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("customer = $1 order by made_at", [("customer",)]),
        ("customer = $1 order by made_at desc limit 10", [("customer",)]),
        ("state = $1 and customer = $2 order by made_at", [("customer", "state")]),
        ("customer = $1 group by id order by id", [("customer",)]),
        ("made_at > $1 and customer = $2", [("customer",)]),
        ("made_at > $1", [("made_at",)]),
        ("state = $1 order by made_at", []),
        ("state <> $1 order by made_at", []),
    ],
)
def test_only_what_is_compared_leads_an_index_and_equality_before_ranges(
    condition: str, wanted: list[tuple[str, ...]]
) -> None:
    assert keys(advised((f"select id from orders where {condition}", 2000.0))) == wanted


@pytest.mark.parametrize("times", [(1_000.0, 50_000.0), (0.0, 0.0)])
def test_what_saves_most_comes_first_whatever_its_access_method(times: tuple[float, float]) -> None:
    advice = advised(
        ("select id from orders where customer = $1", times[0]), ("select id from orders where tags @> $1", times[1])
    )
    if times[0]:
        assert [change.index.method for change in advice.changes] == [AccessMethod.GIN, AccessMethod.BTREE]
    priorities = [change.evidence.priority for change in advice.changes]
    assert len(priorities) == 2
    assert priorities == sorted(priorities, reverse=True)
    assert all(priority > 0 for priority in priorities)
