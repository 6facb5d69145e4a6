"""What Postgres charges for work on B-trees, by its default cost constants."""

from __future__ import annotations

from math import ceil, log

SEQ_PAGE_COST = 1.0
RANDOM_PAGE_COST = 4.0
CPU_INDEX_TUPLE_COST = 0.005
CPU_OPERATOR_COST = 0.0025
CPU_TUPLE_COST = 0.01
ENTRIES_A_PAGE = 200.0
"""Entries of a B-tree page, roughly: the height of the tree hangs on it, and the pages that a search is taken to read."""
_PAGE_MULTIPLIER = 50
"""Of cpu_operator_cost for a page passed: DEFAULT_PAGE_CPU_MULTIPLIER in selfuncs.c."""


def descent_cost(rows: float) -> float:
    """The way from the root to a leaf of an index on so many rows, the leaf included (``btcostestimate`` in selfuncs.c)."""
    leaves = rows / ENTRIES_A_PAGE
    height = ceil(log(leaves) / log(ENTRIES_A_PAGE)) if leaves > 1 else 0
    return _PAGE_MULTIPLIER * CPU_OPERATOR_COST * (height + 1)
