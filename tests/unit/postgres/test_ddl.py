"""DDL comes from typed fields alone, and nothing in a field gets out of its quotes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.domain.finding import DefinitionRefused
from pgtend.domain.index import (
    AccessMethod,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    OperatorCall,
    SortOrder,
    TableName,
    TypeCast,
)
from pgtend.postgres.ddl import analyze_table, comment_on_index, create_index, describe, describe_drop, drop_index


def index_on(*columns: IndexColumn, **more: object) -> Index:
    return Index(schema="public", table="bookings", columns=columns, **more)  # type: ignore[arg-type]


VENDOR = IndexColumn(column="vendor")

NAME = ColumnArgument(column="name")
CASES = [
    (index_on(VENDOR), "CREATE INDEX n ON public.bookings USING btree (vendor)"),
    (index_on(VENDOR, unique=True), "CREATE UNIQUE INDEX n ON public.bookings USING btree (vendor)"),
    (
        index_on(VENDOR, IndexColumn(column="day", order=SortOrder.DESC, nulls=NullsOrder.LAST), include=("id",)),
        "CREATE INDEX n ON public.bookings USING btree (vendor, day DESC NULLS LAST) INCLUDE (id)",
    ),
    (
        index_on(IndexColumn(column="name", collation="C", opclass="text_pattern_ops")),
        'CREATE INDEX n ON public.bookings USING btree (name COLLATE pg_catalog."C" pg_catalog.text_pattern_ops)',
    ),
    (
        index_on(IndexColumn(column="name", opclass="extra.gin_trgm_ops"), method=AccessMethod.GIN),
        "CREATE INDEX n ON public.bookings USING gin (name extra.gin_trgm_ops)",
    ),
    (
        index_on(IndexColumn(expression=FunctionCall(function="lower", arguments=(ColumnArgument(column="Name"),)))),
        'CREATE INDEX n ON public.bookings USING btree ((pg_catalog.lower("Name")))',
    ),
    (
        index_on(
            IndexColumn(
                expression=TypeCast(
                    cast_to="integer",
                    arguments=(
                        OperatorCall(
                            operator="->>",
                            arguments=(ColumnArgument(column="data"), Constant(type="text", value="it's")),
                        ),
                    ),
                )
            )
        ),
        "CREATE INDEX n ON public.bookings USING btree "
        "((CAST((data OPERATOR(pg_catalog.->>) 'it''s'::pg_catalog.text) AS pg_catalog.int4)))",
    ),
    (
        index_on(
            IndexColumn(
                expression=FunctionCall(
                    function="coalesce",
                    arguments=(ColumnArgument(column="name"), Constant(type="text", value="")),
                )
            )
        ),
        "CREATE INDEX n ON public.bookings USING btree ((COALESCE(name, ''::pg_catalog.text)))",
    ),
    (
        index_on(
            VENDOR,
            predicate=(
                Comparison(column="gone", operator=ComparisonOperator.IS_NULL),
                Comparison(
                    column="status",
                    operator=ComparisonOperator.EQ,
                    constant=Constant(type="character varying", value="o'pen"),
                ),
            ),
        ),
        "CREATE INDEX n ON public.bookings USING btree (vendor) WHERE gone IS NULL AND status = 'o''pen'::pg_catalog.\"varchar\"",
    ),
    (
        index_on(VENDOR, IndexColumn(column="day", order=SortOrder.DESC), method=AccessMethod.BRIN),
        "CREATE INDEX n ON public.bookings USING brin (vendor, day)",
    ),
]


@pytest.mark.parametrize(("index", "text"), CASES)
def test_a_definition_reads_as_a_person_would_write_it(index: Index, text: str) -> None:
    assert describe(index, "n") == text


def test_every_statement_quotes_its_names() -> None:
    assert create_index(index_on(VENDOR), 'a"b').as_string() == (
        'CREATE INDEX CONCURRENTLY "a""b" ON "public"."bookings" USING "btree" ("vendor")'
    )
    assert drop_index("My", "x").as_string() == 'DROP INDEX CONCURRENTLY IF EXISTS "My"."x"'
    assert describe_drop("My", "x") == 'DROP INDEX IF EXISTS "My".x'
    assert comment_on_index("s", "i", "it's\0").as_string() == "COMMENT ON INDEX \"s\".\"i\" IS 'it''s'"
    assert analyze_table(TableName(schema="s", table="select")).as_string() == 'ANALYZE "s"."select"'


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (index_on(IndexColumn(column="x" * 64)), "63 bytes"),
        (index_on(IndexColumn(column="ä" * 32)), "63 bytes"),
        (index_on(IndexColumn(column="")), "empty"),
        (index_on(IndexColumn(column="a\0b")), "zero byte"),
        (
            index_on(IndexColumn(expression=FunctionCall(function="pg_sleep", arguments=()))),
            "not one that pgtend builds",
        ),
        (
            index_on(IndexColumn(expression=OperatorCall(operator="||", arguments=(NAME, NAME)))),
            "operator || is not one that pgtend builds",
        ),
        (index_on(IndexColumn(expression=OperatorCall(operator="->", arguments=(NAME,)))), "between two arguments"),
        (index_on(IndexColumn(expression=TypeCast(cast_to="regclass", arguments=(NAME,)))), "type regclass"),
        (index_on(IndexColumn(expression=TypeCast(cast_to="text", arguments=(NAME, NAME)))), "one argument"),
        (
            index_on(
                VENDOR,
                predicate=(
                    Comparison(
                        column="a", operator=ComparisonOperator.EQ, constant=Constant(type="regclass", value="x")
                    ),
                ),
            ),
            "type regclass",
        ),
        (
            index_on(
                VENDOR,
                predicate=(
                    Comparison(column="a", operator=ComparisonOperator.EQ, constant=Constant(type="text", value="\0")),
                ),
            ),
            "zero byte",
        ),
        (index_on(VENDOR, predicate=(Comparison(column="a", operator=ComparisonOperator.EQ),)), "lacks the constant"),
    ],
)
def test_what_is_never_built_is_refused(index: Index, words: str) -> None:
    with pytest.raises(DefinitionRefused, match=words):
        create_index(index, "n")


NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=15)


@given(NAMES, NAMES, NAMES, st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20))
def test_no_field_gets_out_of_its_quotes(schema: str, table: str, column: str, value: str) -> None:
    index = Index(
        schema=schema,
        table=table,
        columns=(IndexColumn(column=column),),
        predicate=(
            Comparison(column=column, operator=ComparisonOperator.EQ, constant=Constant(type="text", value=value)),
        ),
    )
    text = create_index(index, table).as_string()
    bare = re.sub(r' E\'(?:[^\'\\]|\'\'|\\\\)*\'|\'(?:[^\']|\'\')*\'|"(?:[^"]|"")*"', "@", text)
    assert bare.split() == "CREATE INDEX CONCURRENTLY @ ON @.@ USING @ (@) WHERE @ = @::@.@".split()  # noqa: SIM905


@given(NAMES)
def test_a_readable_name_is_quoted_unless_it_is_plain(name: str) -> None:
    shown = describe(Index(schema="s", table="t", columns=(IndexColumn(column=name),))).partition("(")[2][:-1]
    assert shown == '"' + name.replace('"', '""') + '"' or (shown == name and name.isascii() and name == name.lower())
