"""Making an approved change: ask the rules, write the intent down, begin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from pgtend.core import transitions
from pgtend.core.canonical import index_name
from pgtend.core.change_facts import Readiness, change_facts
from pgtend.core.decide import decide_change
from pgtend.domain.decision import Answer, Decision
from pgtend.domain.recommendation import Action, Bounds, Intent, IntentKind, Proposal, Recommendation
from pgtend.domain.scene import Scene
from pgtend.domain.verification import Measurement
from pgtend.pipeline.auditing import note_begin
from pgtend.pipeline.building import build_index, remove_index
from pgtend.pipeline.comparing import baseline_of
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.reconsidering import may_go_ahead
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tuning import look
from pgtend.pipeline.works import Verb


async def consider_change(recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports) -> Recommendation:
    """Ask the rules about an approved change: begin it, or write down what it waits for."""
    proposal = proposal_of(recommendation)
    current = _current_bounds(proposal, memory)
    # What is costly to find out is found out last.
    baseline: Measurement | str = "not taken yet"
    decision = _decide(recommendation, scene, current, Readiness())
    if decision.answer is Answer.PROCEED:
        baseline = await asyncio.to_thread(baseline_of, recommendation, proposal, scene, memory)
        problem = baseline if isinstance(baseline, str) else None
        decision = _decide(recommendation, scene, current, Readiness(baseline_problem=problem))
    if decision.answer is Answer.PROCEED:
        async with look(scene, ports) as executor:
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
    proposal = proposal_of(recommendation)
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
    await note_begin(saved, intent, ports, scene)
    memory.works.forget(saved.name)
    start_ddl(saved, intent, scene, memory, ports)
    return saved


def start_ddl(recommendation: Recommendation, intent: Intent, scene: Scene, memory: Memory, ports: Ports) -> None:
    """Start the DDL of an intent that is already written down."""
    verb, work = _ddl(recommendation, intent, scene, memory, ports)
    memory.works.start(recommendation.name, verb, work, ports)


def _ddl(
    recommendation: Recommendation, intent: Intent, scene: Scene, memory: Memory, ports: Ports
) -> tuple[Verb, Callable[[], Awaitable[None]]]:
    index, name = proposal_of(recommendation).index, intent.index_name
    ask = partial(may_go_ahead, recommendation, intent, scene, memory, ports)
    match intent.kind:
        case IntentKind.BUILD | IntentKind.UNDO_REMOVE:
            return Verb.BUILD, partial(build_index, scene, ports, index, name, comment_of(recommendation), ask)
        case IntentKind.REMOVE | IntentKind.UNDO_BUILD:
            return Verb.REMOVE, partial(remove_index, scene, ports, index, name, ask)


def comment_of(recommendation: Recommendation) -> str:
    """The comment of an index that pgtend built, for people: whose it is."""
    return f"pgtend: {recommendation.namespace}/{recommendation.name}"


def proposal_of(recommendation: Recommendation) -> Proposal:
    """The proposal of an issued recommendation; ValueError for one that is not issued."""
    if recommendation.status.proposal is None:
        raise ValueError("only an issued recommendation can be applied")
    return recommendation.status.proposal
