"""What is said beside that which planning chose: indexes that no what-if plan can try, and what stands in the way of making some."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgtend.core.canonical import index_name, proposal_hash
from pgtend.core.inverted import add_inverted
from pgtend.core.parts import advise_on_parts
from pgtend.domain.advice import Advice, Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.recommendation import Action
from pgtend.domain.workload import Workload


def add_unplanned(advice: Advice, workload: Workload, catalog: Catalog, constraints: Constraints) -> Advice:
    """The advice with GIN indexes that the statistics speak for, and with notes on names that are taken and tables of many partitions."""
    whole = add_inverted(advice, workload, catalog, constraints)
    notes = (*_names_taken(whole, catalog), *advise_on_parts(workload.queries, catalog))
    return replace(whole, notes=(*whole.notes, *notes))


def _names_taken(advice: Advice, catalog: Catalog) -> Iterator[str]:
    """An index is named after what it is, so that the remains of a build that failed have the name that it is to get again."""
    there = {(each.table.schema, each.name): each for each in catalog.indexes}
    for change in advice.changes:
        if change.action is Action.CREATE:
            name = index_name(change.index, proposal_hash(Action.CREATE, change.index))
            taken = there.get((change.index.schema, name))
            if taken is not None:
                what = "is there already" if taken.valid else "is there and invalid, as a build that failed leaves it"
                yield f"{change.index.schema}.{name} {what}: an index of that name cannot be built before it is dropped or renamed."
