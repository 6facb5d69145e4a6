"""Builds and drops whose recommendation was deleted while they were under way.

Deleting a recommendation takes its approval away: the build is ended, and what it left is removed. Its status is gone then, so
what it was stands in the audit trail alone. An index is taken for what such a build left only if all agree: this policy's trail
says that a build was begun and not what came of it, the index has that name, and its definition is that one.

Of a drop the trail knows the name of the index only, so nothing is done to what is there under that name: a broken drop leaves an
invalid index, and somebody is told. A drop that is under way is not ended, for that would leave just this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from pgtend.core.conditions import KEPT_TRANSITIONS
from pgtend.domain.catalog import ExistingIndex
from pgtend.domain.index import Index
from pgtend.domain.recommendation import IntentKind, Recommendation
from pgtend.domain.record import ActionRecord
from pgtend.domain.scene import Scene, database_key
from pgtend.pipeline.auditing import BEGUN, ENDED
from pgtend.pipeline.building import clear_remains, end_build
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tuning import look
from pgtend.pipeline.works import Verb
from pgtend.ports import IndexState

LOOK_BACK = timedelta(days=30)
"""Builds begun earlier than this are not looked for."""


def are_orphans_likely(recommendations: Iterable[Recommendation], memory: Memory) -> bool:
    """Whether something that was under way is gone, or this process has not looked yet."""
    return memory.under_way is None or not memory.under_way <= {each.uid for each in recommendations}


async def clear_orphans(scene: Scene, memory: Memory, ports: Ports) -> None:
    """End and clear the builds of deleted recommendations, and say what became of drops, step by step over passes.

    The catalog must be fresh.

    Raises ConnectionRefusedByTarget, StatementFailed and HistoryUnavailable.
    """
    settled = True
    if are_orphans_likely(scene.recommendations, memory):
        for record in await _begun_and_gone(scene, ports):
            step = _clear if record.action == IntentKind.BUILD else _look_at_drop
            settled = await step(record, scene, memory, ports) and settled
    under_way = frozenset(each.uid for each in scene.recommendations if each.status.intent is not None)
    memory.under_way = under_way if settled else None


async def _begun_and_gone(scene: Scene, ports: Ports) -> tuple[ActionRecord, ...]:
    """The last action of each recommendation that is not there any more, where it is the beginning of a build or a drop."""
    trail = await ports.history.actions(database_key(scene.identity), scene.now - LOOK_BACK)
    mine = f"{scene.policy.namespace}/{scene.policy.name}"
    last = {record.recommendation: record for record in trail if record.policy == mine}
    known = {each.name: each for each in scene.recommendations}
    found = []
    for name, record in last.items():
        if record.outcome != BEGUN or record.action not in (IntentKind.BUILD, IntentKind.REMOVE):
            continue
        if name in known and not _is_issued_anew(known[name], record):
            continue
        # The loop of a process that has just begun may know of no recommendation yet.
        now = await ports.recommendations.read(name)
        if now is None or _is_issued_anew(now, record):
            found.append(record)
    return tuple(found)


def _is_issued_anew(recommendation: Recommendation, record: ActionRecord) -> bool:
    """Whether the object was made after the build was begun: the same advice has the same name."""
    status = recommendation.status
    if status.proposal is None:
        return True
    first = status.transitions[0] if 0 < len(status.transitions) < KEPT_TRANSITIONS else None
    return status.intent is None and first is not None and first.at > record.at


async def _clear(record: ActionRecord, scene: Scene, memory: Memory, ports: Ports) -> bool:
    """Take the next step; returns whether it was the last one."""
    works, name = memory.works, record.recommendation
    if works.is_running(name, Verb.END_BUILD) or works.is_running(name, Verb.REMOVE):
        return False
    for verb in (Verb.END_BUILD, Verb.REMOVE):
        if failure := works.take_failure(name, verb):
            await ports.policies.announce("StepFailed", failure, warning=True)
    found = _find(record, scene, ports)
    if found is None:
        if works.is_running(name, Verb.BUILD):
            return False  # it is waiting to begin: soon there is an index to be seen
        return await _settle(
            record, ENDED, "Its recommendation was deleted; nothing is left of the build.", scene, ports
        )
    if scene.tuner_problem is not None:
        return False
    existing, index = found
    async with look(scene, ports) as executor:
        state = await executor.index_state(index, existing.name)
    match state:
        case IndexState.BUILDING:
            works.start(name, Verb.END_BUILD, partial(end_build, scene, ports, index, existing.name), ports)
            return False
        case IndexState.INVALID:
            works.start(name, Verb.REMOVE, partial(clear_remains, scene, ports, index, existing.name), ports)
            return False
        case IndexState.VALID:
            message = (
                f"The recommendation {name} was deleted while its index {existing.table.schema}.{existing.name} was being built; "
                "the build was finished before it could be ended. The index stays, and nobody measures it."
            )
            await ports.policies.announce("IndexLeft", message, warning=True)
            works.forget(name)
            return await _settle(record, "Done", message, scene, ports)
        case IndexState.ABSENT | IndexState.FOREIGN:
            works.forget(name)
            message = "Its recommendation was deleted: the build was ended, and what it left was removed."
            return await _settle(record, ENDED, message, scene, ports)


async def _look_at_drop(record: ActionRecord, scene: Scene, memory: Memory, ports: Ports) -> bool:
    """Say what became of a drop; returns whether it is at its end."""
    works, name = memory.works, record.recommendation
    if works.is_running(name, Verb.REMOVE):
        return False
    failure = works.take_failure(name, Verb.REMOVE)
    works.forget(name)
    left = next((each for each in scene.catalog.indexes if _is_dropped_by(record, each, ports)), None)
    if left is None:
        message = (
            f"The recommendation {name} was deleted while its index was being dropped. The index is gone, and nobody measures "
            f"what that did ({record.definition})."
        )
    elif left.valid:
        return await _settle(
            record, ENDED, f"{failure} Its recommendation was deleted; the index is there.".strip(), scene, ports
        )
    else:
        message = (
            f"The recommendation {name} was deleted while its index {left.table.schema}.{left.name} was being dropped, and the drop was "
            "broken off: the index is invalid and serves nobody. Drop it by hand, or have it back by REINDEX INDEX CONCURRENTLY."
        )
    await ports.policies.announce("DropLeft", message, warning=True)
    return await _settle(record, "Done" if left is None else "Failed", message, scene, ports)


def _is_dropped_by(record: ActionRecord, existing: ExistingIndex, ports: Ports) -> bool:
    return existing.index is not None and ports.describe_removal(existing.index, existing.name) == record.definition


def _find(record: ActionRecord, scene: Scene, ports: Ports) -> tuple[ExistingIndex, Index] | None:
    """The index of the very definition and name that the audit trail has."""
    for existing in scene.catalog.indexes:
        if existing.index is not None and ports.describe_build(existing.index, existing.name) == record.definition:
            return existing, existing.index
    return None


async def _settle(record: ActionRecord, outcome: str, message: str, scene: Scene, ports: Ports) -> bool:
    ports.fence()
    settled = replace(record, at=scene.now, outcome=outcome, message=message)
    await ports.history.record(database_key(scene.identity), settled)
    return True
