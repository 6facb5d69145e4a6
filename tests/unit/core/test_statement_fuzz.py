"""Whatever the text, it becomes a query or a sentence: nothing is raised, and what would be planned is what was judged."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.candidates import candidates
from pgtend.core.inert import problem_of, problem_of_code
from pgtend.core.sql.lexer import NotLexable, spell, tokenize
from pgtend.core.sql.usage import table_uses
from pgtend.core.statement import Unusable, read_statement
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import RelationKind
from pgtend.domain.user_types import UserTypes
from pgtend.domain.workload import Query
from tests.unit.core.catalogs import BOOKINGS, PAYMENTS, catalog, column, table

SHOP = catalog(
    BOOKINGS,
    PAYMENTS,
    table("moods", column("id"), column("mood", "public.mood")),
    replace(
        table("seen", column("id"), column("total"), kind=RelationKind.VIEW),
        definition="SELECT b.id, sum(p.amount) AS total FROM public.bookings b JOIN public.payments p ON p.booking_id = b.id GROUP BY b.id",
    ),
    extension_functions=frozenset({"public.similarity", "ext.dblink"}),
)
TYPES = UserTypes(harmless={"mood": {"public": True}, "checked": {"public": False}})

STATEMENTS = (
    "select p.id, b.couple_id from payments p join bookings b on b.id = p.booking_id where p.status = 'x' order by 1",
    "with c as (select *, row_number() over (partition by status order by id) n from payments) select c.id from c where n < 3",
    "select id, (select max(amount) from payments p where p.booking_id = b.id) from bookings b where note like 'a%' escape '!'",
    "insert into payments (id) select id from bookings on conflict (id) do update set amount = excluded.amount",
    "update payments p set amount = $1 from bookings b where b.id = p.booking_id and b.status in ($2, $3) returning p.id",
    "delete from payments using bookings where bookings.id = booking_id and created_at < now() - interval '1 day'",
    "merge into payments p using bookings b on b.id = p.booking_id when matched then delete when not matched then do nothing",
    "select distinct on (status) status, details ->> 'k' from bookings where total between 1 and 2.5e3 and not confirmed",
    "select status from payments union all (select status from bookings limit 3 offset $1) order by 1 nulls first",
    "select m.id from moods m where m.mood = 'sad'::mood and m.mood = any ('{sad}'::public.mood[]) for update of m",
    "copy (select id from seen s where s.id = 1) to stdout",
    "declare c cursor for select s.total from seen s order by s.id",
    "create materialized view v as select id from payments with no data",
    "select count(*) filter (where id > 1), array[1, 2][1], (array[[1], [2]])[1:2] from payments group by rollup (status)",
    "select x.n from generate_series(1, 10) with ordinality as x (n, o) cross join lateral (select id from payments limit x.n) y",
    "prepare p as select id from payments where status operator(pg_catalog.||) 'a' = U&'\\0061' and note = E'\\'' or true",
)
PIECES = (
    *"()[].,;:*+-/<>=~!@#%^&|`?'\"$\\{}",
    "'", "''", "E'", "e'\\", "U&'", 'U&"', "B'01", "N'x'", "$$", "$a$", "$1", "$99999", "$1$", "/*", "*/", "/* /* */", "--", "--\n",
    "copy () to stdout", "\n", "\t", "\0", "\ud800", "é", "ß", "\u202e", "\u00a0", "🦊", "::", ":=", "..", "=>", "->>", "@>", "operator(",
    "pg_catalog.",
    "public.", "evil.", "(select ", "((((", "))))", "array[", "[1]", "case when ", " end", "::int[]", "::mood", "::checked",
    "cast(", " as ", "pg_read_file('x')", "table_to_xml('secret', true, true, '')", "dblink('x')", "p.leak", "t.*", "lateral ",
    "row(1, 2)", "values (1)", "with x as ", "recursive ", "over (", "filter (", "within group (", "interval '1'", "at time zone ",
    "collate \"C\"", "tablesample ", "grouping sets (", "not materialized ", "for update", "returning *", "on conflict ", "into ",
    "explain ", "prepare p as ", "declare c cursor for ", "copy (", "limit all ", "fetch first ", "rows ", "like ", "similar to ",
    "is distinct from ", "between symmetric ", "using ", "natural join ", "1e", "0x1F", "1_000", ".5", "1.", "1..2", "null", "true",
    "select ", "from payments ", "where ", "and ", "or ", "not ", "in (", "exists (", "union ", "order by ", "group by ", "having ",
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A statement that is cut, doubled, and has pieces put into it at any character."""
    text = draw(st.sampled_from(STATEMENTS))
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(text)))
        end = draw(st.integers(place, min(place + 20, len(text))))
        piece = draw(st.sampled_from(PIECES) | st.just(text[place:end] * 2) | st.text(max_size=3))
        text = text[:place] + piece + text[end:]
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


soup = st.lists(st.sampled_from(PIECES), max_size=60).map(lambda pieces: " ".join(pieces))
nested = st.tuples(
    st.sampled_from(
        ("(", "select (", "array[", "case when ", "(select id from payments where id in ", "not (", "lower(", "-")
    ),
    st.integers(1, 200),
    st.sampled_from((")", "]", " end", ") x", "", ")")),
).map(lambda each: f"select id from payments where {each[0] * each[1]} 1 {each[2] * each[1]}")
repeated = st.tuples(st.sampled_from(PIECES), st.integers(1, 2500)).map(
    lambda each: "select id from payments where id = " + each[0] * each[1]
)


@settings(max_examples=400, deadline=None)
@given(mutated() | soup | nested | repeated | st.text(max_size=60))
def test_every_text_becomes_a_query_or_a_sentence(text: str) -> None:
    for each in (text, f"select id from payments where {text}"):
        read = read_statement(each, SHOP)
        if isinstance(read, Unusable):
            assert read.reason.endswith(".")
            assert "secret" not in read.reason
            continue
        assert read.relations <= SHOP.tables.keys()
        problem = problem_of(read, SHOP, TYPES)
        assert problem is None or problem.endswith(".")
        table_uses(read, SHOP)
        candidates(read, SHOP, Constraints())
        # What the server gets is read again as the very tokens that were judged.
        assert spell(tokenize(read.plannable)) == read.plannable


@settings(max_examples=200, deadline=None)
@given(mutated() | soup | nested)
def test_every_text_is_judged_without_the_parser_too(text: str) -> None:
    try:
        tokens = tokenize(text)
    except NotLexable as refusal:
        assert str(refusal).endswith(".")
        return
    assert tokenize(spell(tokens)) == tokens
    query = read_statement("select id from payments", SHOP)
    assert isinstance(query, Query)
    problem_of_code(text)
    problem_of(
        Query(fingerprint="f", text="?", plannable=spell(tokens), kind=query.kind, relations=query.relations),
        SHOP,
        TYPES,
    )
