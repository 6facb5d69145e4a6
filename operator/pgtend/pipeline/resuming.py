"""Carrying on with a change that was intended: what became of its DDL, and what follows from that.

The catalog alone tells; that the operator was killed in between makes no difference.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from pgtend.core import transitions
from pgtend.core.change_facts import Readiness, change_facts
from pgtend.core.conditions import with_condition
from pgtend.core.decide import decide_rollback, decide_running_build
from pgtend.core.index_lookup import find_like
from pgtend.core.made_changes import is_applied
from pgtend.core.verify import start_measuring
from pgtend.core.wording import size_in_words
from pgtend.domain.decision import Answer, Decision
from pgtend.domain.recommendation import ConditionStatus, ConditionType, Intent, IntentKind, Recommendation
from pgtend.domain.scene import Scene
from pgtend.pipeline.applying import comment_of, proposal_of, start_ddl
from pgtend.pipeline.auditing import ENDED, attempts_since, note
from pgtend.pipeline.building import clear_remains, end_build, finish_build
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.saving import save
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tuning import look
from pgtend.pipeline.works import Verb
from pgtend.ports import IndexState

MOST_ATTEMPTS = 3
"""Builds begun under one approval that ended without anybody asking for it; then a person has to look."""

_RESUME = Decision(
    answer=Answer.WAIT,
    reason="Preflight",
    message="It ended before it had an effect; what it left was taken away, and it is decided on anew.",
)


@dataclass(frozen=True, kw_only=True)
class _Underway:
    """One intent, and everything that is known of it."""

    recommendation: Recommendation
    intent: Intent
    state: IndexState
    failure: str
    """The sentence with which the DDL failed; empty when it did not, or when nobody knows."""
    removal_failure: str
    """The same, of DDL that was to remove something."""
    scene: Scene
    memory: Memory
    ports: Ports

    @property
    def leave(self) -> Decision:
        """Whether the rules would let a running build go on."""
        return _leave_to_go_on(self.recommendation, self.scene)


async def continue_intent(recommendation: Recommendation, scene: Scene, memory: Memory, ports: Ports) -> Recommendation:
    """Look at what became of the DDL that was intended, and do what follows from it."""
    intent = recommendation.status.intent
    if intent is None:
        return recommendation
    works, name = memory.works, recommendation.name
    if any(works.is_running(name, verb) for verb in (Verb.END_BUILD, Verb.REMOVE, Verb.FINISH)):
        return recommendation
    if refusal := works.take_failure(name, Verb.END_BUILD):
        await ports.recommendations.announce(recommendation, "StepFailed", refusal, warning=True)
    if works.is_running(name, Verb.BUILD):
        return _watch_build(recommendation, intent, scene, memory, ports)
    status, generation = recommendation.status, recommendation.generation
    if scene.tuner_problem is not None:
        unseen = transitions.lose_sight(status, scene.tuner_problem, scene.now, generation)
        return await save(recommendation, unseen, ports)
    build_failure, removal_failure = works.take_failure(name, Verb.BUILD), works.take_failure(name, Verb.REMOVE)
    async with look(scene, ports) as executor:
        state = await executor.index_state(proposal_of(recommendation).index, intent.index_name)
    recommendation = await save(recommendation, transitions.regain_sight(status, scene.now, generation), ports)
    if state is IndexState.BUILDING:
        return _watch_build(recommendation, intent, scene, memory, ports)
    case = _Underway(
        recommendation=recommendation,
        intent=intent,
        state=state,
        failure=build_failure or removal_failure,
        removal_failure=removal_failure,
        scene=scene,
        memory=memory,
        ports=ports,
    )
    match intent.kind:
        case IntentKind.BUILD:
            return await _after_build(case)
        case IntentKind.REMOVE:
            return await _after_removal(case)
        case IntentKind.UNDO_BUILD | IntentKind.UNDO_REMOVE:
            return await _after_undo(case)


def _watch_build(
    recommendation: Recommendation, intent: Intent, scene: Scene, memory: Memory, ports: Ports
) -> Recommendation:
    """DDL is under way, ours or what outlived its client: does a build still have leave to go on?"""
    if intent.kind is IntentKind.BUILD and _leave_to_go_on(recommendation, scene).answer is not Answer.PROCEED:
        index = proposal_of(recommendation).index
        work = partial(end_build, scene, ports, index, intent.index_name)
        memory.works.start(recommendation.name, Verb.END_BUILD, work, ports)
    return recommendation


def _leave_to_go_on(recommendation: Recommendation, scene: Scene) -> Decision:
    bounds = proposal_of(recommendation).bounds
    return decide_running_build(change_facts(recommendation, scene, bounds, Readiness()))


async def _after_build(case: _Underway) -> Recommendation:
    # A build that was ended by us, or has no leave to go on: that the server says so is no failure.
    was_ended = case.memory.works.was_ended(case.recommendation.name) or case.leave.answer is not Answer.PROCEED
    has_failed = bool(case.failure) and not was_ended
    match case.state:
        case IndexState.VALID:
            return await _finished(case, _built)
        case IndexState.FOREIGN:
            name = case.intent.index_name
            return await _give_up(
                case, f"An index named {name} exists that is not what was proposed; it is left alone."
            )
        case IndexState.INVALID if has_failed:
            saved = await _give_up(case, f"{case.failure} What the build left is being removed.", clean_up=True)
            if saved.status.intent:
                start_ddl(saved, saved.status.intent, case.scene, case.memory, case.ports)
            return saved
        case IndexState.INVALID:
            # That the build says it was cancelled is no news: pgtend itself did it.
            if case.removal_failure:
                await case.ports.recommendations.announce(
                    case.recommendation, "StepFailed", case.removal_failure, warning=True
                )
            index = proposal_of(case.recommendation).index
            work = partial(clear_remains, case.scene, case.ports, index, case.intent.index_name)
            case.memory.works.start(case.recommendation.name, Verb.REMOVE, work, case.ports)
            return case.recommendation
        case _ if has_failed:
            return await _give_up(case, case.failure)
        case _ if not was_ended and await _is_out_of_attempts(case):
            return await _give_up(
                case,
                f"The build was begun {MOST_ATTEMPTS} times and ended each time before the index was usable, without anybody "
                "having asked for it. Look at the server's log for why; to try again set spec.approval to Pending, then to Approved.",
            )
        case _:
            if was_ended:
                await note(case.recommendation, case.intent, ENDED, case.leave.message, case.ports, case.scene)
            return await _decide_anew(case)


async def _after_removal(case: _Underway) -> Recommendation:
    if case.state is IndexState.ABSENT:
        return await _made(case, f"Index {case.intent.index_name} is dropped.")
    if case.state is IndexState.FOREIGN:
        message = f"{case.intent.index_name} is there, but it is no longer what was to be dropped; it is left alone."
        return await _give_up(case, message)
    if case.state is IndexState.INVALID:
        # A drop that was broken off: the index serves nobody any more, so the drop is finished.
        start_ddl(case.recommendation, case.intent, case.scene, case.memory, case.ports)
        return case.recommendation
    if case.failure:
        return await _give_up(case, case.failure)
    return await _decide_anew(case)


async def _after_undo(case: _Underway) -> Recommendation:
    creates = case.intent.kind is IntentKind.UNDO_REMOVE
    if creates and case.state is IndexState.VALID:
        return await _finished(case, partial(_taken_back, message="The dropped index was built again."))
    if message := _beyond_us(case):
        if not is_applied(case.recommendation):
            # It is Failed already, so that the condition changes no more and nothing else would announce this.
            await case.ports.recommendations.announce(case.recommendation, "Failed", message, warning=True)
        return await _give_up(case, message)
    if not creates and case.state is IndexState.ABSENT:
        return await _taken_back(case, message="The index was dropped again.")
    # What is invalid serves nobody, and is taken away at any time.
    if case.state is not IndexState.INVALID:
        bounds = proposal_of(case.recommendation).bounds
        decision = decide_rollback(change_facts(case.recommendation, case.scene, bounds, Readiness()))
        if decision.answer is not Answer.PROCEED:
            await case.ports.recommendations.announce(
                case.recommendation, "RollbackDue", decision.message, warning=True
            )
            return case.recommendation
    recommendation = await _say_failure(case)
    if creates and case.state is IndexState.INVALID:
        index = proposal_of(recommendation).index
        work = partial(clear_remains, case.scene, case.ports, index, case.intent.index_name)
        case.memory.works.start(recommendation.name, Verb.REMOVE, work, case.ports)
    else:
        start_ddl(recommendation, case.intent, case.scene, case.memory, case.ports)
    return recommendation


def _beyond_us(case: _Underway) -> str:
    """Why pgtend is unable to take the change back, as what has its name is not its own any more; or empty."""
    name = case.intent.index_name
    if case.intent.kind is IntentKind.UNDO_REMOVE:
        if case.state is not IndexState.FOREIGN:
            return ""
        return f"The dropped index cannot be built again: {name} is there and is something else. Build it by hand under another name."
    if case.state is IndexState.FOREIGN:
        return f"It cannot be taken back: {name} is there, but it is no longer what was built. Drop it by hand."
    other = find_like(case.scene.catalog, proposal_of(case.recommendation).index, name)
    if case.state is not IndexState.ABSENT or other is None or not is_applied(case.recommendation):
        return ""
    return (
        f"No index is named {name} any more, but {other.table.schema}.{other.name} has the definition of what was built. "
        "If it was renamed, drop it by hand."
    )


async def _say_failure(case: _Underway) -> Recommendation:
    """Put it into the condition that a rollback, or clearing up, failed and is tried again."""
    applied = case.recommendation.status.condition(ConditionType.APPLIED)
    if not case.failure or applied is None:
        return case.recommendation
    rolling_back = applied.status is ConditionStatus.TRUE
    status = with_condition(
        case.recommendation.status,
        ConditionType.APPLIED,
        applied.status,
        "RollbackFailing" if rolling_back else applied.reason,
        f"{case.failure} It is tried again, with growing pauses.",
        now=case.scene.now,
        generation=case.recommendation.generation,
    )
    return await save(case.recommendation, status, case.ports)


async def _is_out_of_attempts(case: _Underway) -> bool:
    approval = case.recommendation.status.approval
    since = approval.at if approval and approval.at else case.intent.at
    return await attempts_since(case.recommendation, since, case.ports, case.scene) >= MOST_ATTEMPTS


async def _decide_anew(case: _Underway) -> Recommendation:
    """Nothing was done, or nothing is left of it: the approval stands, and the rules are asked again."""
    leave = case.leave
    decision = _RESUME if leave.answer is Answer.PROCEED else leave
    recommendation = case.recommendation
    case.memory.works.forget(recommendation.name)
    status = transitions.abandon(recommendation.status, decision, case.scene.now, recommendation.generation)
    return await save(recommendation, status, case.ports)


async def _give_up(case: _Underway, message: str, *, clean_up: bool = False) -> Recommendation:
    recommendation = case.recommendation
    failed = transitions.fail(
        recommendation.status, message, case.scene.now, recommendation.generation, clean_up=clean_up
    )
    await note(recommendation, case.intent, "Failed", message, case.ports, case.scene)
    return await save(recommendation, failed, case.ports)


async def _finished(case: _Underway, conclude: Callable[[_Underway], Awaitable[Recommendation]]) -> Recommendation:
    """Do first what follows a build, once, where the build's own task did not come to it; then conclude."""
    works, name = case.memory.works, case.recommendation.name
    if works.ended_well(name, Verb.BUILD) or works.ended_well(name, Verb.FINISH) is not None:
        if failure := works.take_failure(name, Verb.FINISH):
            await case.ports.recommendations.announce(case.recommendation, "StepFailed", failure, warning=True)
        return await conclude(case)
    index, comment = proposal_of(case.recommendation).index, comment_of(case.recommendation)
    work = partial(finish_build, case.scene, case.ports, index, case.intent.index_name, comment)
    works.start(name, Verb.FINISH, work, case.ports)
    return case.recommendation


async def _built(case: _Underway) -> Recommendation:
    async with look(case.scene, case.ports) as executor:
        size = await executor.size(proposal_of(case.recommendation).index.schema, case.intent.index_name)
    return await _made(case, f"Index {case.intent.index_name} is built and valid, {size_in_words(size)}.")


async def _made(case: _Underway, message: str) -> Recommendation:
    recommendation = case.recommendation
    if recommendation.status.measurement is None:
        raise ValueError("a change was begun without a baseline")
    now = case.ports.clock.now()
    measurement = start_measuring(recommendation.status.measurement, now)
    changed = transitions.complete(recommendation.status, measurement, message, now, recommendation.generation)
    await note(recommendation, case.intent, "Done", message, case.ports, case.scene)
    case.memory.works.forget(recommendation.name)
    return await save(recommendation, changed, case.ports)


async def _taken_back(case: _Underway, *, message: str) -> Recommendation:
    recommendation = case.recommendation
    changed = transitions.complete_undo(recommendation.status, message, case.scene.now, recommendation.generation)
    await note(recommendation, case.intent, "Done", message, case.ports, case.scene)
    case.memory.works.forget(recommendation.name)
    return await save(recommendation, changed, case.ports)
