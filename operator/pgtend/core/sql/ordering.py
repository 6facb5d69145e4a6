"""Orders that a query asks for: ORDER BY, and the partitions and orders of its windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from pgtend.domain.index import Expression, NullsOrder, SortOrder

Keys = Callable[[exp.Expr], list[tuple[int, str | Expression]]]
"""What a node is as the key of an index, with the number of the table."""


@dataclass(frozen=True, kw_only=True)
class SortKey:
    """One key of an order."""

    column: str | Expression
    order: SortOrder = SortOrder.ASC
    nulls: NullsOrder | None = None


def orders_of(node: exp.Select | exp.Window, keys: Keys) -> Iterator[tuple[int, tuple[SortKey, ...]]]:
    """The order that a SELECT or a window asks for, where all of it is of one table; with the number of that table."""
    order = node.args.get("order")
    ordered = order.expressions if isinstance(order, exp.Order) else []
    partitions = node.args.get("partition_by") or [] if isinstance(node, exp.Window) else []
    found: list[tuple[int, SortKey]] = []
    for each in partitions:
        for number, key in keys(each)[:1]:
            found.append((number, SortKey(column=key)))
    for each in ordered:
        wanted = projected(node, each.this) if isinstance(node, exp.Select) else each.this
        for number, key in keys(wanted)[:1]:
            found.append((number, _sort_key(key, each)))
    numbers = {number for number, _ in found}
    if len(numbers) == 1 and len(found) == len(partitions) + len(ordered):
        unique = {key.column: key for _, key in reversed(found)}  # a column that was sorted by already says nothing
        yield numbers.pop(), tuple(reversed(unique.values()))


def projected(select: exp.Select, node: exp.Expr) -> exp.Expr:
    """What ``ORDER BY 2`` or ``ORDER BY name of an output column`` means."""
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal():
        place = int(node.name) - 1
        if 0 <= place < len(select.expressions):
            output: exp.Expr = select.expressions[place]
            return output.unalias()
    if isinstance(node, exp.Column) and not node.table:
        for output in select.expressions:
            if isinstance(output, exp.Alias) and output.alias == node.name:
                inner: exp.Expr = output.this
                return inner
    return node


def _sort_key(column: str | Expression, ordered: exp.Expr) -> SortKey:
    descending = bool(ordered.args.get("desc"))
    nulls_first = bool(ordered.args.get("nulls_first"))
    return SortKey(
        column=column,
        order=SortOrder.DESC if descending else SortOrder.ASC,
        nulls=None if nulls_first == descending else (NullsOrder.FIRST if nulls_first else NullsOrder.LAST),
    )
