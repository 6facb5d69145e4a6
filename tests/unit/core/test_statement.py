from __future__ import annotations

import logging
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.candidates import candidates
from pgtend.core.inert import problem_of
from pgtend.core.statement import Unusable, read_statement, shorten
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.index import TableName
from pgtend.domain.workload import Query, StatementKind
from tests.unit.core.catalogs import BOOKINGS, PAYMENTS, catalog, column, table

SHOP = catalog()
NAMED = 'A daß; "quoted" table'
ODD = table(NAMED, column("Größe"), column("select"), column("x"), schema='Ünder "it"')


def query(text: str, of: Catalog = SHOP, path: tuple[str, ...] | None = None) -> Query:
    read = read_statement(text, of, path)
    assert isinstance(read, Query), read
    return read


def reason(text: str, of: Catalog = SHOP, path: tuple[str, ...] | None = None) -> str:
    read = read_statement(text, of, path)
    assert isinstance(read, Unusable), read
    return read.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select * from payments where id = 1", "SELECT  *\nFROM payments /* app:web */ WHERE id=$1 -- x"),
        ("select * from payments where id in (1)", "select * from payments where id in (1, 2, 3)"),
        ("select * from payments where id in ($1, $2)", "select * from payments where id in ($1 /*, ... */)"),
        ("select * from payments where id = any (array[1, 2])", "select * from payments where id = any (array[$1])"),
        ("select * from payments", "select * from public.payments"),
        ('select * from "payments"', "select * from Payments;"),
        ("insert into payments (id) values (1)", "insert into payments (id) values (1), (2), (3)"),
        ("insert into payments values (1, 2), (3, 4)", "insert into payments values ($1, $2)"),
        ("select * from payments where amount = -5", "select * from payments where amount = $1"),
        ("select * from payments where created_at > interval '1 day' + now()",
         "select * from payments where created_at > $1::interval + now()"),
        ("select id from bookings where status = 'it''s -- no /* comment'", "select id from bookings where status = $1"),
    ],
)  # fmt: skip
def test_texts_that_ask_the_same_are_one_statement(one: str, other: str) -> None:
    assert query(one).fingerprint == query(other).fingerprint
    assert query(one).text == query(other).text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select id from payments", "select amount from payments"),
        ("select * from payments", "select * from bookings"),
        ("select * from payments where id = 1", "select * from payments where id > 1"),
        ('select "ID" from payments', "select id from payments"),
        ("insert into payments (id) values (1)", "insert into payments (id, amount) values (1, 2)"),
        ("select * from payments where id in (1, 2)", "select * from payments where id not in (1, 2)"),
    ],
)
def test_texts_that_ask_something_else_are_different_statements(one: str, other: str) -> None:
    assert query(one).fingerprint != query(other).fingerprint


def test_the_same_text_over_other_tables_is_another_statement() -> None:
    of = catalog(table("t", column("a"), schema="one"), table("t", column("a"), schema="two"))
    first, second = query("select a from t", of, ("one",)), query("select a from t", of, ("two",))
    assert first.fingerprint != second.fingerprint
    assert first.relations == {TableName(schema="one", table="t")}
    assert query("select a from t", of, ("none", "two", "one")).fingerprint == second.fingerprint


def test_the_fingerprint_stays_what_it_was_in_every_release() -> None:
    """Histories are kept under it."""
    assert query("select id, amount from payments where booking_id = $1").fingerprint == "aaae9706aa381982"


@pytest.mark.parametrize(
    ("text", "plannable"),
    [
        ("select id from payments where created_at > now() - interval $1",
         'select id from "public" . payments where created_at > "pg_catalog" . now ( ) - $1 :: interval'),
        ("select timestamptz $1, date $2, timestamp with time zone $3, double precision $4, interval(3) $5 from payments",
         'select $1 :: timestamptz , $2 :: date , $3 :: timestamp with time zone , $4 :: double precision , '
         '$5 :: interval ( 3 ) from "public" . payments'),
        ("select extract($1 from created_at) from payments",
         'select "pg_catalog" . "extract" ( $1 , created_at ) from "public" . payments'),
        ("select extract(year from created_at) from payments",
         'select "pg_catalog" . "extract" ( \'year\' , created_at ) from "public" . payments'),
        ("select sum(case when status = $1 then $2 else $3 end) from payments",
         'select "pg_catalog" . sum ( case when status = $1 then $2 :: numeric else $3 :: numeric end ) '
         'from "public" . payments'),
        ("select id from payments where id = $7 and booking_id = $2 and amount > $7",
         'select id from "public" . payments where id = $1 and booking_id = $2 and amount > $1'),
        ("select substring(status from $1 for $2), substring(status, $3) from payments",
         'select substring ( status from $1 for $2 ) , "pg_catalog" . substring ( status , $3 ) from "public" . payments'),
        ("select id from payments p where id = $1 for no key update of p skip locked",
         'select id from "public" . payments p where id = $1'),
        ("update payments set status = $1, amount = amount + $2 where booking_id = $3 returning id",
         'select from "public" . payments where booking_id = $1'),
        ("update payments p set status = b.status from bookings b where b.id = p.booking_id and b.vendor_id = $1",
         'select from "public" . payments p , "public" . bookings b where b . id = p . booking_id and b . vendor_id = $1'),
        ("update payments set status = $1 where status is distinct from $2",
         'select from "public" . payments where status is distinct from $1'),
        ("delete from payments where booking_id = $1 returning *",
         'select from "public" . payments where booking_id = $1'),
        ("delete from payments p using bookings b where b.id = p.booking_id",
         'select from "public" . payments p , "public" . bookings b where b . id = p . booking_id'),
        ("insert into payments (id, booking_id) select id, id from bookings where vendor_id = $1 on conflict do nothing",
         'select id , id from "public" . bookings where vendor_id = $1'),
        ("insert into payments (id) values ($1) on conflict (id) do update set amount = excluded.amount", ""),
        ("merge into payments p using bookings b on b.id = p.booking_id when matched then delete",
         'select from "public" . bookings b left join "public" . payments p on b . id = p . booking_id'),
        ("with b as (select id from bookings where vendor_id = $1) delete from payments where booking_id in (select id from b)",
         'with b as ( select id from "public" . bookings where vendor_id = $1 ) '
         'select from "public" . payments where booking_id in ( select id from b )'),
    ],
)  # fmt: skip
def test_what_is_planned_is_the_part_that_looks_for_rows(text: str, plannable: str) -> None:
    read = query(text)
    assert read.plannable == plannable
    assert read.parameters == len(set(re.findall(r"\$\d+", plannable)))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("select id from payments", StatementKind.SELECT),
        ("(select id from payments) union all select id from bookings order by 1", StatementKind.SELECT),
        ("table payments", StatementKind.SELECT),
        ("insert into payments select * from payments", StatementKind.INSERT),
        ("update payments set id = 1", StatementKind.UPDATE),
        ("with x as (select 1) delete from payments", StatementKind.DELETE),
        ("merge into payments using bookings on true when matched then do nothing", StatementKind.MERGE),
    ],
)
def test_kinds_are_told(text: str, kind: StatementKind) -> None:
    assert query(text).kind is kind


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("with payments as (select id from bookings) select * from payments", {"bookings"}),
        ("with a as (select id from payments) select * from a join bookings using (id)", {"payments", "bookings"}),
        ("with payments as (select * from payments) select * from payments", {"payments"}),
        ("with recursive payments as (select id from bookings union select id from payments) select * from payments",
         {"bookings"}),
        ("select * from bookings where exists (select from payments where booking_id = bookings.id)",
         {"payments", "bookings"}),
        ("select * from (payments join bookings on true)", {"payments", "bookings"}),
        ("select * from generate_series(1, 3) as payments, bookings", {"bookings"}),
    ],
)  # fmt: skip
def test_relations_are_told_from_with_queries_and_functions(text: str, tables: set[str]) -> None:
    assert {name.table for name in query(text).relations} == tables


def test_names_with_quotes_capitals_and_unicode_are_resolved_and_quoted() -> None:
    of = catalog(ODD)
    name = NAMED.replace('"', '""')
    read = query(f'select "Größe", "select" from "{name}" where x = $1', of, (ODD.name.schema,))
    assert read.relations == {ODD.name}
    again = query(read.plannable, of, ())
    assert again.fingerprint == read.fingerprint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no statement"),
        (";;", "no statement"),
        ("-- nothing", "no statement"),
        ("copy () to stdout", "no statement"),
        ("create table x (a int)", "CREATE is no SELECT"),
        ("vacuum payments", "VACUUM is no SELECT"),
        ("explain select * from payments", "EXPLAIN is no SELECT"),
        ("select id from payments; select id from bookings", "several statements"),
        ("select id into new from payments", "SELECT INTO"),
        ("select id from payments where (id = $1", "cannot be parsed"),
        ("select id from payments where status = 'cut", "no SQL"),
        ("select relname from pg_class", "system catalogs"),
        ("select * from information_schema.tables", "system catalogs"),
        ("select id from gone", "no table gone in the search_path public"),
        ("select id from shop.gone", "no table shop.gone"),
        ("select p.gone from payments p", "public.payments has no column gone"),
        ("select * from payments, abs(1) g where payments.id = g.leak", "call in disguise"),
        ("select * from payments, upper('work_mem') g where status = g.current_setting", "call in disguise"),
        ("select * from payments, (select 1 as x) c where id = c.leak", "call in disguise"),
        ("with c as (select 1 as x) select * from payments, c where id = c.leak", "call in disguise"),
        ("with c as (select 1 as x) select * from payments, c d where id = d.leak", "call in disguise"),
        ("select * from payments, (values (1)) c (x) where id = c.leak", "call in disguise"),
        (
            "select t.leak from payments t where exists (select 1 from (select 1 as leak) t where t.leak = 1)",
            "no column leak",
        ),
        (
            "select (select public.payments.leak from (select 1 as leak) payments) from public.payments",
            "no column leak",
        ),
        ("select (select 1 from (select t.leak) x, (select 1 as leak) t) from payments t", "no column leak"),
        ("select p.amount from payments as p (id)", "no column amount"),
        ("select s.ctid from (select * from payments) s", "call in disguise"),
        ("select v.ctid from v", "no column ctid"),
        ("select shop.public.payments.id from payments", "no column id"),
        ("select id from payments group by payments.leak", "no column leak"),
        ("select 1", "names no table"),
        ("select do_everything($1)", "names no table"),
        ("select " + "(" * 60 + "1" + ")" * 60 + " from payments", "nested more than"),
        ("select " + "case when true then " * 60 + "1" + " end" * 60 + " from payments", "nested more than"),
        ("select id from payments where id in (" + "1, " * 2_000 + "1)", "more than 2,000 words"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_sentence(text: str, words: str) -> None:
    of = catalog(BOOKINGS, PAYMENTS, table("v", column("id"), kind=RelationKind.VIEW))
    assert words in reason(text, of)
    assert reason(text, of).endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "select t.amount from payments t union all select t.vendor_id from bookings t",
        "select s.id from (select * from payments) s where s.amount > 1",
        "select s.id, s.vendor_id from (select p.*, b.vendor_id from payments p join bookings b on true) s",
        "with c as (select * from payments) select d.amount from c as d",
        "with c (x) as (select id from payments) select c.x from c",
        "with recursive r as (select id, 1 as n from payments union all select r.id, r.n + 1 from r) select r.n from r",
        "select c.count, c.max from (select count(*), max(id) from payments) c",
        "select public.payments.id from payments",
        "select p.ctid, p.tableoid from payments p",
        "select u.x, u.n from payments p, unnest(array[1]) with ordinality as u (x, n)",
        "select p.id from payments p where exists (select from bookings b where b.id = p.booking_id and b.note = p.status)",
        "select l.s from payments p cross join lateral (select b.status as s from bookings b where b.id = p.booking_id) l",
        'select p.id from payments p order by p.status collate pg_catalog."C"',
        "select v.a from (values (1)) v (a) join payments p on p.id = v.a",
        "insert into payments (id) values (1) on conflict (id) do update set amount = excluded.amount + payments.amount",
        "update payments p set amount = b.total from bookings b where b.id = p.booking_id",
        "delete from payments p using bookings b where b.id = p.booking_id returning p.id",
        "merge into payments p using bookings b on b.id = p.booking_id when matched then update set amount = b.total",
        "select j.id from (payments join bookings using (id)) as k, payments j",
        "select p.* from payments p for update of p",
    ],
)
def test_columns_behind_aliases_are_recognized_in_their_scopes(text: str) -> None:
    query(text)


@pytest.mark.parametrize(
    ("text", "final"),
    [
        ("select id from payments where (id = $1", True),
        ("select id from payments where id in (" + "1, " * 2_000 + "1)", True),
        ("select id" + "[1]" * 400 + " from payments", True),
        ("select id from gone", False),
    ],
)
def test_what_no_change_of_the_catalog_mends_is_left_out_for_good(text: str, final: bool) -> None:
    read = read_statement(text, SHOP)
    assert isinstance(read, Unusable)
    assert read.final is final


def test_a_foreign_table_is_left_out() -> None:
    of = catalog(table("far", column("a"), kind=RelationKind.FOREIGN_TABLE))
    assert "foreign table" in reason("select a from far", of)


@pytest.mark.parametrize(
    "text",
    [
        "select id from bookings where status = 'Frau Geheim' and total > 4711 and confirmed",
        "select id from bookings where status = E'Frau \\'Geheim\\'' or total in (4711, 4712)",
        "select id from bookings where status = $$Frau Geheim$$ /* Geheim 4711 */",
        "update bookings set status = 'Geheim', note = U&'\\0047eheim' where id = 4711",
        "insert into bookings (id, status) values (4711, 'Geheim'), (4712, 'Geheim')",
        "select 'Geheim' as word, interval '4711 days' from bookings limit 4711",
        "select id from bookings where status = N'Geheim' and total = 4711::numeric -- Geheim",
    ],
)
def test_no_constant_and_no_comment_is_shown(text: str) -> None:
    shown = query(text).text
    assert "eheim" not in shown
    assert "471" not in shown


def test_a_statement_of_built_in_types_is_planned_without_a_search_path() -> None:
    assert query("select id from payments where amount = $1", path=("public", "evil")).search_path == ()


@pytest.mark.parametrize(
    "text",
    ["select id from payments where status % $1", "select $1::mood from payments", "select id from moody where m = $1"],
)
def test_types_and_operators_of_others_are_looked_up_where_the_role_would(text: str) -> None:
    of = catalog(BOOKINGS, PAYMENTS, table("moody", column("id"), column("m", "public.mood")))
    assert query(text, of, ("public", "app")).search_path == ("public", "app")


def test_no_namesake_of_a_built_in_function_can_be_called() -> None:
    assert query("select lower(status), count(*) from payments group by 1").functions == {
        "pg_catalog.lower",
        "pg_catalog.count",
    }


@pytest.mark.parametrize(
    "condition",
    [
        "id = any ($1::bigint[]::int[])",
        "status = any (array[]::text[])",
        "$1::int[] = array[id]",
        "$1::text[][] is null",
    ],
)
def test_casts_to_arrays_are_read(condition: str) -> None:
    assert query(f"select id from payments where {condition}").relations == {PAYMENTS.name}


def _doubled(levels: int, from_: str = "payments") -> str:
    for _ in range(levels):
        from_ = f"(select s.status || s.status as status from {from_} s)"
    return from_


@pytest.mark.parametrize(("levels", "read"), [(3, True), (10, True), (16, False), (40, False)])
def test_what_grows_without_bounds_when_it_is_planned_is_left_out(levels: int, read: bool) -> None:
    """Each level holds the column of the one below twice."""
    assert isinstance(read_statement(f"select length(t.status) from {_doubled(levels)} t", SHOP), Query) is read
    steps = (f"w{n} as (select status || status as status from w{n - 1})" for n in range(1, levels))
    with_queries = ", ".join(("w0 as (select status || status as status from payments)", *steps))
    text = f"with {with_queries} select length(status) from w{levels - 1}"
    assert isinstance(read_statement(text, SHOP), Query) is read


def test_views_that_grow_without_bounds_are_left_out() -> None:
    views = [
        replace(
            table(f"v{n}", column("status", "text"), kind=RelationKind.VIEW),
            definition=f"SELECT (s.status || s.status) AS status FROM public.{f'v{n - 1}' if n else 'payments'} s",
        )
        for n in range(20)
    ]
    of = catalog(PAYMENTS, *views)
    assert isinstance(read_statement("select status from v5", of), Query)
    assert "gigabytes" in reason("select status from v19", of)


def test_sixty_joins_are_read() -> None:
    joins = " ".join(f"join payments p{n} on p{n}.booking_id = b.id" for n in range(60))
    assert query(f"select b.id from bookings b {joins}").relations == {BOOKINGS.name, PAYMENTS.name}


def test_a_long_chain_of_conditions_is_read_or_left_out() -> None:
    text = "select id from payments where " + " or ".join(f"id = {n}" for n in range(3000))
    assert isinstance(read_statement(text, SHOP), Query | Unusable)


def test_texts_are_cut_where_they_are_shown() -> None:
    assert shorten("x" * 200) == "x" * 200
    assert shorten("x" * 201) == "x" * 199 + "…"


_WORDS = (  # noqa: SIM905 - easier to read than a list
    "select from where payments p bookings id amount status in ( ) , . = < $1 $2 'x' 1 and or not exists with as recursive "
    "union all join on left lateral group by order limit insert into values update set delete using returning merge when "
    'matched then case end cast :: int interval extract over partition array [ ] * ; " -- /* */ is null between like any '
    "distinct for update of nowait default conflict do nothing"
).split()


_VALID = (
    "with recursive r (n) as (select 1 union all select n + 1 from r) select * from r join payments p on p.id = r.n",
    "update payments p set status = $1, amount = amount + 1 from bookings b where b.id = p.booking_id returning p.id",
    "merge into payments p using bookings b on b.id = p.booking_id when matched then update set amount = b.total",
    "insert into payments (id) select id from bookings where id in (1, 2) on conflict (id) do nothing",
    "select distinct on (status) status, max(amount) filter (where id > 1) over (partition by id) from payments order by 1",
    "select (select max(id) from payments where booking_id = b.id) from bookings b where (id, vendor_id) in ((1, 2))",
    "delete from payments where created_at < now() - interval '1 day' and extract(year from created_at) = 2026",
)


@st.composite
def _nearly_valid(draw: st.DrawFn) -> str:
    """A statement with a few words gone, put in or taken from another one."""
    words = re.findall(r"\w+|\S", draw(st.sampled_from(_VALID)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(words)))
        others = re.findall(r"\w+|\S", draw(st.sampled_from(_VALID)))
        start = draw(st.integers(0, len(others)))
        words[place : place + draw(st.integers(0, 2))] = others[start : start + draw(st.integers(0, 5))]
    return " ".join(words)


@settings(max_examples=200, deadline=None)
@given(_nearly_valid() | st.lists(st.sampled_from(_WORDS), max_size=40).map(" ".join) | st.text(max_size=80))
def test_no_text_whatever_does_more_than_be_left_out(text: str) -> None:
    for each in (text, f"select {text}", f"select id from payments where {text}", f"insert into payments {text}"):
        read = read_statement(each, SHOP)
        assert isinstance(read, Query | Unusable)
        if isinstance(read, Query):
            problem_of(read, SHOP)
            candidates(read, SHOP, Constraints())


def test_the_parser_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in ("select id from payments where status = 'secret' limit all", "with x as (show all) select 'secret'",
                     "insert overwrite directory 'secret' select 1", "merge 'secret'", "update secret"):  # fmt: skip
            read_statement(text, SHOP)
    assert caplog.text == ""


@pytest.mark.parametrize("depth", [16, 45])
def test_leaves_out_arrays_nested_so_deep_that_parsing_them_takes_minutes(depth: int) -> None:
    text = f"select id from orders where id = any({'array[' * depth}1{']' * depth})"
    assert isinstance(read_statement(text, SHOP), Unusable)
