"""A field of a document, ``data ->> 'kind'``, as a column with statistics: from the documents that ANALYZE has listed."""

from __future__ import annotations

from pgtend.core.sizing.contents import OFTEN, different_parts
from pgtend.core.sizing.rows import counted_rows
from pgtend.domain.catalog import Column, Table
from pgtend.domain.contents import Inside
from pgtend.domain.index import Argument, ColumnArgument, Constant, OperatorCall

_UNKNOWN_WIDTH = 32
"""Bytes of a field of which nothing is known."""
_NOT_SEEN = 3
"""Documents that may have a field which none of the sample has, of as many as the sample holds: with 95 % certainty no more."""
_ALL_DIFFERENT = 0.5
"""Share of the rows from which on as many values count as no two alike."""


def field_column(call: OperatorCall, table: Table) -> Column | None:
    """The values of a field; None where it is none of a column."""
    found = _path(call)
    source = None if found is None else table.columns.get(found[0])
    if found is None or source is None:
        return None
    name, path = found
    sample = None if source.contents is None else source.contents.sample(Inside.DOCUMENT)
    if sample is None or not sample.values or source.type != "jsonb":
        return _column(f"{name}{path}", source, distinct=-1.0, width=_UNKNOWN_WIDTH)
    group = next((each for each in sample.groups if each.path == path), None)
    if group is None:
        if any(each.path.startswith(f"{path}/") for each in sample.groups):
            return _column(f"{name}{path}", source, distinct=-1.0, width=source.average_width or _UNKNOWN_WIDTH)
        there = _NOT_SEEN / (sample.values + _NOT_SEEN)
        return _column(f"{name}{path}", source, distinct=-there, width=_UNKNOWN_WIDTH, there=there)
    shares = [(times / sample.values, parts) for times, parts in zip(group.times, group.parts, strict=True)]
    there = min(sum(share * parts for share, parts in shares), 1.0)
    rows = counted_rows(table) * (1 - (source.null_fraction or 0.0))
    distinct = different_parts(group, sample, rows)
    common = [share for share, parts in reversed(shares) for _ in range(parts) if share * sample.values >= OFTEN]
    whole = max(counted_rows(table), 1.0)
    many = distinct >= _ALL_DIFFERENT * there * rows
    return _column(
        f"{name}{path}",
        source,
        distinct=-there * rows / whole if many else distinct,
        width=1 + round(group.width),
        there=there,
        common=tuple(common),
        # Where the mean is a whole number all are as wide, like digests and dates: to the size as if padded.
        type_=f"character({round(group.width)})" if group.width.is_integer() else "text",
    )


def _column(
    name: str,
    source: Column,
    *,
    distinct: float,
    width: int,
    there: float = 1.0,
    common: tuple[float, ...] = (),
    type_: str = "text",
) -> Column:
    kept = 1 - (source.null_fraction or 0.0)
    return Column(
        name=name,
        type=type_,
        deduplicates=True,
        n_distinct=distinct,
        null_fraction=1 - kept * there,
        average_width=width,
        common_frequencies=tuple(share * kept for share in common),
    )


def _path(argument: Argument) -> tuple[str, str] | None:
    """The column and the path of a field within it."""
    if isinstance(argument, ColumnArgument):
        return argument.column, ""
    if not isinstance(argument, OperatorCall) or len(argument.arguments) != 2:
        return None
    document, key = argument.arguments
    found = _path(document)
    if found is None or not isinstance(key, Constant):
        return None
    return found[0], f"{found[1]}/{key.value}"
