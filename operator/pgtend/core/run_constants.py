"""Give statements constants to be really run with: those of real calls, else those of pg_stats, and LIMIT as many as came.

pg_stat_statements keeps no constants, and a statement cannot be run without. Values of pg_stats are in the table (or were when it
was analysed), so that a run with them does what a call might have done; which value the calls asked for they do not tell. So
a statement is run twice: with constants that find few rows, and with constants that find many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pgtend.core.plan_variants import Share, constants_for, put_in
from pgtend.core.sql.compared_values import comparisons_in
from pgtend.core.sql.lexer import Kind, Token, Tokens, spell, tokenize
from pgtend.core.sql.parameters import count_parameters, renumber
from pgtend.domain.catalog import Catalog
from pgtend.domain.values import ValuesOfColumns
from pgtend.domain.workload import Load, Query, WeightedQuery

_NAMES = {Share.FEW: "few rows", Share.MANY: "many rows"}


def runnable(
    queries: Sequence[WeightedQuery], catalog: Catalog, values: ValuesOfColumns, sampled: Mapping[str, Sequence[Query]]
) -> tuple[WeightedQuery, ...]:
    """The queries with constants in the place of parameters; one of which not all parameters can be filled stays as it is."""
    return tuple(found for each in queries for found in _with_constants(each, catalog, values, sampled))


def _with_constants(
    each: WeightedQuery, catalog: Catalog, values: ValuesOfColumns, sampled: Mapping[str, Sequence[Query]]
) -> Iterator[WeightedQuery]:
    if not each.query.parameters:
        yield each
        return
    seen = [query for query in sampled.get(each.query.fingerprint, ()) if not query.parameters]
    if seen:
        yield replace(each, query=replace(seen[0], text=each.query.text, fingerprint=each.query.fingerprint))
        return
    filled = {share: _fill(each, catalog, values, share) for share in _NAMES}
    if any(query.parameters for query in filled.values()):
        yield each
    elif filled[Share.FEW].plannable == filled[Share.MANY].plannable:
        yield replace(each, query=filled[Share.FEW])
    else:
        for share, query in filled.items():
            yield replace(each, id=f"{each.id} ({_NAMES[share]})", query=query, of=each.id)


def _fill(each: WeightedQuery, catalog: Catalog, values: ValuesOfColumns, share: Share) -> Query:
    tokens = tokenize(each.query.plannable)
    constants = dict(constants_for(comparisons_in(tokens, each.query, catalog), share, values, any_value=True))
    filled = renumber(_limit(put_in(tokens, constants), each.load))
    return replace(each.query, plannable=spell(filled), parameters=count_parameters(filled), assumed=True)


def _limit(tokens: Tokens, load: Load | None) -> Tokens:
    """LIMIT as many rows as a call returned, and OFFSET 0: the one thing that the server has counted of these constants."""
    rows = max(math.ceil(load.rows / load.calls), 1) if load is not None and load.calls else 1
    return tuple(
        Token(Kind.NUMBER, str(rows if tokens[place - 1].word("limit") else 0))
        if token.kind is Kind.PARAMETER and place and tokens[place - 1].word("limit", "offset")
        else token
        for place, token in enumerate(tokens)
    )
