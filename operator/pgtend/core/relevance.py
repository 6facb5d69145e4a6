"""Which of all candidates matter to which query, and what stands in for those that were thought of for other queries.

To a query a candidate of another one is at best what its own candidates are that the other begins with: the same keys, in a
narrower index. So the planner need not be asked about every mixture: where it had the narrower one and did not take it, it
would not have taken the wider one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pgtend.core.known_costs import IndexSet
from pgtend.domain.index import Index

StandIns = Mapping[Index, Index]
"""For each relevant candidate of other queries the query's own one that it begins with."""


def stand_ins(own: Mapping[str, IndexSet], tables: Mapping[str, Iterable[object]]) -> dict[str, StandIns]:
    """For each query its stand-ins; ``own`` are each query's candidates, ``tables`` the names of the tables that it reads."""
    beginnings = _beginnings(frozenset().union(*own.values()))
    by_table: dict[object, list[Index]] = defaultdict(list)
    for index in beginnings:
        by_table[index.table_name].append(index)
    found: dict[str, StandIns] = {}
    for query, indexes in own.items():
        whole = {beginnings[index][-1]: index for index in sorted(indexes, key=_stored, reverse=True)}
        stand_in: dict[Index, Index] = {}
        for table in tables[query]:
            for index in by_table[table]:
                if index not in indexes:
                    narrower = next((whole[each] for each in reversed(beginnings[index]) if each in whole), None)
                    if narrower is not None:
                        stand_in[index] = narrower
        found[query] = stand_in
    return found


def _stored(index: Index) -> tuple[int, str]:
    return len(index.include), repr(index)


def _beginnings(indexes: IndexSet) -> dict[Index, tuple[int, ...]]:
    """Each index with numbers for its first key, its first two keys and so on: equal beginnings have equal numbers."""
    numbers: dict[object, int] = {}
    return {
        index: tuple(
            numbers.setdefault(
                (
                    index.table_name,
                    index.method,
                    index.predicate,
                    tuple((key.column, key.expression, key.opclass, key.collation) for key in index.columns[:length]),
                ),
                len(numbers),
            )
            for length in range(1, len(index.columns) + 1)
        )
        for index in indexes
    }
