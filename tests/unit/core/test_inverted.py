from __future__ import annotations

from dataclasses import replace
from math import ceil

import pytest

from pgtend.core.inverted import add_inverted
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Advice, AdvisedChange, Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import AccessMethod, ColumnArgument, Constant, FunctionCall, Index, IndexColumn
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Query, WeightedQuery, Workload
from tests.unit.core.catalogs import catalog, column, existing, index_on, table

ARTICLES = table(
    "articles",
    column("id", n_distinct=-1.0),
    column("author"),
    column("title", "character varying(200)", width=40),
    column("body", "text", width=900),
    column("words", "tsvector", width=600),
    column("tags", "text[]", width=60),
    column("data", "jsonb", width=300),
    column("plain", "json", width=300),
)
TRIGRAMS = frozenset({"extra.show_trgm", "extra.similarity"})
SITE = catalog(ARTICLES, extension_functions=TRIGRAMS)
NOTHING = Advice(changes=(), cost_before=0.0, cost_after=0.0)


def workload(*texts: str, of: Catalog = SITE) -> Workload:
    queries = []
    for number, text in enumerate(texts):
        read = read_statement(text, of)
        assert isinstance(read, Query), read
        queries.append(WeightedQuery(id=f"q{number}", query=read, weight=1.0))
    return Workload(queries=tuple(queries), left_out=(), hours=None)


def advised(*texts: str, of: Catalog = SITE, constraints: Constraints | None = None) -> tuple[AdvisedChange, ...]:
    return add_inverted(NOTHING, workload(*texts, of=of), of, constraints or Constraints()).changes


def gin(key: str | FunctionCall, opclass: str | None = None) -> Index:
    column_ = (
        IndexColumn(column=key, opclass=opclass)
        if isinstance(key, str)
        else IndexColumn(expression=key, opclass=opclass)
    )
    return Index(schema="public", table="articles", columns=(column_,), method=AccessMethod.GIN)


ENGLISH = FunctionCall(
    function="to_tsvector", arguments=(Constant(type="regconfig", value="english"), ColumnArgument(column="body"))
)
LOWER = FunctionCall(function="lower", arguments=(ColumnArgument(column="title"),))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("select id from articles where words @@ to_tsquery('english', $1)", gin("words")),
        ("select id from articles where to_tsquery('english', $1) @@ words", gin("words")),
        ("select id from articles where to_tsvector('english', body) @@ plainto_tsquery('english', $1)", gin(ENGLISH)),
        ("select id from articles where tags @> $1", gin("tags")),
        ("select id from articles where tags && array['a', 'b']", gin("tags")),
        ("select id from articles where data @> $1", gin("data", "jsonb_path_ops")),
        ("select id from articles where data ? $1", gin("data")),
        ("select id from articles where title like '%three%'", gin("title", "extra.gin_trgm_ops")),
        ("select id from articles where title ilike 'Three%'", gin("title", "extra.gin_trgm_ops")),
        ("select id from articles where title ilike $1", gin("title", "extra.gin_trgm_ops")),
        ("select id from articles where lower(title) like '%three%'", gin(LOWER, "extra.gin_trgm_ops")),
        ("select a.id from (select id, tags as t from articles) a where a.t @> $1", gin("tags")),
    ],
)
def test_what_lies_within_values_gets_a_gin_index(text: str, wanted: Index) -> None:
    (change,) = advised(text)
    assert change.index == wanted
    assert change.action is Action.CREATE
    assert not change.evidence.validated
    assert change.evidence.cost_after < change.evidence.cost_before
    assert "HypoPG does not simulate GIN" in change.evidence.reason
    assert [each.text for each in change.evidence.queries] == [workload(text).queries[0].query.text]


@pytest.mark.parametrize(
    "text",
    [
        "select id from articles where title like 'three%'",
        "select id from articles where title like '%ab%'",
        "select id from articles where title like $1",
        "select id from articles where plain ->> 'a' = $1",
        "select id from articles where tags @> $1 or author = $2",
        "select id from articles where not tags @> $1",
        "select id from articles where to_tsvector(body) @@ to_tsquery($1)",
        "select id from articles where to_tsvector($1, body) @@ to_tsquery($2)",
        "select id from articles where $1 = any (tags)",
        "select tags @> $1 from articles",
        "insert into articles (id) select id from articles where tags @> $1",
    ],
)
def test_what_gin_does_not_serve_gets_none(text: str) -> None:
    assert advised(text) == ()


ASKED = "select id from articles where tags @> $1"


@pytest.mark.parametrize(
    "of",
    [
        replace(SITE, indexes=(existing(gin("tags")),)),
        replace(SITE, indexes=(replace(existing(gin("tags")), index=None, definition="CREATE INDEX i ON articles USING rum (tags)"),)),
        catalog(replace(ARTICLES, bytes=800_000)),
        catalog(replace(ARTICLES, temporary=True)),
        catalog(replace(ARTICLES, columns={**ARTICLES.columns, "tags": replace(ARTICLES.columns["tags"], virtual=True)})),
    ],
    ids=["there", "there as rum", "small", "temporary", "virtual"],
)  # fmt: skip
def test_none_where_one_is_there_or_cannot_pay(of: Catalog) -> None:
    texts = [] if of.tables[ARTICLES.name].temporary else [ASKED]
    assert advised(*texts, of=of) == ()


def test_none_where_another_index_leaves_few_rows_to_look_into() -> None:
    text = "select id from articles where tags @> $1 and author = $2"
    assert len(advised(text)) == 1
    assert advised(text, of=replace(SITE, indexes=(existing(index_on("articles", "author")),))) == ()


def test_trigrams_need_the_extension() -> None:
    assert advised("select id from articles where title like '%three%'", of=catalog(ARTICLES)) == ()


def test_several_queries_share_an_index_and_count_once_each() -> None:
    other = "select author from articles where tags @> $1 and tags && $2"
    (change,) = advised(ASKED, other)
    assert len(change.evidence.queries) == 2
    assert change.evidence.reason.startswith("2 queries look")


def test_budget_places_and_refusals_are_kept() -> None:
    (change,) = advised(ASKED)
    size = change.evidence.size_bytes
    assert advised(ASKED, constraints=Constraints(storage_budget=ceil(1.1 * size)))
    assert not advised(ASKED, constraints=Constraints(storage_budget=size - 1))
    assert not advised(ASKED, constraints=Constraints(max_indexes_per_table=0))
    assert not advised(ASKED, constraints=Constraints(unwanted=frozenset({change.index})))
    assert not advised(ASKED, constraints=Constraints(plain_only=True))
    before = replace(NOTHING, changes=(change,))
    both = add_inverted(
        before, workload("select id from articles where data ? $1"), SITE, Constraints(storage_budget=size + 1)
    )
    assert both.changes == (change,)


def test_without_a_planner_it_is_advised_too() -> None:
    advice = advise_unvalidated(workload(ASKED), SITE, Constraints())
    assert [change.index for change in advice.changes] == [gin("tags")]
