"""Lists of B-tree keys that could serve a use of a table, in an order that depends on the query and the statistics alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations

from pgtend.core.sql.ordering import SortKey
from pgtend.core.sql.usage import Key, TableUse
from pgtend.core.stored_width import never_too_wide
from pgtend.domain.catalog import Table
from pgtend.domain.index import ComparisonOperator, FunctionCall, IndexColumn, OperatorCall

WIDEST_KEY = 512
"""Bytes: a B-tree entry may have no more than a third of a page, so a column that is wider on average will fail on some row."""
_MOST_PERMUTED = 6
"""Columns of one table of which all ordered pairs are tried."""
_MOST_READ = 10
"""Columns of one table that a query reads of which each may be a second key."""
"""Collations that sort by bytes, so that a plain key serves LIKE 'x%'."""
_PATTERN_CLASSES = {
    "text": "text_pattern_ops",
    "character varying": "varchar_pattern_ops",
    "character": "bpchar_pattern_ops",
}

Keys = tuple[IndexColumn, ...]


def key_lists(use: TableUse, table: Table, width: int) -> Iterator[Keys]:
    """Keys worth a try: what is compared by equality first, the most selective in front, then one range, or the order."""
    equal = by_selectivity(use, table)
    searched = list(dict.fromkeys([*equal, *use.joined, *use.ranged, *use.loose, *use.extreme]))
    for key in [*searched, *use.grouped[:1]]:
        yield plain((key,))
    heads = [tuple(equal[:length]) for length in range(min(len(equal), width) + 1)]
    for head in heads:
        yield plain(head)
        for key in (*use.ranged, *use.extreme, *use.joined):
            yield plain((*head, key))
        for key in use.joined:
            yield plain((key, *head))
            for other in use.ranged:
                yield plain((key, *head, other))
        for row in use.rows:
            yield plain((*head, *(key for key in row if key not in head)))[:width]
        for key in use.prefixed:
            yield (*plain(head), _pattern_key(table, key))
        for order in use.orders:
            # The begin of an order is worth something too: the rest is sorted within it.
            yield (*plain(head), *sort_keys(tuple(key for key in order if key.column not in head)))[:width]
        if use.grouped:
            yield plain((*head, *(key for key in use.grouped if key not in head)))
    if 1 < len(use.joined) <= width:
        yield plain(tuple(use.joined))
    if width >= 2:
        named = [*searched, *use.grouped, *(key.column for order in use.orders for key in order)]
        columns = list(dict.fromkeys(key for key in named if isinstance(key, str)))
        if len(columns) <= _MOST_PERMUTED:
            for pair in permutations(columns, 2):
                yield plain(pair)
        if not use.whole and len(use.read) <= _MOST_READ:  # a second key may spare the way to the table
            for first in columns:
                for second in sorted(name for name in use.read if name in table.columns and name != first):
                    if never_too_wide((table.columns[second],)):
                        yield plain((first, second))


def main_lists(use: TableUse, table: Table, width: int, without: Iterable[Key] = ()) -> tuple[Keys, ...]:
    """The one list for what is compared with constants, and the one for what is joined: those that variants are made of.

    ``without``: keys that a predicate has taken over.
    """
    left_out = set(without)
    equal = [key for key in by_selectivity(use, table) if key not in left_out]
    after = [key for key in (*use.ranged, *use.extreme) if key not in left_out and key not in equal]
    lists: list[Keys] = []
    if use.orders and not after:
        order = tuple(key for key in use.orders[0] if key.column not in equal)
        lists.append((*plain(equal), *sort_keys(order))[:width])
    elif equal or after:
        lists.append(plain((*equal[: width - 1], *after[:1]) if after else equal[:width]))
    for key in use.joined[:1]:
        lists.append(plain((key, *(each for each in equal if each != key))[:width]))
    return tuple(dict.fromkeys(keys for keys in lists if keys))


def by_selectivity(use: TableUse, table: Table) -> list[Key]:
    """What is compared by equality, that which leaves the fewest rows first."""
    nulls = {each.column for each in use.conditions if each.operator is ComparisonOperator.IS_NULL}

    def parts(key: Key) -> float:
        """Into how many parts of the size that is looked for the key parts the rows."""
        if key not in nulls or key not in table.columns:
            return _distinct(table, key)
        return 1 / max(table.columns[key].null_fraction or 1.0, 1e-9)

    return sorted(use.equal, key=lambda key: (-parts(key), _text(key)))


def fits(keys: Keys, table: Table) -> bool:
    """Whether a B-tree of these keys can be made at all, and is narrower than the table."""
    names = [name for key in keys for name in key.names]
    columns = [table.columns.get(name) for name in names]
    if not keys or len(set(map(_what, keys))) < len(keys) or len({*names}) == len(table.columns) > 1:
        return False
    return all(
        column is not None and (column.average_width or 0) <= WIDEST_KEY and not column.only_long for column in columns
    ) and all(_is_sortable(key, table) for key in keys)


def plain(keys: Iterable[Key]) -> Keys:
    """Keys in ascending order."""
    return tuple(_key(key) for key in keys)


def sort_keys(order: tuple[SortKey, ...]) -> Keys:
    """Keys that give this order; plain ones where a scan from either end does."""
    if all(key.nulls is None for key in order) and len({key.order for key in order}) <= 1:
        return plain(key.column for key in order)
    return tuple(_key(key.column, key) for key in order)


def _key(key: Key, sort: SortKey | None = None) -> IndexColumn:
    sort = sort or SortKey(column=key)
    if isinstance(key, str):
        return IndexColumn(column=key, order=sort.order, nulls=sort.nulls)
    return IndexColumn(expression=key, order=sort.order, nulls=sort.nulls)


def _pattern_key(table: Table, key: Key) -> IndexColumn:
    """A key that serves LIKE 'x%': a plain one where texts sort by bytes, one of the pattern class elsewhere."""
    if not isinstance(key, str):
        by_bytes = all(table.columns[name].sorts_by_bytes for name in IndexColumn(expression=key).names)
        return IndexColumn(expression=key, opclass=None if by_bytes else "text_pattern_ops")
    column = table.columns[key]
    if column.sorts_by_bytes:
        return IndexColumn(column=key)
    return IndexColumn(column=key, opclass=_PATTERN_CLASSES.get(column.type.partition("(")[0]))


def _is_sortable(key: IndexColumn, table: Table) -> bool:
    """Whether a B-tree can hold what the key is: of documents, words and types without an order it cannot."""
    expression = key.expression
    if expression is None:
        column = table.columns[key.column or ""]
        return column.btree_opclass and not column.virtual
    if any(table.columns[name].virtual for name in key.names):
        return False
    if isinstance(expression, OperatorCall):
        return expression.operator == "->>"
    return not (isinstance(expression, FunctionCall) and expression.function == "to_tsvector")


def _what(key: IndexColumn) -> Key:
    return key.expression or key.column or ""


def _text(key: Key) -> str:
    return key if isinstance(key, str) else repr(key)


def _distinct(table: Table, key: Key) -> float:
    """Estimated number of distinct values; of an expression nothing is known, and it is seldom searched by for nothing."""
    if not isinstance(key, str):
        return max(table.rows, 0.0)
    n_distinct = table.columns[key].n_distinct if key in table.columns else None
    if n_distinct is None:
        return 0.0
    return n_distinct if n_distinct >= 0 else -n_distinct * max(table.rows, 0.0)
