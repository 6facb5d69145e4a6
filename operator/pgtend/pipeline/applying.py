"""Making an approved change, and carrying on with one that was intended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from pgtend.core import transitions
from pgtend.core.canonical import index_name
from pgtend.core.decide import decide_change, decide_rollback, decide_running_build
from pgtend.core.verify import slice_length, start_measuring, take_baseline
from pgtend.domain.decision import Answer, Decision
from pgtend.domain.index import Index
from pgtend.domain.recommendation import (
    Action,
    Bounds,
    Intent,
    IntentKind,
    Proposal,
    Recommendation,
)
from pgtend.domain.verification import Measurement
from pgtend.pipeline.auditing import note
from pgtend.pipeline.building import Verb, build_index, end_build, remove_index
from pgtend.pipeline.facts import Readiness, change_facts
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports, Scene
from pgtend.ports import IndexState

_BUILDS = frozenset({IntentKind.BUILD, IntentKind.UNDO_REMOVE})
"""Intents whose DDL is a CREATE INDEX; the others drop."""

_RESUME = Decision(
    answer=Answer.WAIT,
    reason="Preflight",
    message="The build ended before the index was usable; what it left was taken away, and it is decided on anew.",
)


async def consider_change(recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports) -> Recommendation:
    """Ask the rules about an approved change: begin it, or write down what it waits for."""
    proposal = _proposal_of(recommendation)
    current = _current_bounds(proposal, memory)
    # What is costly to find out is found out last.
    baseline: Measurement | str = "not taken yet"
    decision = _decide(recommendation, scene, current, Readiness())
    if decision.answer is Answer.PROCEED:
        baseline = await asyncio.to_thread(_baseline, recommendation, scene, memory)
        problem = baseline if isinstance(baseline, str) else None
        decision = _decide(recommendation, scene, current, Readiness(baseline_problem=problem))
    if decision.answer is Answer.PROCEED:
        async with ports.target.execute(scene.policy) as executor:
            blockers = await executor.blockers(proposal.index.table_name)
        decision = _decide(recommendation, scene, current, Readiness(blockers=blockers))
    match decision.answer:
        case Answer.WAIT:
            status = transitions.wait_for(recommendation.status, decision, scene.now, recommendation.generation)
            return await save(recommendation, status, ports)
        case Answer.REFUSE:
            status = transitions.refuse(recommendation.status, decision, current, scene.now, recommendation.generation)
            return await save(recommendation, status, ports)
    if isinstance(baseline, str):
        raise TypeError("the rules let a change through that has no baseline")
    return await _begin(recommendation, baseline, scene, memory, ports)


def _baseline(recommendation: Recommendation, scene: Scene, memory: Memory) -> Measurement | str:
    """The slices before the change, of the statements that it can touch and of controls that it cannot."""
    status, policy = recommendation.status, scene.policy
    table = _proposal_of(recommendation).index.table_name
    helped = [query.fingerprint for query in status.evidence.queries] if status.evidence else []
    queries = memory.statements.queries
    touching = [name for name, query in queries.items() if table in query.relations]
    untouched = [name for name, query in queries.items() if table not in query.relations]
    seconds = slice_length(policy.verification, policy.collect_interval).total_seconds()
    return take_baseline(tuple(memory.slices), helped, touching, untouched, seconds)


def _current_bounds(proposal: Proposal, memory: Memory) -> Bounds:
    """What the change would take by the latest advice; what was approved where it says nothing of it."""
    for change in memory.advice.changes if memory.advice else ():
        if change.action is proposal.action and change.index == proposal.index:
            return Bounds(size_bytes=change.evidence.size_bytes, write_cost=change.evidence.write_cost)
    return proposal.bounds


def _decide(recommendation: Recommendation, scene: Scene, current: Bounds, readiness: Readiness) -> Decision:
    return decide_change(change_facts(recommendation, scene, current, readiness))


async def _begin(
    recommendation: Recommendation, baseline: Measurement, scene: Scene, memory: Memory, ports: Ports
) -> Recommendation:
    proposal = _proposal_of(recommendation)
    creates = proposal.action is Action.CREATE
    name = index_name(proposal.index, proposal.hash) if creates else (proposal.index.name or "")
    describe = ports.describe_build if creates else ports.describe_removal
    intent = Intent(
        kind=IntentKind.BUILD if creates else IntentKind.REMOVE,
        index_name=name,
        definition=describe(proposal.index, name),
        at=scene.now,
    )
    status = transitions.begin(recommendation.status, intent, baseline, scene.now, recommendation.generation)
    saved = await save(recommendation, status, ports)
    start_ddl(saved, intent, scene, memory, ports)
    return saved


def start_ddl(recommendation: Recommendation, intent: Intent, scene: Scene, memory: Memory, ports: Ports) -> None:
    """Start the DDL of an intent that is already written down."""
    index = _proposal_of(recommendation).index
    verb, work = _ddl(recommendation.name, intent, index, scene, ports)
    memory.works.start(recommendation.name, verb, work, ports.wake)


def _ddl(name: str, intent: Intent, index: Index, scene: Scene, ports: Ports) -> tuple[Verb, Awaitable[None]]:
    if intent.kind in _BUILDS:
        comment = f"pgtend: {scene.policy.namespace}/{name}"
        return Verb.BUILD, build_index(ports, scene.policy, index, intent.index_name, comment)
    return Verb.REMOVE, remove_index(ports, scene.policy, index, intent.index_name)


async def continue_intent(recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports) -> Recommendation:
    """Look at what became of the DDL that was intended, and do what follows from it."""
    intent = recommendation.status.intent
    if intent is None:
        return recommendation
    works, name = memory.works, recommendation.name
    if works.is_running(name, Verb.END_BUILD) or works.is_running(name, Verb.REMOVE):
        return recommendation
    if works.is_running(name, Verb.BUILD):
        return await _watch_build(recommendation, scene, memory, ports)
    if scene.tuner_problem is not None:
        return recommendation
    failure = works.take_failure(name, Verb.BUILD) or works.take_failure(name, Verb.REMOVE)
    # Ending a build fails where it ended by itself first; the catalog tells.
    works.take_failure(name, Verb.END_BUILD)
    async with ports.target.execute(scene.policy) as executor:
        state = await executor.index_state(_proposal_of(recommendation).index, intent.index_name)
    if state is IndexState.BUILDING:
        return await _watch_build(recommendation, scene, memory, ports)
    if intent.kind in _BUILDS:
        return await _after_build(recommendation, intent, state, failure, scene, memory, ports)
    return await _after_removal(recommendation, intent, state, failure, scene, memory, ports)


async def _watch_build(recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports) -> Recommendation:
    """A build is under way, ours or one that outlived its client: does it still have leave to go on?"""
    intent = recommendation.status.intent
    leave = _leave_to_go_on(recommendation, scene)
    if intent and intent.kind is IntentKind.BUILD and leave.answer is not Answer.PROCEED:
        work = end_build(ports, scene.policy, _proposal_of(recommendation).index, intent.index_name)
        memory.works.start(recommendation.name, Verb.END_BUILD, work, ports.wake)
    return recommendation


def _leave_to_go_on(recommendation: Recommendation, scene: Scene) -> Decision:
    bounds = _proposal_of(recommendation).bounds
    return decide_running_build(change_facts(recommendation, scene, bounds, Readiness()))


async def _after_build(
    recommendation: Recommendation,
    intent: Intent,
    state: IndexState,
    failure: str,
    scene: Scene,
    memory: Memory,
    ports: Ports,
) -> Recommendation:
    status, now, generation = recommendation.status, scene.now, recommendation.generation
    leave = _leave_to_go_on(recommendation, scene)
    # A build that has no leave to go on was ended by us: that the server says so is no failure.
    has_failed = bool(failure) and intent.kind is IntentKind.BUILD and leave.answer is Answer.PROCEED
    match state:
        case IndexState.VALID:
            return await _built(recommendation, intent, scene, ports)
        case IndexState.FOREIGN:
            message = f"An index named {intent.index_name} exists that is not what was proposed; it is left alone."
            return await _failed(recommendation, intent, message, scene, ports)
        case IndexState.INVALID if has_failed:
            message = f"{failure} What the build left is being removed."
            saved = await _failed(recommendation, intent, message, scene, ports, clean_up=True)
            if saved.status.intent:
                start_ddl(saved, saved.status.intent, scene, memory, ports)
            return saved
        case IndexState.INVALID:
            work = remove_index(ports, scene.policy, _proposal_of(recommendation).index, intent.index_name)
            memory.works.start(recommendation.name, Verb.REMOVE, work, ports.wake)
            return recommendation
        case _ if intent.kind is IntentKind.UNDO_REMOVE:
            return await _take_back(recommendation, intent, state, failure, scene, memory, ports)
        case _ if has_failed:
            return await _failed(recommendation, intent, failure, scene, ports)
        case _:
            decision = _RESUME if leave.answer is Answer.PROCEED else leave
            return await save(recommendation, transitions.abandon(status, decision, now, generation), ports)


async def _failed(
    recommendation: Recommendation, intent: Intent, message: str, scene: Scene, ports: Ports, *, clean_up: bool = False
) -> Recommendation:
    failed = transitions.fail(recommendation.status, message, scene.now, recommendation.generation, clean_up=clean_up)
    await note(recommendation, intent, "Failed", message, ports, scene)
    return await save(recommendation, failed, ports)


async def _built(recommendation: Recommendation, intent: Intent, scene: Scene, ports: Ports) -> Recommendation:
    status = recommendation.status
    if intent.kind is IntentKind.UNDO_REMOVE:
        return await _taken_back(recommendation, intent, "The dropped index was built again.", scene, ports)
    if status.measurement is None:
        raise ValueError("a build was begun without a baseline")
    async with ports.target.execute(scene.policy) as executor:
        size = await executor.size(_proposal_of(recommendation).index.schema, intent.index_name)
    message = f"Index {intent.index_name} is built and valid, {size / 1e6:.1f} MB."
    measurement = start_measuring(status.measurement, scene.now)
    changed = transitions.complete(status, measurement, message, scene.now, recommendation.generation)
    await note(recommendation, intent, "Done", message, ports, scene)
    return await save(recommendation, changed, ports)


async def _after_removal(
    recommendation: Recommendation,
    intent: Intent,
    state: IndexState,
    failure: str,
    scene: Scene,
    memory: Memory,
    ports: Ports,
) -> Recommendation:
    status, now, generation = recommendation.status, scene.now, recommendation.generation
    gone = state in (IndexState.ABSENT, IndexState.FOREIGN)
    if gone and intent.kind is IntentKind.UNDO_BUILD:
        return await _taken_back(recommendation, intent, "The index was dropped again.", scene, ports)
    if gone and status.measurement is not None:
        message = f"Index {intent.index_name} is dropped."
        measurement = start_measuring(status.measurement, now)
        await note(recommendation, intent, "Done", message, ports, scene)
        return await save(recommendation, transitions.complete(status, measurement, message, now, generation), ports)
    if intent.kind is IntentKind.REMOVE:
        if failure:
            return await _failed(recommendation, intent, failure, scene, ports)
        # The operator was restarted before the drop began: it is decided on anew.
        return await save(recommendation, transitions.abandon(status, _RESUME, now, generation), ports)
    return await _take_back(recommendation, intent, state, failure, scene, memory, ports)


async def _take_back(
    recommendation: Recommendation,
    intent: Intent,
    state: IndexState,
    failure: str,
    scene: Scene,
    memory: Memory,
    ports: Ports,
) -> Recommendation:
    """Do the DDL of an undo that is written down, now or once nothing stands in its way.

    What is invalid serves nobody and is taken away at any time.
    """
    bounds = _proposal_of(recommendation).bounds
    decision = decide_rollback(change_facts(recommendation, scene, bounds, Readiness()))
    waits = decision.answer is not Answer.PROCEED and state is not IndexState.INVALID
    if waits or failure:
        message = decision.message if waits else f"{failure} It is tried again."
        await ports.recommendations.announce(recommendation, "RollbackDue", message, warning=True)
    if not waits:
        start_ddl(recommendation, intent, scene, memory, ports)
    return recommendation


async def _taken_back(
    recommendation: Recommendation, intent: Intent, message: str, scene: Scene, ports: Ports
) -> Recommendation:
    changed = transitions.complete_undo(recommendation.status, message, scene.now, recommendation.generation)
    await note(recommendation, intent, "Done", message, ports, scene)
    return await save(recommendation, changed, ports)


def _proposal_of(recommendation: Recommendation) -> Proposal:
    if recommendation.status.proposal is None:
        raise ValueError("only an issued recommendation can be applied")
    return recommendation.status.proposal
