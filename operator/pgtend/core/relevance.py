"""Which of all candidates matter to which query, and what stands in for those that were thought of for other queries.

To a query a candidate of another one is at best what its own candidates are that the other begins with: the same keys, in a
narrower index. So the planner need not be asked about every mixture: where it had the narrower one and did not take it, it
would not have taken the wider one.

But for one thing: a scan of an index that holds all that the query reads of a table may spare the table, whatever its keys are.
Those count for the set that the search ends with alone: where all of them count from the start it comes to worse sets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from pgtend.core.known_costs import IndexSet
from pgtend.domain.index import AccessMethod, Index, TableName

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


def scanned(
    indexes: IndexSet, own: IndexSet, stand_in: StandIns, reads: Iterable[tuple[TableName, frozenset[str]]]
) -> IndexSet:
    """Those of these indexes that a query may scan instead of a table though they were thought of for others.

    ``own`` are its candidates, ``reads`` the columns that each of its uses of a table needs, without those of whole rows.
    """
    found = set()
    for table, read in reads:
        for index in indexes - own:
            narrower = stand_in.get(index)
            if index.table_name == table and _holds(index, read) and not (narrower and _holds(narrower, read)):
                found.add(index)
    return frozenset(found)


def _holds(index: Index, columns: frozenset[str]) -> bool:
    """Whether an index-only scan tells these columns of every row."""
    is_whole = index.method is AccessMethod.BTREE and not index.predicate
    return is_whole and columns <= {key.column for key in index.columns} | set(index.include)


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
