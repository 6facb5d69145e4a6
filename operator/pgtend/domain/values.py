"""Values of columns, as pg_stats lists them: kept in memory while advice is sought, and shown nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgtend.domain.index import TableName


@dataclass(frozen=True, kw_only=True)
class ColumnValues:
    """What is known of a column's values, as text."""

    common: tuple[str, ...] = field(default=(), repr=False)
    """The most common ones, the most common first."""
    frequencies: tuple[float, ...] = ()
    """Share of the rows that has each of these."""
    bounds: tuple[str, ...] = field(default=(), repr=False)
    """Bounds of the histogram of all others, in order: as many rows between any two."""


ValuesOfColumns = Mapping[tuple[TableName, str], ColumnValues]
