"""A change that has been made: is it still there, what does the measurement say, is it to be taken back?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pgtend.core import transitions
from pgtend.core.change_facts import Readiness, change_facts
from pgtend.core.decide import decide_rollback
from pgtend.core.index_lookup import find_index, find_like
from pgtend.core.statement import shorten
from pgtend.core.verify import add_slice, judge, restart_measuring
from pgtend.domain.decision import Answer
from pgtend.domain.recommendation import Action, ConditionType, Intent, IntentKind, Recommendation
from pgtend.domain.scene import Scene
from pgtend.domain.verification import Judgement, Measurement, Verdict
from pgtend.pipeline.applying import start_ddl
from pgtend.pipeline.comparing import without_unsteady_controls
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports

EFFECT_TEXT = 100
"""Characters of a statement's text beside its effect: there may be fifty of them in one status."""


async def watch_applied(recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports) -> Recommendation:
    """Measure a made change, and begin to take it back when it hurts."""
    status, now, generation = recommendation.status, scene.now, recommendation.generation
    if _is_undone_by_others(recommendation, scene):
        message = _describe_undoing(recommendation, scene)
        return await save(recommendation, transitions.removed_by_others(status, message, now, generation), ports)
    verified = status.condition(ConditionType.VERIFIED)
    if status.proposal and status.measurement and verified and verified.reason == Verdict.MEASURING:
        measurement = _take_in_slices(recommendation, status.measurement, scene, memory)
        if measurement != status.measurement or _is_over(measurement, scene):
            judgement = judge(measurement, scene.policy.verification, now, status.proposal.action)
            judgement = with_texts(judgement, recommendation, memory)
            changed = transitions.judge_change(status, measurement, judgement, now, generation)
            recommendation = await save(recommendation, changed, ports)
            if measurement.restarts > status.measurement.restarts:
                message = f"The measuring begins again: {measurement.restart_reason}."
                await ports.recommendations.announce(recommendation, "MeasuringAgain", message, warning=True)
        verified = recommendation.status.condition(ConditionType.VERIFIED)
    if verified and verified.reason == Verdict.REGRESSED:
        return await _consider_rollback(recommendation, scene, memory, ports)
    return recommendation


def _is_undone_by_others(recommendation: Recommendation, scene: Scene) -> bool:
    proposal = recommendation.status.proposal
    if proposal is None:
        return False
    there = find_index(scene.catalog, proposal.index.schema, recommendation.status.index_name) is not None
    return there != (proposal.action is Action.CREATE)


def _describe_undoing(recommendation: Recommendation, scene: Scene) -> str:
    proposal, name = recommendation.status.proposal, recommendation.status.index_name
    if proposal is not None and proposal.action is Action.CREATE:
        other = find_like(scene.catalog, proposal.index, name)
        if other is not None:
            return (
                f"No index of the table is named {name} any more, but {other.table.schema}.{other.name} has the definition of "
                "what was built: somebody else renamed, moved or replaced it. pgtend neither measures it nor takes it back any more."
            )
    return "Somebody else undid this change; it is not made again under this approval."


def _changed_table(recommendation: Recommendation, scene: Scene, memory: Memory) -> str:
    """Whether somebody else changed the table's indexes, or made it anew, since the last pass."""
    proposal = recommendation.status.proposal
    if proposal is None:
        return ""
    name = proposal.index.table_name
    table = scene.catalog.tables.get(name)
    shape = frozenset(index.oid for index in scene.catalog.indexes_of(name)) | {table.oid if table else 0}
    before = memory.shapes.get(recommendation.name, shape)
    memory.shapes[recommendation.name] = shape
    return "" if shape == before else f"somebody changed the table {name} or its indexes"


def _take_in_slices(
    recommendation: Recommendation, measurement: Measurement, scene: Scene, memory: Memory
) -> Measurement:
    disturbance = scene.disturbance or _changed_table(recommendation, scene, memory)
    if disturbance:
        return restart_measuring(measurement, scene.now, disturbance)
    measurement = without_unsteady_controls(measurement, recommendation, scene, memory)
    if measurement.since is None:
        return measurement
    # Ends and beginnings are rounded, so what was taken in last may be offered again; add_slice knows it.
    last = timedelta(seconds=measurement.slice_seconds)
    begin = measurement.since if measurement.until is None else max(measurement.since, measurement.until - last)
    names = {each.fingerprint for each in measurement.treated} | {each.fingerprint for each in measurement.controls}
    for piece in memory.slices.since(begin, names):
        measurement = add_slice(measurement, piece)
    return measurement


def with_texts(judgement: Judgement, recommendation: Recommendation, memory: Memory) -> Judgement:
    """The judgement with the texts of its statements; after a restart those known before stand until they are seen again."""
    before, evidence = recommendation.status.judgement, recommendation.status.evidence
    texts = {each.fingerprint: each.text for each in evidence.queries} if evidence else {}
    texts |= {each.fingerprint: each.text for each in before.effects if each.text} if before else {}
    texts |= {fingerprint: query.text for fingerprint, query in memory.statements.queries.items()}
    effects = tuple(
        replace(each, text=shorten(texts.get(each.fingerprint, ""), EFFECT_TEXT)) for each in judgement.effects
    )
    return replace(judgement, effects=effects)


def _is_over(measurement: Measurement, scene: Scene) -> bool:
    """Whether maxDuration has passed: a verdict is due then, even when no statement ran any more."""
    return measurement.since is not None and scene.now - measurement.since >= scene.policy.verification.max_duration


async def _consider_rollback(
    recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports
) -> Recommendation:
    status, now, generation = recommendation.status, scene.now, recommendation.generation
    proposal = status.proposal
    if proposal is None:
        return recommendation
    decision = decide_rollback(change_facts(recommendation, scene, proposal.bounds, Readiness()))
    if decision.answer is not Answer.PROCEED:
        await ports.recommendations.announce(recommendation, "RollbackDue", decision.message, warning=True)
        return recommendation
    creates = proposal.action is Action.CREATE
    name = status.index_name
    describe = ports.describe_removal if creates else ports.describe_build
    intent = Intent(
        kind=IntentKind.UNDO_BUILD if creates else IntentKind.UNDO_REMOVE,
        index_name=name,
        definition=describe(proposal.index, name),
        at=now,
    )
    verified = status.condition(ConditionType.VERIFIED)
    message = f"It is being taken back: {verified.message if verified else decision.message}"
    changed = transitions.begin_undo(status, intent, message, now, generation)
    saved = await save(recommendation, changed, ports)
    start_ddl(saved, intent, scene, memory, ports)
    return saved
