"""Advice from statistics alone: what may lead an index, and which comes first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Advice, Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import AccessMethod, Index
from pgtend.domain.workload import Load, Query, WeightedQuery, Workload
from tests.unit.core.catalogs import catalog, column, existing, followed, index_on, table

ORDERS = table(
    "orders",
    column("id", n_distinct=-1.0),
    column("customer", n_distinct=500.0),
    column("state", "text", n_distinct=3.0),
    column("made_at", "timestamp with time zone", n_distinct=-1.0),
    column("tags", "text[]", width=60),
)
ITEMS = table(
    "items",
    column("order_id", n_distinct=-0.2),
    column("product", n_distinct=300.0),
    column("sent_at", "timestamp with time zone"),
)
SHOP = catalog(ORDERS, ITEMS)
CONDITIONS = st.lists(
    st.sampled_from(
        (
            "id = $1",
            "id > 5",
            "customer = $1",
            "customer in (3, 4)",
            "state = 'new'",
            "state like 'n%'",
            "made_at > now()",
            "made_at between $1 and $2",
            "(made_at, id) > ($1, $2)",
            "(customer = $1 or id = $2)",
            "lower(state) = $1",
            "id in (select order_id from items where product = $1)",
            "exists (select 1 from items where order_id = orders.id and sent_at > $1)",
        )
    ),
    min_size=1,
    max_size=4,
    unique=True,
)
STATEMENTS = st.builds(
    lambda wanted, conditions, order: f"{wanted} where {' and '.join(conditions)}{order}",
    st.sampled_from(("select id from orders", "select * from orders", "select count(*) from orders")),
    CONDITIONS,
    st.sampled_from(("", " order by made_at desc limit 10", " order by customer, id")),
)
THERE = [
    index_on("orders", "id"),
    index_on("orders", "made_at"),
    index_on("orders", "customer"),
    index_on("orders", "customer", "state"),
    index_on("items", "order_id", "sent_at"),
]


def advised(*given_: tuple[str, float], of: Catalog = SHOP) -> Advice:
    """Advice on statements, each with the milliseconds that all its 100 runs took; without times where that is 0."""
    queries = []
    for number, (text, total_ms) in enumerate(given_):
        query = read_statement(text, of)
        assert isinstance(query, Query), query
        load = Load(calls=100, total_ms=total_ms, rows=100) if total_ms else None
        queries.append(WeightedQuery(id=f"q{number}", query=query, weight=100.0, load=load))
    return advise_unvalidated(Workload(queries=tuple(queries), hours=1.0 if given_[0][1] else None), of, Constraints())


def keys(advice: Advice) -> list[tuple[str | None, ...]]:
    return [tuple(key.column for key in change.index.columns) for change in advice.changes]


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("customer = $1 order by made_at", [("customer",)]),
        ("customer = $1 order by made_at desc limit 10", [("customer",)]),
        ("state = $1 and customer = $2 order by made_at", [("customer", "state")]),
        ("customer = $1 group by id order by id", [("customer",)]),
        ("made_at > $1 and customer = $2", [("customer", "made_at")]),
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


@given(st.lists(STATEMENTS, min_size=1, max_size=5), st.lists(st.sampled_from(THERE), max_size=4))
def test_once_the_advice_is_followed_there_is_nothing_new(texts: list[str], there: list[Index]) -> None:
    before = catalog(ORDERS, ITEMS, indexes=[existing(each, f"there_{oid}", oid=oid) for oid, each in enumerate(there)])
    advice = advised(*((text, 1000.0) for text in texts), of=before)
    after = followed(before, advice)
    again = advised(*((text, 1000.0) for text in texts), of=after)
    assert keys(again) == [], keys(advice)


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ([], [("id", "made_at")]),
        ([("id",)], []),
        ([("id", "customer")], []),
        ([("made_at", "id")], [("id", "made_at")]),
        ([("state",), ("customer",)], [("id", "made_at")]),
    ],
)
def test_the_best_index_comes_at_once_and_none_where_one_that_is_there_reads_no_more_pages(
    there: list[tuple[str, ...]], wanted: list[tuple[str, ...]]
) -> None:
    indexes = [existing(index_on("orders", *each), f"there_{oid}", oid=oid) for oid, each in enumerate(there)]
    text = "select * from orders where id = $1 and made_at > $2"
    assert keys(advised((text, 1000.0), of=catalog(ORDERS, indexes=indexes))) == wanted


def test_one_that_is_advised_for_another_query_serves_as_well() -> None:
    texts = ("select * from orders where id = $1 and made_at > $2", "select * from orders where id = $1")
    assert keys(advised(*((text, 1000.0) for text in texts))) == [("id", "made_at")]


def test_a_plain_index_serves_no_prefix_where_texts_do_not_sort_by_bytes() -> None:
    indexes = [existing(index_on("orders", "state"))]
    advice = advised(("select * from orders where state like 'n%'", 1000.0), of=catalog(ORDERS, indexes=indexes))
    assert [change.index.columns[0].opclass for change in advice.changes] == ["text_pattern_ops"]
