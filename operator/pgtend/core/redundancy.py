"""Indexes that are there twice: the same definition under two names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from pgtend.domain.advice import AdvisedChange
from pgtend.domain.catalog import Catalog, ExistingIndex
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action, Evidence


def drop_duplicates(catalog: Catalog) -> tuple[AdvisedChange, ...]:
    """One Drop for each index that another valid one equals in everything but the name, and that nothing else depends on.

    An index that is unique, or backs a constraint, a replica identity or a partitioned index, is never dropped; of several
    others the one with the most scans stays.
    """
    return tuple(
        _drop(surplus, kept)
        for kept, surplus in sorted(_pairs(catalog), key=lambda pair: (str(pair[1].table), pair[1].name))
    )


def _pairs(catalog: Catalog) -> Iterator[tuple[ExistingIndex, ExistingIndex]]:
    alike: dict[Index, list[ExistingIndex]] = defaultdict(list)
    for index in catalog.indexes:
        if index.index is not None and index.valid and index.ready:
            alike[replace(index.index, name=None, unique=False)].append(index)
    for group in alike.values():
        ranked = sorted(group, key=lambda index: (is_droppable(index), -index.scans, index.oid))
        for surplus in ranked[1:]:
            if is_droppable(surplus):
                yield ranked[0], surplus


def is_droppable(index: ExistingIndex) -> bool:
    """Whether nothing but plans depends on an index."""
    kept_for = (index.unique, index.primary, index.constraint, index.replica_identity, index.partition_attached)
    return not any(kept_for)


def _drop(surplus: ExistingIndex, kept: ExistingIndex) -> AdvisedChange:
    if surplus.index is None:
        raise ValueError("only an index with a typed definition is dropped")
    evidence = Evidence(
        validated=True,
        cost_before=0.0,
        cost_after=0.0,
        saved_seconds_per_hour=0.0,
        size_bytes=surplus.size_bytes,
        write_cost=0.0,
        queries=(),
        reason=f"{surplus.name} has the same definition as {kept.name}, which stays; dropping it frees "
        f"{surplus.size_bytes / 1e6:.1f} MB and saves its upkeep.",
    )
    return AdvisedChange(action=Action.DROP, index=replace(surplus.index, name=surplus.name), evidence=evidence)
