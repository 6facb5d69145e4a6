"""How normalised texts are mended: to what can be read, to what can be planned, and to what can be resolved."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.candidates import candidates
from pgtend.core.sql.lexer import Tokens, spell, tokenize
from pgtend.core.sql.mending import mend
from pgtend.core.sql.parameter_types import MOST_TRIES, TypedText
from pgtend.core.sql.planning_form import planning_form
from pgtend.core.sql.wrapping import mask, unwrap
from pgtend.core.statement import Unusable, read_entry, read_statement
from pgtend.domain.advice import Constraints
from pgtend.domain.workload import Query, StatementKey, StatementText
from tests.unit.core.catalogs import catalog

SHOP = catalog()


def spelled(tokens: Tokens) -> str:
    return spell(tokens)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a > interval $1 day", "a > $1 :: interval day"),
        ("a > interval $1 year to month and b", "a > $1 :: interval year to month and b"),
        ("a > interval '90' second(2)", "a > '90' :: interval second"),
        ("a > interval(0) $1", "a > $1 :: interval ( 0 )"),
        ("a = character varying $1", "a = $1 :: character varying"),
        ("a = bit varying $1 or a = bit(8) '1'", "a = $1 :: varbit or a = '1' :: bit ( 8 )"),
        ("a = numeric(10, 2) $1", "a = $1 :: numeric ( 10 , 2 )"),
        ("a = booking_status $1", "a = $1 :: booking_status"),
        ('a = "Shop" . "Status" $1', 'a = $1 :: "Shop" . "Status"'),
        ("a = N$1 and t.n$2 = 3", "a = $1 and t . n$2 = 3"),
        ("a = $1 uescape '!'", "a = $1"),
        ("extract($1 from t)", '"pg_catalog" . "extract" ( $1 , t )'),
        ("extract(year from t)", '"pg_catalog" . "extract" ( \'year\' , t )'),
        ("substring(a similar $1 escape $2)", "substring ( a , $1 , $2 )"),
        ("substring(a from 1 for 2) similar to $1", "substring ( a from 1 for 2 ) similar to $1"),
        ("a like $1 escape $2 limit $3 offset $4", "a like $1 escape $2 limit $3 offset $4"),
        ("a at time zone $1 between symmetric $2 and $3", "a at time zone $1 between symmetric $2 and $3"),
        ("update t set a = $1 returning $2", "update t set a = $1 returning $2"),
        ("rows $1 preceding", "rows $1 preceding"),
    ],
)
def test_what_postgres_cannot_read_is_mended(text: str, mended: str) -> None:
    assert spelled(mend(tokenize(text))) == mended


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("select f($1, t), count(*) from b where f($2, t) > $3 group by f('day', t)",
         "select f('day', t), count(*) from b where f($2, t) > $3 group by f('day', t)"),
        ("select coalesce(m, $1), sum(a) from b group by coalesce(m, 'none') having coalesce(m, $2) > $3 order by coalesce(m, 'none') desc",
         "select coalesce(m, 'none'), sum(a) from b group by coalesce(m, 'none') having coalesce(m, 'none') > $3 "
         "order by coalesce(m, 'none') desc"),
        ("select distinct f($1, t) from b order by f('x', t) nulls last", "select distinct f('x', t) from b order by f('x', t) nulls last"),
        ("select case when a > $1 then $2 else $3 end from b group by case when a > 5 then 'x' else null end",
         "select case when a > 5 then 'x' else null end from b group by case when a > 5 then 'x' else null end"),
        ("select g($1) from b union select f($2, t) from c group by f('y', t)",
         "select g($1) from b union select f('y', t) from c group by f('y', t)"),
        ("select a, $1 from b group by 1, 2", "select a, $1 from b group by 1, 2"),
        ("select a from b where $1 = $2 and c = $3", "select a from b where true and c = $3"),
        ("select a from b left join lateral (select 1) x on $1 where a = $2", "select a from b left join lateral (select 1) x on true where a = $2"),
        ("select a from b where c between $1 and $2 and $3 = $4", "select a from b where c between $1 and $2 and true"),
        ("select a from b where c between $1 and $2 or $3 = $4", "select a from b where c between $1 and $2 or $3 = $4"),
    ],
)  # fmt: skip
def test_what_keeps_a_generic_plan_from_being_made_is_mended(text: str, form: str) -> None:
    assert spelled(planning_form(tokenize(text))) == spelled(tokenize(form))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("declare c no scroll cursor with hold for select id from t for update", "select id from t for update"),
        ('declare "a for b" cursor for select 1', "select 1"),
        ("prepare p (int, text) as update t set a = $1", "update t set a = $1"),
        ("create temp table x (a) on commit drop as (select 1) with data", "( select 1 )"),
        ("create materialized view x as select 1", "select 1"),
        ("create view x as select 1", "create view x as select 1"),
        ("create table x (a int)", "create table x ( a int )"),
        ("create table x as execute p", "create table x as execute p"),
        ("copy (select id from t) to stdout", "select id from t"),
        ("copy t from stdin", "copy t from stdin"),
        ("select 1", "select 1"),
    ],
)
def test_the_query_within_a_statement_is_found(text: str, query: str) -> None:
    assert spelled(unwrap(tokenize(text))) == query


@pytest.mark.parametrize(
    ("text", "errors", "typed"),
    [
        ("select day + $1 from t", [("42725", "+", None)], "select day + $1 :: int from t"),
        ("select id from t where day > current_date - $1", [("42883", ">", None)], "select id from t where day > current_date - $1 :: int"),
        ("select f($1, x)", [("42P18", None, 1)], "select f ( $1 :: text , x )"),
        ("select sum($1), max(a)", [("42725", "sum", None)], "select sum ( $1 :: int ) , max ( a )"),
        ("select id from t where a && array[$1, $2]", [("42883", "&&", None)], "select id from t where a && array [ $1 , $2 ] :: int [ ]"),
        ("select 1 from (values ($1, $2), ($3, $4)) as v (id, x) join t on t.id = v.id", [("42883", "=", None)],
         "select 1 from ( values ( $1 :: int , $2 :: int ) , ( $3 :: int , $4 :: int ) ) as v ( id , x ) join t on t . id = v . id"),
        ("select 1 from (values ($1, $2)) as v (id, x) join t on t.id = v.id", [("42883", "=", None), ("42883", "=", None)],
         "select 1 from ( values ( $1 :: int , $2 ) ) as v ( id , x ) join t on t . id = v . id"),
        ("with n as (select $1 as i union all select i + $2 from n) select 1", [("42883", "+", None), ("42883", "+", None)],
         "with n as ( select $1 :: int as i union all select i + $2 :: int from n ) select 1"),
    ],
)  # fmt: skip
def test_the_server_s_errors_lead_to_types(
    text: str, errors: list[tuple[str, str | None, int | None]], typed: str
) -> None:
    trial: TypedText | None = TypedText(tokens=tokenize(text))
    for sqlstate, sign, parameter in errors:
        assert trial is not None
        position = None if sign is None else trial.text.index(f" {sign} ") + 1
        trial = trial.after(sqlstate, position, parameter)
    assert trial is not None
    assert trial.text == typed


def test_other_errors_lead_nowhere_and_trying_ends() -> None:
    trial = TypedText(tokens=tokenize("select a + $1"))
    assert trial.after("42703", 9, None) is None
    assert trial.after("42725", None, None) is None
    assert TypedText(tokens=trial.tokens, tries=MOST_TRIES).after("42725", 9, None) is None


WORDS = """
    select from where group by order having union ( ) , [ ] $1 $2 'x' 5 :: int a b . = + and on between values array case when then
    else end interval extract distinct any in with as sum
"""


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(WORDS.split()), max_size=30),
    st.integers(0, 200),
    st.sampled_from(["42725", "42883", "42P18", "42804"]),
)
def test_no_text_breaks_the_mending(words: list[str], position: int, sqlstate: str) -> None:
    tokens = mend(tokenize(" ".join(words)))
    tokens = planning_form(tokens)
    trial: TypedText | None = TypedText(tokens=tokens)
    while trial is not None:
        tokenize(trial.text)
        trial = trial.after(sqlstate, position, 1)
    read_statement(" ".join(words), SHOP)


@pytest.mark.parametrize(
    "text",
    [
        "with d as (delete from payments where amount < $1 returning id) select count(*) from d",
        "with d as (update payments p set amount = $1 where p.booking_id = $2 returning p.id, p.amount) select d.id from d",
    ],
)
def test_what_a_with_query_deletes_or_updates_is_looked_for(text: str) -> None:
    read = read_statement(text, SHOP)
    assert isinstance(read, Query)
    assert "delete" not in read.plannable and "update" not in read.plannable
    assert " from " in read.plannable


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("create table x as select id from t where j ->> 'johnDoe1970' = 'x' and n = 5 order by 1",
         "create table x as select id from t where j ->> $1 = $2 and n = $3 order by 1"),
        ("prepare p as update t set a = $1 where b = 'x'", "prepare p as update t set a = $1 where b = $2"),
        ("declare c cursor for select id from t where d > date '2026-01-01' limit 5",
         "declare c cursor for select id from t where d > date $1 limit 5"),
        ("copy (select id from t where b = E'x') to stdout", "copy (select id from t where b = $1) to stdout"),
        ("select id from t where b = 'x'", "select id from t where b = 'x'"),
        ("", ""),
    ],
)  # fmt: skip
def test_constants_of_a_statement_that_wraps_a_query_are_masked_as_the_server_masks_others(
    text: str, masked: str
) -> None:
    assert spelled(mask(tokenize(text))) == spelled(tokenize(masked))


@pytest.mark.parametrize("wrapped", ["create table x as {}", "copy ({}) to stdout", "declare c cursor for {}"])
def test_no_constant_of_a_counted_statement_is_planned_shown_or_built(wrapped: str) -> None:
    query = "select id from bookings where status = 'confirmedByAnn' and wedding_date > date '1970-01-01' order by 1"
    read = read_entry(StatementText(key=StatementKey(user=1, queryid=1), text=wrapped.format(query)), SHOP)
    assert isinstance(read, Query), read
    assert "Ann" not in read.plannable + read.text + repr(candidates(read, SHOP, Constraints()))
    assert "1970" not in read.plannable + read.text


def test_a_table_without_data_runs_no_query() -> None:
    assert isinstance(read_statement("create table x as select id from payments with no data", SHOP), Unusable)
