"""What makes a proposal moot by itself, before any advice is asked: there is nothing left to change."""

from __future__ import annotations

from pgtend.domain.catalog import Catalog, Table
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action, Proposal


def why_outdated(proposal: Proposal, catalog: Catalog) -> str:
    """What the catalog has no more of what the proposal is about, as a sentence; empty when all of it is there."""
    index = proposal.index
    table = catalog.tables.get(index.table_name)
    if table is None:
        return _gone(f"The table {index.table_name} is not there any more.")
    if missing := missing_columns(index, table):
        return _gone(f"The table {table.name} has no column {', '.join(missing)} any more.")
    if proposal.action is not Action.CREATE and all(each.name != index.name for each in catalog.indexes_of(table.name)):
        return _gone(f"The index {index.schema}.{index.name} is not there any more.")
    return ""


def missing_columns(index: Index, table: Table) -> tuple[str, ...]:
    """Columns that a definition names and the table does not have, in the order of the alphabet."""
    named = {name for key in index.columns for name in key.names}
    named |= {*index.include, *(comparison.column for comparison in index.predicate)}
    return tuple(sorted(named - table.columns.keys()))


def _gone(what: str) -> str:
    return f"{what} Delete this recommendation if that stays so; it stands again when the workload calls for it anew."
