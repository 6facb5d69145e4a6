"""Turn rows of counts into what the domain says of the inside of columns."""

from __future__ import annotations

from collections.abc import Iterable

from pgtend.domain.contents import Contents, ContentsOfColumns, Inside, Sample, SampledParts
from pgtend.domain.index import TableName
from pgtend.postgres.connection import Row

_Column = tuple[TableName, str]


def contents_from(
    counted: Iterable[Row], element_statistics: Iterable[Row], time_gaps: Iterable[Row]
) -> ContentsOfColumns:
    """By table and column, from the rows of the queries of these names."""
    groups: dict[tuple[_Column, Inside, int, float, bool], list[SampledParts]] = {}
    for row in counted:
        key = (_column(row), Inside(row["what"]), int(row["values"]), row["value_width"], bool(row["complete"]))
        groups.setdefault(key, []).append(
            SampledParts(
                path=row["path"],
                width=row["width"],
                times=tuple(row["times"]),
                parts=tuple(row["parts"]),
                possible=row["possible"],
            )
        )
    samples: dict[_Column, list[Sample]] = {}
    for (column, inside, values, width, complete), parts in groups.items():
        sample = Sample(inside=inside, values=values, width=width, complete=complete, groups=tuple(parts))
        samples.setdefault(column, []).append(sample)
    elements = {_column(row): row for row in element_statistics}
    gaps = {_column(row): tuple(row["gaps"] or ()) for row in time_gaps}
    return {
        column: Contents(
            samples=tuple(samples.get(column, ())),
            gaps=gaps.get(column, ()),
            element_shares=tuple(elements[column]["shares"] or ()) if column in elements else (),
            elements_a_value=elements[column]["elements"] if column in elements else None,
            element_width=elements[column]["width"] if column in elements else None,
            rare_element_width=elements[column]["rare_width"] if column in elements else None,
        )
        for column in {**samples, **elements, **gaps}
    }


def _column(row: Row) -> _Column:
    return TableName(schema=row["schema_name"], table=row["table_name"]), row["column_name"]
