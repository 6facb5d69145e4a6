"""What is said beside that which planning chose: indexes that no what-if plan can try, and what they cannot be made on."""

from __future__ import annotations

from dataclasses import replace

from pgtend.core.inverted import add_inverted
from pgtend.core.parts import advise_on_parts
from pgtend.domain.advice import Advice, Constraints
from pgtend.domain.catalog import Catalog
from pgtend.domain.workload import Workload


def add_unplanned(advice: Advice, workload: Workload, catalog: Catalog, constraints: Constraints) -> Advice:
    """The advice with GIN indexes that the statistics speak for, and with notes on tables of many partitions."""
    notes = advise_on_parts(workload.queries, catalog)
    return replace(
        add_inverted(advice, workload, catalog, constraints),
        notes=(*advice.notes, *notes),
    )
