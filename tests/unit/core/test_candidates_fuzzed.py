"""Mutated statements: whatever the parser makes of them, candidates are found or not, and nothing is raised."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pgtend.core.candidates import candidates
from pgtend.core.inverted import add_inverted
from pgtend.core.sql.lexer import Token, spell, tokenize
from pgtend.core.statement import read_statement
from pgtend.domain.advice import Advice, Constraints
from pgtend.domain.workload import Query, WeightedQuery, Workload
from tests.unit.core.test_candidates import VIEWS

SEEDS = [
    "select * from paid join payments using (id) where couple = 3 and (lower(status), amount) > ($1, $2)",
    "with w (a) as (select id from payments union select couple from paid) select * from w where a = 3 order by 1 desc",
    "select id as x, sum(amount) over (partition by status order by created_at) from payments z (a, b) where b is not null",
    "with recursive r as (select id from payments union all select b.id from bookings b join r on r.id = b.vendor_id) "
    "select * from r, lateral (select * from paid where paid.payment = r.id) q where exists (select from bookings b)",
    "select (select max(id) from bookings where id = booking_id), p.* from payments p left join (values (1, 2)) v (id, y) "
    "using (id) where status like '%x%' or status ilike $1 group by 1 having count(*) > 3",
    "update payments set status = 'x' where extract(year from created_at) = 3 and created_at at time zone 'UTC' > $1",
    "select distinct on (vendor_id) * from bookings natural join payments where details ->> 'a' = $1 and not confirmed",
    "select coalesce(total, 0), date_trunc('day', wedding_date) from bookings where status in ('a', 'b') and total between $1 and 2",
]
TOKENS = [tokenize(seed) for seed in SEEDS]
ALL = sorted({token for tokens in TOKENS for token in tokens}, key=repr)

places = st.integers(0, 60)
mutations = st.lists(
    st.tuples(
        st.sampled_from(["replace", "drop", "add", "splice"]),
        places,
        st.sampled_from(ALL),
        st.sampled_from(TOKENS),
        places,
    ),
    min_size=1,
    max_size=5,
)


def mutated(
    seed: tuple[Token, ...], changes: list[tuple[str, int, Token, tuple[Token, ...], int]]
) -> tuple[Token, ...]:
    tokens = list(seed)
    for kind, place, token, other, start in changes:
        at = place % (len(tokens) + 1)
        if kind == "replace":
            tokens[at : at + 1] = [token]
        elif kind == "drop":
            del tokens[at : at + 1]
        elif kind == "add":
            tokens.insert(at, token)
        else:
            tokens[at:at] = other[start % len(other) : start % len(other) + 8]
    return tuple(tokens)


@given(st.sampled_from(TOKENS), mutations)
@example(TOKENS[0], [("drop", 59, ALL[0], TOKENS[0], 0)])
@settings(max_examples=200, deadline=None)
def test_no_statement_makes_the_search_for_candidates_fail(
    seed: tuple[Token, ...], changes: list[tuple[str, int, Token, tuple[Token, ...], int]]
) -> None:
    read = read_statement(spell(mutated(seed, changes)), VIEWS)
    if isinstance(read, Query):
        first = candidates(read, VIEWS, Constraints())
        assert candidates(read, VIEWS, Constraints()) == first
        workload = Workload(queries=(WeightedQuery(id="q", query=read, weight=1.0),))
        add_inverted(Advice(changes=(), cost_before=0, cost_after=0), workload, VIEWS, Constraints())
