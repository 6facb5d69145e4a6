"""Indexes that are there twice, and what can stand in for an index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pgtend.core.candidates import starts_with
from pgtend.domain.advice import AdvisedChange, Constraints
from pgtend.domain.catalog import Catalog, ExistingIndex
from pgtend.domain.index import AccessMethod, Index
from pgtend.domain.recommendation import Action, Evidence


def drop_duplicates(
    catalog: Catalog, constraints: Constraints, upkeep: Callable[[Index], float]
) -> tuple[AdvisedChange, ...]:
    """One Drop for each index that another valid one equals in everything but the name, and that nothing else depends on.

    An index that is unique, or backs a constraint, a replica identity, a partitioned index or CLUSTER, is never dropped, nor one that
    could not be made again as it was; of several others the one with the most scans stays. ``upkeep`` says what keeping one up to date
    costs, an hour.
    """
    return tuple(
        drop_of(surplus, f"{surplus.name} has the same definition as {kept.name}, which stays.", upkeep(alike))
        for alike, kept, surplus in sorted(
            _pairs(catalog, constraints), key=lambda pair: (str(pair[2].table), pair[2].name)
        )
    )


def goes_with(duplicate: AdvisedChange, drops: Sequence[AdvisedChange]) -> AdvisedChange:
    """The drop of a duplicate, told so that it holds where its twin goes, too: both go for the same one, and after it."""
    twin = next((each for each in drops if _unnamed(each.index) == _unnamed(duplicate.index)), None)
    if twin is None:
        return duplicate
    evidence, name = duplicate.evidence, duplicate.index.name
    why = f"{name} has the same definition as {twin.index.name}, which goes as well, for one that holds both."
    return replace(duplicate, evidence=replace(evidence, reason=_with_gain(why, evidence.size_bytes)), after=twin.after)


def _pairs(catalog: Catalog, constraints: Constraints) -> Iterator[tuple[Index, ExistingIndex, ExistingIndex]]:
    def may_go(index: ExistingIndex) -> bool:
        return is_droppable(index) and f"{index.table.schema}.{index.name}" not in constraints.kept

    alike: dict[Index, list[ExistingIndex]] = defaultdict(list)
    for index in catalog.indexes:
        if index.index is not None and index.valid and index.ready:
            alike[definition_of(index)].append(index)
    for definition, group in alike.items():
        ranked = sorted(group, key=lambda index: (may_go(index), -index.scans, index.oid))
        for surplus in ranked[1:]:
            if may_go(surplus) and f"{ranked[0].table.schema}.{ranked[0].name}" not in constraints.unsettled:
                yield definition, ranked[0], surplus


def is_droppable(index: ExistingIndex) -> bool:
    """Whether nothing but plans depends on an index, and a rollback would bring it back as it was."""
    kept_for = (
        index.unique,
        index.primary,
        index.constraint,
        index.replica_identity,
        index.partition_attached,
        index.clustered,
        index.adorned,
    )
    return not any(kept_for)


def definition_of(index: ExistingIndex) -> Index:
    """What an index is, whatever it is called and whether or not it keeps rows apart."""
    if index.index is None:
        raise ValueError("only an index with a typed definition is compared")
    return _unnamed(index.index)


def _unnamed(index: Index) -> Index:
    return replace(index, name=None, unique=False)


def is_plain(index: ExistingIndex) -> bool:
    """Whether it is a B-tree on columns, of all rows: no condition and no statistics of an expression hang on it."""
    typed = index.index
    return (
        typed is not None
        and typed.method is AccessMethod.BTREE
        and not typed.predicate
        and all(key.column for key in typed.columns)
    )


def can_stand_in(other: ExistingIndex, index: ExistingIndex) -> bool:
    """Whether another index that is there does for whatever this one can be searched for: it is the same, or begins with it."""
    if other.oid == index.oid or not (other.valid and other.ready) or other.index is None or index.index is None:
        return False
    is_same = definition_of(other) == definition_of(index)
    return is_same or (is_plain(index) and starts_with(other.index, definition_of(index)))


def drop_of(index: ExistingIndex, reason: str, upkeep: float) -> AdvisedChange:
    """The Drop of an existing index, with what it frees; ``upkeep`` is what keeping it up to date costs, an hour."""
    if index.index is None:
        raise ValueError("only an index with a typed definition is dropped")
    evidence = Evidence(
        validated=True,
        cost_before=0.0,
        cost_after=0.0,
        saved_seconds_per_hour=0.0,
        size_bytes=index.size_bytes,
        write_cost=-round(upkeep, 2) or 0.0,
        queries=(),
        reason=_with_gain(reason, index.size_bytes),
    )
    return AdvisedChange(action=Action.DROP, index=replace(index.index, name=index.name), evidence=evidence)


def _with_gain(reason: str, bytes_: int) -> str:
    return f"{reason} Dropping it frees {bytes_ / 1e6:.1f} MB and saves its upkeep."
