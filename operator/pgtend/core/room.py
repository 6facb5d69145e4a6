"""How many bytes and places there are for new indexes, with what the advice itself drops."""

from __future__ import annotations

from collections.abc import Iterable

from pgtend.domain.advice import AdvisedChange, Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import TableName
from pgtend.domain.recommendation import Action


class Room:
    """What the limits leave beside these changes: creates take room, and drops give it back where they are sure to be made."""

    def __init__(self, catalog: Catalog, constraints: Constraints, changes: Iterable[AdvisedChange] = ()) -> None:
        self._catalog = catalog
        self._constraints = constraints
        drops_count = not constraints.single_steps
        self._changes = [change for change in changes if drops_count or change.action is Action.CREATE]

    @property
    def bytes_left(self) -> int | None:
        """Bytes that may be added; below 0 where the changes take more than there is, None where there is no limit."""
        budget = self._constraints.storage_budget
        if budget is None:
            return None
        return budget - sum(_sign(change) * change.evidence.size_bytes for change in self._changes)

    def free_slots(self, table: TableName) -> int:
        """Indexes that the table may still get; below 0 where it has more than it may."""
        there = len(self._catalog.indexes_of(table))
        added = sum(_sign(change) for change in self._changes if change.index.table_name == table)
        return self._constraints.max_indexes_per_table - there - added


def _sign(change: AdvisedChange) -> int:
    return {Action.CREATE: 1, Action.DROP: -1}.get(change.action, 0)
