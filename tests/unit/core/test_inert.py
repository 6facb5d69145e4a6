from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.inert import problem_of, problem_of_code
from pgtend.core.statement import read_statement
from pgtend.domain.catalog import RelationKind
from pgtend.domain.user_types import UserTypes
from pgtend.domain.workload import Query, StatementKind
from tests.unit.core.catalogs import BOOKINGS, PAYMENTS, catalog, column, table

EXTENSIONS = frozenset(
    {"public.similarity", "public.dblink", "public.crosstab", "ext.st_dwithin", "public.xpath_table"}
)
SHOP = catalog(extension_functions=EXTENSIONS)


def problem(text: str) -> str | None:
    read = read_statement(text, SHOP)
    assert isinstance(read, Query), read
    return problem_of(read, SHOP)


@pytest.mark.parametrize(
    "text",
    [
        "select count(*), max(amount) filter (where id > 1) over (partition by status order by id) from payments",
        "select lower(status), substring(status from 1 for 2), trim(both 'x' from status), coalesce(status, $1) from payments",
        "select id from payments where created_at > now() - interval '1 day' and extract(year from created_at) = 2026",
        "select id from payments where created_at between $1::timestamptz and cast($2 as timestamptz)",
        "select id::varchar(20), cast(amount as numeric(10, 2)), 'x'::char(3) from payments",
        "select id from payments where status in ('a', 'b') and (id, booking_id) in ((1, 2), (3, 4))",
        "select status from payments group by grouping sets ((status), ())",
        "select status, count(*) from payments group by rollup (status)",
        "select id from payments where status like ('x') or status ilike $1 or not (id = 1)",
        "with recursive r (n) as (select 1 union all select n + 1 from r where n < 5) select * from r join payments on id = n",
        "with b (y) as (select 2), c (z) as (select 3) select id from payments where id in (select y from b, c)",
        "with b (y) as (select 2), c (z, x) as materialized (values (3, 4)) select id from payments, c where id = z",
        "with recursive b (y) as (select 2), c (z) as not materialized ((select y from b)) select id from payments, c where id = z",
        "select * from payments cross join lateral (select id from bookings limit (2)) as b (x)",
        "select * from (values (1, 2)) as v (a, b) join payments on id = a",
        "select * from generate_series($1, $2) as g (n) join payments on id = n",
        "select percentile_cont(0.5) within group (order by amount) from payments",
        "select * from payments where id = any ($1) and exists (select from bookings where id = booking_id)",
        "select details ->> 'k', details::jsonb @> '{}', array[1, 2], row (1, 2) from bookings",
        "select similarity(status, $1), status % $1 from payments",
        "select ext.st_dwithin(status, $1, 3) from payments",
        "select id from payments where (id) operator(pg_catalog.=) (1)",
        "select id from payments where created_at at time zone ('UTC') > $1",
        "update payments set status = pg_read_file('x') where id = $1",
        "select id from payments where status like 'a' escape 'b' or status not like 'secret' and status ilike ('x')",
        "select id from payments fetch first '3' rows only",
        "select to_tsvector('english'::regconfig, status) from payments",
        "select * from payments natural join json_each('{}') as e (key, value)",
        "select id from payments for update",
    ],
)
def test_what_computes_from_its_arguments_alone_may_be_planned(text: str) -> None:
    assert problem(text) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("select id from payments where id = table_to_xml('secret', true, false, '')::text::int", "table_to_xml"),
        ("select query_to_xml('select 1', true, false, '') from payments", "query_to_xml"),
        ("select id from payments where status = pg_read_file('/etc/passwd')", "pg_read_file"),
        ("select id from payments where status = pg_catalog.pg_read_file('x')", "pg_catalog.pg_read_file"),
        ('select id from payments where status = "pg_read_file"(\'x\')', "pg_read_file"),
        ("select id from payments where status = PG_READ_FILE ( 'x' )", "pg_read_file"),
        ("select id from payments where status = pg_read_file/* */('x')", "pg_read_file"),
        ("select lo_import('x'), lo_get(1) from payments", "lo_import"),
        ("select current_setting('x') from payments", "current_setting"),
        ("select set_config('x', 'y', true) from payments", "set_config"),
        ("select nextval('s') from payments", "nextval"),
        ("select pg_ls_dir('.') from payments", "pg_ls_dir"),
        ("select dblink('x') from payments", "dblink"),
        ("select * from crosstab('select * from secret') as t (a int), payments", "crosstab"),
        ("select public.xpath_table('x') from payments", "xpath_table"),
        ("select ts_rewrite(status::tsquery, 'select * from secret') from payments", "ts_rewrite"),
        ("select ts_stat('select * from secret') from payments", "ts_stat"),
        ("select my_own(id) from payments", "my_own"),
        ("select shop.lower(status) from payments", "shop.lower"),
        ('select "Lower"(status) from payments', "Lower"),
        ('select "coalesce"(status) from payments', "coalesce"),
        ("select xmlparse(document status) from payments", "xmlparse"),
        ("select 'secret'::regclass from payments", "regclass"),
        ("select regclass 'secret' from payments", "regclass"),
        ("select cast('secret' as regclass) from payments", "regclass"),
        ("select cast('secret' as pg_catalog.regclass) from payments", "regclass"),
        ("select to_regclass('secret') from payments", "to_regclass"),
        ("select $1::xml from payments", "xml"),
        ("select status::mood from payments", "mood"),
        ("select cast(status as public.mood) from payments", "mood"),
        ("select (status || 'x')::mood from payments", "mood"),
        ("select id from payments where status === $1", "==="),
        ("select id from payments where status operator(public.=) $1", "operator"),
        ("with d as (insert into payments select * from payments returning *) select * from d, bookings", "changes rows"),
        ("select (payments).amount from payments", "field of a value"),
        ("select ('(1)'::mood).fun from payments", "field of a value"),
        ("select like('a', 'b') from payments", "like"),
        ("select id from payments order by like('secret', 'b')", "like"),
        ("select id from payments where not materialized('secret')", "materialized"),
        ("select id from payments order by cube('secret')", "cube"),
        ("select over('secret') from payments", "over"),
        ("select filter('secret') from payments", "filter"),
        ("select id from payments where id = (1) operator(evil.+) (2)", "operator"),
        ("select distinct on (id) pg_read_file('secret') from payments", "pg_read_file"),
        ("select id from payments where status = any('{x}'::evil.d[])", "casts to d"),
        ("select '(secret)'::evil.comp from payments", "comp"),
        ("select $1::mood from payments", "mood"),
        ("select 'x'::\"integer\" from payments", "integer"),
        ("select 'x'::pg_catalog.int4.d from payments", "int4"),
        ("select evil.d 'secret' from payments", "d"),
        ("select (array[1, 2])[1].leak from payments", "field of a value"),
        ("select $1.leak from payments", "field of a value"),
        ("select id from payments where status = 'x' operator(pg_catalog.||) pg_read_file('secret')", "pg_read_file"),
        ("select id from payments, abs(1) pg_read_file('secret')", "pg_read_file"),
        ("select id from payments where status = (like 'secret')", "casts to like"),
        ("select escape 'secret' from payments", "casts to escape"),
        ("select 'x' operator(pg_catalog.||) escape 'secret' from payments", "casts to escape"),
        ("select first 'secret', id from payments", "casts to first"),
        ("select sum(id) over (order by id rows like('secret') preceding) from payments", "like"),
        ("select id from payments join like('secret') on true", "like"),
        ("select 1, my_own (id) from payments", "my_own"),
        ("select 1, my_own (id) as x from payments", "my_own"),
        ("select p.id from payments p, my_own (id) as (a int)", "my_own"),
        ("select p.id from payments p, my_own (id) as (values int)", "my_own"),
        ("select p.id from payments p, my_own (id) as materialized (a int)", "my_own"),
        ("with b (y) as (select 2, my_own (id) from payments) select y from b, payments", "my_own"),
        ("with b (y) as (select 2), c (z) as (select my_own (y) from b) select id from payments, c", "my_own"),
        ("select json_object('a' value 1 returning evil.d) from payments", "RETURNING"),
    ],
)  # fmt: skip
def test_what_may_read_or_do_something_is_not_planned(text: str, named: str) -> None:
    """Also where the text did not come through the parser, which does not understand all of these."""
    sentences = [problem_of(hand_made(text), SHOP)]
    read = read_statement(text, SHOP)
    if isinstance(read, Query):
        sentences.append(problem_of(read, SHOP))
    for sentence in sentences:
        assert sentence is not None
        assert named in sentence
        assert "secret" not in sentence
        assert sentence.endswith(".")


TYPES = UserTypes(
    harmless={
        "mood": {"public": True},
        "email": {"public": False},
        "citext": {"ext": True},
        "level": {"public": True, "other": False},
    }
)


@pytest.mark.parametrize(
    "cast",
    ["'x'::mood", "cast($1 as public.mood[])", "mood 'x'", "'x'::ext.citext", "'x'::public.level", "\"mood\" 'x'"],
)
def test_what_becomes_a_value_of_a_harmless_type_of_users_may_be_planned(cast: str) -> None:
    asked = hand_made(f"select id from payments where {cast} is null", search_path=("app", "public"))
    assert problem_of(asked, SHOP, TYPES) is None


@pytest.mark.parametrize(
    "cast",
    ["'x'::email", "'x'::public.email", "'x'::citext", "'x'::other.level", "'x'::regclass", "'x'::public.mood.x"],
)
def test_what_becomes_a_value_of_another_type_is_not(cast: str) -> None:
    asked = hand_made(f"select id from payments where {cast} is null", search_path=("app", "public"))
    assert "casts to" in (problem_of(asked, SHOP, TYPES) or "")


def test_a_type_with_a_harmful_namesake_on_the_search_path_is_not_cast_to() -> None:
    """The role may not see the schema that comes first."""
    asked = hand_made("select id from payments where 'x'::level is null", search_path=("public", "other"))
    assert "casts to level" in (problem_of(asked, SHOP, TYPES) or "")


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("((VALUE OPERATOR(public.~) '^.+@.+$'::public.citext) AND (length(VALUE) < 3))", True),
        ("public.similarity(name, 'x'::text) > 3", True),
        ("(name OPERATOR(pg_catalog.===) 'x'::text)", False),
        ("(table_to_xml('secret'::regclass, true, false, ''::text) IS NULL)", False),
        ("information_schema._pg_keysequal(a, b)", False),
        ("(name === 'x'::text)", False),
        ("(name)::xml IS NULL", False),
        ('"operator"(name)', False),
        ("'open", False),
    ],
)
def test_in_definitions_what_is_qualified_is_judged_by_what_they_depend_on(text: str, harmless: bool) -> None:
    assert (problem_of_code(text) is None) is harmless


def test_a_function_in_the_guise_of_a_column_is_left_out_before() -> None:
    read = read_statement("select payments.pg_read_file from payments", SHOP)
    assert not isinstance(read, Query)


@pytest.mark.parametrize(
    ("relation", "words"),
    [
        (table("far", column("id"), kind=RelationKind.FOREIGN_TABLE), "foreign table"),
        (table("mine", column("id"), temporary=True), "temporary table"),
    ],
)
def test_relations_that_are_planned_elsewhere_are_not_planned(relation: object, words: str) -> None:
    of = catalog(BOOKINGS, PAYMENTS, relation)  # type: ignore[arg-type]
    name = next(each for each in of.tables if each not in (BOOKINGS.name, PAYMENTS.name))
    sentence = problem_of(hand_made("select id from t", relations=frozenset({name})), of)
    assert sentence is not None
    assert words in sentence


def hand_made(plannable: str, **changes: object) -> Query:
    made = Query(
        fingerprint="f",
        text="?",
        plannable=plannable,
        kind=StatementKind.SELECT,
        relations=frozenset({PAYMENTS.name}),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plannable", "words"),
    [
        ("", "looks for no rows"),
        ("drop table payments", "no query"),
        ("select 1; select 2", "more than one"),
        ("select 'open", "no SQL"),
        ("select id into x from payments", "changes rows"),
        ("explain select 1", "no query"),
        ("select id from payments where exists (select from public.bookings)", "public.bookings where no table"),
        (f"select id as {'x' * 64} from payments", "a name that the server would cut"),
        (f"select id as {'é' * 32} from payments", "a name that the server would cut"),
    ],
)
def test_queries_made_otherwise_than_by_reading_are_judged_too(plannable: str, words: str) -> None:
    sentence = problem_of(hand_made(plannable), SHOP)
    assert sentence is not None
    assert words in sentence


def test_a_dropped_table_is_told() -> None:
    assert problem_of(hand_made("select 1"), catalog(BOOKINGS)) == (
        "There is no table public.payments (any more), or the observer cannot see it."
    )
