"""What a change is compared with: slices of the statements that it can touch, and of controls that nothing of ours touches.

A control that gains an index of its own would make everything else look slower, and a baseline that reaches back over an
earlier change of ours would take that change's effect for this one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from pgtend.core.made_changes import is_applied
from pgtend.core.referential_checks import tables_checked
from pgtend.core.verify import slice_length, take_baseline
from pgtend.domain.index import TableName
from pgtend.domain.recommendation import Action, ConditionType, Proposal, Recommendation
from pgtend.domain.scene import Scene
from pgtend.domain.verification import Measurement, Verdict
from pgtend.domain.workload import Query
from pgtend.pipeline.memory import Memory

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def baseline_of(recommendation: Recommendation, proposal: Proposal, scene: Scene, memory: Memory) -> Measurement | str:
    """The measurement before the change, or the sentence that says what is missing."""
    table, queries = proposal.index.table_name, memory.statements.queries
    changed_at = _last_changes(scene)
    since = changed_at.get(table, _LONG_AGO)
    slices = tuple(memory.slices.since(since))
    first = slices[0].start if slices else scene.now
    unsteady = set(_tables_in_motion(scene, but=recommendation.name))
    unsteady |= {name for name, at in changed_at.items() if at >= first}
    reached = {name: _reached(query, scene) for name, query in queries.items()}
    touching = [name for name in queries if table in reached[name]]
    evidence = recommendation.status.evidence
    helped = [query.fingerprint for query in evidence.queries] if evidence and evidence.queries else touching
    if proposal.action is Action.DROP:
        helped = []  # Nothing is to gain: all statements on the table are held against the controls.
    untouched = [name for name in queries if table not in reached[name] and not reached[name] & unsteady]
    policy = scene.policy
    seconds = slice_length(policy.verification, policy.collect_interval).total_seconds()
    return take_baseline(slices, helped, touching, untouched, seconds)


def without_unsteady_controls(
    measurement: Measurement, recommendation: Recommendation, scene: Scene, memory: Memory
) -> Measurement:
    """The measurement without the controls on tables that another change of ours has touched since it began."""
    since = measurement.since or scene.now
    unsteady = set(_tables_in_motion(scene, but=recommendation.name))
    unsteady |= {name for name, at in _last_changes(scene).items() if at > since}
    queries = memory.statements.queries
    steady = tuple(
        control
        for control in measurement.controls
        if control.fingerprint not in queries or not _reached(queries[control.fingerprint], scene) & unsteady
    )
    return measurement if steady == measurement.controls else replace(measurement, controls=steady)


def _reached(query: Query, scene: Scene) -> frozenset[TableName]:
    """The tables whose indexes it may be quick or slow by: a DELETE also by those that reference what it deletes."""
    return query.relations | tables_checked(query, scene.catalog)


def _tables_in_motion(scene: Scene, *, but: str) -> Iterator[TableName]:
    """Tables on which another recommendation is being made, measured or taken back."""
    for other in scene.recommendations:
        status = other.status
        if other.name == but or status.proposal is None:
            continue
        verified = status.condition(ConditionType.VERIFIED)
        measuring = is_applied(other) and verified is not None and verified.reason == Verdict.MEASURING
        if status.intent is not None or measuring:
            yield status.proposal.index.table_name


def _last_changes(scene: Scene) -> dict[TableName, datetime]:
    """When a change of ours was last made or taken back, by table."""
    last: dict[TableName, datetime] = {}
    for recommendation in scene.recommendations:
        status = recommendation.status
        if status.proposal is None:
            continue
        table = status.proposal.index.table_name
        applied = status.condition(ConditionType.APPLIED)
        ended = applied is not None and applied.reason in ("RolledBack", "RemovedByOthers")
        moments = [status.applied_at, applied.since if applied is not None and ended else None]
        for moment in moments:
            if moment is not None:
                last[table] = max(moment, last.get(table, moment))
    return last
