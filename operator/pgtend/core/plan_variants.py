"""Put constants into normalised texts again, so that what hangs on them is planned as it runs.

A generic plan takes every range for a third of the rows, a range with two ends for one in 200, and every value for as common as
the average one. So a statement is planned in up to three variants that share its weight: with constants seen in real calls,
where there are any; else with constants of pg_stats that find few, a middling number and many of the rows. Where the statement
returns the rows that it finds, the variant stands alone whose estimate is nearest to the rows that the server counted.

A statement with nothing of that kind in it stays one generic plan: that is one of the two plans that the server may choose.
https://www.postgresql.org/docs/current/sql-prepare.html
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum

from pgtend.core.sql.compared_values import Comparison, Relation, comparisons_in
from pgtend.core.sql.lexer import Kind, Token, Tokens, spell, tokenize
from pgtend.core.sql.parameters import count_parameters, renumber
from pgtend.core.states import has_few_values
from pgtend.domain.advice import CostAnswer, PlanCost
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName
from pgtend.domain.values import ColumnValues, ValuesOfColumns
from pgtend.domain.workload import Load, Query, WeightedQuery, Workload

MOST_VARIED = 100
"""Statements that are planned in variants, those that took most time; each costs two plans more."""
SKEW = 3.0
"""How many times as common as the last one listed the most common value must be for it to matter which one is asked for."""
LONGEST_VALUE = 200
"""Characters of a value of pg_stats that is put into a text."""
_CHANGES_ROWS = frozenset(
    {"Aggregate", "Group", "Limit", "Unique", "WindowAgg", "SetOp", "Append", "Result", "ProjectSet"}
)


class Share(Enum):
    """How much of a column's rows a variant's constants find: the rows before the quantile, and those between two ends."""

    FEW = (0.1, 0.02)
    MIDDLING = (0.5, 0.15)
    MANY = (0.9, 0.5)


def columns_compared(workload: Workload, catalog: Catalog) -> frozenset[tuple[TableName, str]]:
    """The columns whose values are of use for variants."""
    return frozenset(
        (each.table, each.column)
        for weighted in _varied(workload)
        for each in comparisons_in(tokenize(weighted.query.plannable), weighted.query, catalog)
    )


def vary(
    workload: Workload, catalog: Catalog, values: ValuesOfColumns, sampled: Mapping[str, Sequence[Query]]
) -> Workload:
    """The workload with variants of the heaviest statements; ``sampled`` are texts with real constants, by fingerprint."""
    varied = {each.id for each in _varied(workload)}
    queries: list[WeightedQuery] = []
    for each in workload.queries:
        seen = sampled.get(each.query.fingerprint, ())
        if seen and each.query.plannable:
            states = _states(each.query, catalog, values)
            queries += _shared_among(each, [replace(query, nameable=states) for query in seen])
        elif each.id in varied:
            filled = tuple(_fill(each.query, catalog, values))
            queries += _shared_among(each, filled) if filled else [each]
        else:
            queries.append(each)
    return replace(workload, queries=tuple(queries))


def _states(query: Query, catalog: Catalog, values: ValuesOfColumns) -> frozenset[tuple[TableName, str, str]]:
    """What a predicate may name of a sampled text: common values of columns that have few, which are states and no persons.

    Whatever else was sampled stays in memory: of a value that pg_stats does not list it is not known whether many rows have it.
    """
    return frozenset(
        (name, column, value)
        for (name, column), known in values.items()
        if name in query.relations and has_few_values(catalog.tables[name].columns.get(column))
        for value in known.common
    )


def to_be_compared(workload: Workload) -> tuple[WeightedQuery, ...]:
    """The variants made of pg_stats: their estimates are to be held against the rows that the server counted."""
    return tuple(each for each in workload.queries if each.of and each.query.assumed)


def keep_agreeing(workload: Workload, answers: Mapping[str, CostAnswer]) -> Workload:
    """Of the variants of each statement that returns what it finds, the one alone whose estimated rows are nearest to those counted."""
    nearest: dict[str, tuple[float, str]] = {}
    for each in workload.queries:
        distance = _distance(each, answers.get(each.id))
        if distance is not None and distance < nearest.get(each.statement, (math.inf, ""))[0]:
            nearest[each.statement] = (distance, each.id)
    whole = whole_statements(each for each in workload.queries if each.statement in nearest)
    return replace(
        workload,
        queries=tuple(
            replace(
                each,
                weight=whole[each.statement].weight,
                lent=whole[each.statement].lent,
                load=whole[each.statement].load,
            )
            if each.statement in nearest
            else each
            for each in workload.queries
            if each.statement not in nearest or nearest[each.statement][1] == each.id
        ),
    )


def whole_statements(queries: Iterable[WeightedQuery]) -> dict[str, WeightedQuery]:
    """The statements, each with its variants put together, by id."""
    whole: dict[str, WeightedQuery] = {}
    for each in queries:
        known = whole.get(each.statement)
        whole[each.statement] = replace(each, id=each.statement) if known is None else _together(known, each)
    return whole


def _varied(workload: Workload) -> Iterable[WeightedQuery]:
    """The statements to be varied, as observed: heaviest first already."""
    observed = (each for each in workload.queries if each.load is not None and each.query.parameters)
    return [each for _, each in zip(range(MOST_VARIED), observed, strict=False)]


def _shared_among(each: WeightedQuery, queries: Sequence[Query]) -> Iterator[WeightedQuery]:
    count = len(queries)
    for number, query in enumerate(queries):
        yield WeightedQuery(
            id=f"{each.id}#{number + 1}",
            query=replace(query, fingerprint=each.query.fingerprint, text=each.query.text),
            weight=each.weight / count,
            lent=each.lent / count,
            load=None if each.load is None else _part(each.load, number, count),
            of=each.id,
        )


def _part(load: Load, number: int, count: int) -> Load:
    """One of so many parts of a load, which add up to it."""

    def whole(total: int) -> int:
        return total // count + (number < total % count)

    return Load(
        calls=whole(load.calls),
        total_ms=load.total_ms / count,
        rows=whole(load.rows),
        blocks_hit=whole(load.blocks_hit),
        blocks_read=whole(load.blocks_read),
    )


def _together(one: WeightedQuery, other: WeightedQuery) -> WeightedQuery:
    load = one.load + other.load if one.load and other.load else one.load
    return replace(one, weight=one.weight + other.weight, lent=one.lent + other.lent, load=load)


def _fill(query: Query, catalog: Catalog, values: ValuesOfColumns) -> Iterator[Query]:
    """The variants of a text, none where no value of pg_stats fits into it."""
    tokens = tokenize(query.plannable)
    comparisons = comparisons_in(tokens, query, catalog)
    texts: set[str] = set()
    for share in Share:
        constants = dict(constants_for(comparisons, share, values))
        if not constants:
            continue
        filled = renumber(put_in(tokens, constants))
        text = spell(filled)
        if text not in texts:
            texts.add(text)
            yield replace(query, plannable=text, parameters=count_parameters(filled), assumed=True)


def put_in(tokens: Tokens, constants: Mapping[int, tuple[int, str]]) -> Tokens:
    """The text with these values in their places, as ``constants_for`` gives them."""
    filled: list[Token] = []
    place = 0
    while place < len(tokens):
        if place in constants:
            place, value = constants[place]
            filled.append(Token(Kind.STRING, value))
        else:
            filled.append(tokens[place])
            place += 1
    return tuple(filled)


def constants_for(
    comparisons: Sequence[Comparison], share: Share, values: ValuesOfColumns, *, any_value: bool = False
) -> Iterator[tuple[int, tuple[int, str]]]:
    """The values by the place where they begin, with the place where what they stand for ends.

    ``any_value`` says that one is wanted also where it does not matter to the plan which one it is.
    """
    groups: dict[tuple[TableName, str, str], list[Comparison]] = {}
    for each in comparisons:
        groups.setdefault((each.table, each.column, each.alias), []).append(each)
    for (table, column, _), group in groups.items():
        known = values.get((table, column))
        if known is None:
            continue
        closed = {Relation.BELOW, Relation.ABOVE} <= {each.relation for each in group}
        equal = 0
        for each in group:
            if each.relation is Relation.EQUAL:
                value = _value_as_common(known, share, equal)
                if value is None and any_value:
                    value = _some_value(known, equal)
                equal += 1
            else:
                value = _quantile(known, _share_below(each.relation, share, closed=closed))
            if value is not None and len(value) <= LONGEST_VALUE:
                yield each.start, (each.end, value)


def _share_below(relation: Relation, share: Share, *, closed: bool) -> float:
    open_share, width = share.value
    if closed:
        return 0.5 + width / 2 if relation is Relation.BELOW else 0.5 - width / 2
    return open_share if relation is Relation.BELOW else 1 - open_share


def _value_as_common(known: ColumnValues, share: Share, number: int) -> str | None:
    """The value to ask for, or None where it does not matter: a parameter is estimated as the average value."""
    if share is Share.MIDDLING or not known.common or not _is_skewed(known):
        return None
    if share is Share.MANY:
        return known.common[number] if number < len(known.common) else None
    if known.bounds:
        return known.bounds[(len(known.bounds) // 2 + number) % len(known.bounds)]
    return known.common[-1 - number] if number < len(known.common) else None


def _some_value(known: ColumnValues, number: int) -> str | None:
    """A value of the column, another one for each number."""
    listed = (*known.bounds[len(known.bounds) // 2 :], *known.common, *known.bounds[: len(known.bounds) // 2])
    return listed[number] if number < len(listed) else None


def _is_skewed(known: ColumnValues) -> bool:
    return known.frequencies[0] >= SKEW * known.frequencies[-1]


def _quantile(known: ColumnValues, share: float) -> str | None:
    if known.bounds:
        return known.bounds[round(share * (len(known.bounds) - 1))]
    reached = 0.0
    ordered = sorted(zip(known.common, known.frequencies, strict=True), key=lambda each: _order(each[0]))
    for value, frequency in ordered:
        reached += frequency
        if reached >= share * sum(known.frequencies):
            return value
    return None


def _order(value: str) -> tuple[float, str]:
    """Numbers by size, all else (dates, text) by its text."""
    try:
        return float(value), ""
    except ValueError:
        return math.inf, value


def _distance(each: WeightedQuery, answer: CostAnswer | None) -> float | None:
    """How far the estimated rows are from those counted, None where a statement does not return what it finds."""
    if not isinstance(answer, PlanCost) or not answer.shape or each.load is None or not each.load.calls:
        return None
    top = [node.kind for node in answer.shape if node.depth <= 1]
    if any(kind in _CHANGES_ROWS for kind in top):
        return None
    counted = each.load.rows / each.load.calls
    return abs(math.log((answer.shape[0].rows + 1) / (counted + 1)))
