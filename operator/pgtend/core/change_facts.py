"""The facts on which the rules decide about one recommendation, gathered from the scene."""

from __future__ import annotations

from dataclasses import dataclass

from pgtend.core.index_lookup import find_index, same_definition
from pgtend.core.made_changes import has_verdict, storage_added
from pgtend.core.outdated import missing_columns
from pgtend.core.redundancy import can_stand_in, is_droppable
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.decision import ChangeFacts
from pgtend.domain.index import Index
from pgtend.domain.recommendation import Action, Bounds, Proposal, Recommendation
from pgtend.domain.scene import Scene
from pgtend.domain.verification import Verdict

_UNBUILDABLE = {
    RelationKind.PARTITIONED_TABLE: "is partitioned: Postgres builds no index concurrently on a partitioned table",
    RelationKind.FOREIGN_TABLE: "is a foreign table: it can have no index here",
    RelationKind.VIEW: "is a view: it can have no index",
}


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What only this process can say about a change: its baseline, and what a build would wait for."""

    baseline_problem: str | None = None
    blockers: tuple[str, ...] = ()


def change_facts(recommendation: Recommendation, scene: Scene, current: Bounds, readiness: Readiness) -> ChangeFacts:
    """Gather what the rules look at. ``current`` is what the change would take now, to be held against what was approved."""
    proposal = recommendation.status.proposal
    if proposal is None:
        raise ValueError("only an issued recommendation has facts")
    table = proposal.index.table_name
    return ChangeFacts(
        now=scene.now,
        policy=scene.policy,
        recommendation=recommendation,
        database_matches=is_same_database(proposal, scene),
        policy_problem=scene.policy_problem,
        tuner_problem=scene.tuner_problem,
        table_exists=table in scene.catalog.tables,
        table_problem=_table_problem(proposal, scene.catalog),
        equivalent_exists=_equivalent(proposal, scene.catalog),
        indexes_on_table=len(scene.catalog.indexes_of(table)),
        storage_added=storage_added(scene),
        current_size_bytes=current.size_bytes,
        current_write_cost=current.write_cost,
        running_builds=sum(other.status.intent is not None for other in scene.recommendations),
        changes_in_last_day=scene.changes_in_last_day,
        unverified_on_table=_unverified_on(table_of=proposal.index, but=recommendation.name, scene=scene),
        baseline_problem=readiness.baseline_problem,
        blockers=readiness.blockers,
    )


def is_same_database(proposal: Proposal, scene: Scene) -> bool:
    """Whether the connected database is the one that the proposal was issued for: system identifier and OID agree."""
    issued_for, here = proposal.database, scene.identity
    return (issued_for.system_identifier, issued_for.oid) == (here.system_identifier, here.oid)


def _table_problem(proposal: Proposal, catalog: Catalog) -> str | None:
    table = catalog.tables.get(proposal.index.table_name)
    if table is None:
        return None
    if table.kind in _UNBUILDABLE:
        return f"{table.name} {_UNBUILDABLE[table.kind]}."
    if missing := missing_columns(proposal.index, table):
        return f"{table.name} has no column {', '.join(missing)} any more."
    if proposal.action is Action.DROP:
        return _drop_problem(proposal, catalog)
    return None


def _drop_problem(proposal: Proposal, catalog: Catalog) -> str | None:
    found = find_index(catalog, proposal.index.schema, proposal.index.name or "")
    if found is None:
        return "The index to drop is not there any more."
    if found.index != proposal.index:
        return "The index of that name is not the one that was proposed to be dropped."
    if found.adorned:
        return (
            "The index now has storage parameters, a tablespace, statistics targets or a comment of its own, or belongs to an extension: "
            "made again after a rollback it would lack that, so it is not dropped."
        )
    if not is_droppable(found):
        return (
            "The index now backs a constraint, a replica identity, a partitioned index or CLUSTER: it is never dropped."
        )
    if not any(can_stand_in(other, found) for other in catalog.indexes_of(found.table)):
        return "No other index has all that this one has any more, so it is not redundant."
    return None


def _equivalent(proposal: Proposal, catalog: Catalog) -> str | None:
    if proposal.action is not Action.CREATE:
        return None
    for existing in catalog.indexes_of(proposal.index.table_name):
        if existing.valid and existing.index and same_definition(existing.index, proposal.index):
            return existing.name
    return None


def _unverified_on(*, table_of: Index, but: str, scene: Scene) -> str | None:
    for other in scene.recommendations:
        if other.name == but or other.status.proposal is None:
            continue
        if other.status.proposal.index.table_name != table_of.table_name:
            continue
        if other.status.intent is not None or has_verdict(other, Verdict.MEASURING, Verdict.REGRESSED):
            return other.name
    return None
