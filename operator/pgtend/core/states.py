"""Which columns hold states of things: those of few values, which a predicate may name."""

from __future__ import annotations

from pgtend.domain.catalog import Column

FEW_STATES = 20.0
"""Distinct values of a column whose constants may become a predicate: so few name states of a thing and not persons."""


def has_few_values(column: Column | None) -> bool:
    """Whether the column is known to have from 2 to FEW_STATES distinct values."""
    return column is not None and column.n_distinct is not None and 2 <= column.n_distinct <= FEW_STATES
