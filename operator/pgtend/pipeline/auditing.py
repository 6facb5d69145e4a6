"""The audit trail: what was done to a database, by whose leave, and what came of it."""

from __future__ import annotations

from datetime import datetime

from pgtend.domain.recommendation import Intent, Recommendation
from pgtend.domain.record import ActionRecord
from pgtend.domain.scene import Scene, database_key
from pgtend.pipeline.surroundings import Ports

BEGUN = "Begun"
"""Outcome of an action that is only being begun."""

ENDED = "Ended"
"""Outcome of a build that pgtend ended: a freeze began, or the approval was taken away."""


async def note_begin(recommendation: Recommendation, intent: Intent, ports: Ports, scene: Scene) -> None:
    """Append that an action is about to be done; limits on changes count these."""
    await _append(recommendation, intent, BEGUN, "", ports, scene)


async def attempts_since(recommendation: Recommendation, since: datetime, ports: Ports, scene: Scene) -> int:
    """How often an action for this recommendation was begun from a moment on, without those that pgtend itself ended."""
    known = await ports.history.actions(database_key(scene.identity), since)
    outcomes = [each.outcome for each in known if each.recommendation == recommendation.name]
    return outcomes.count(BEGUN) - outcomes.count(ENDED)


async def note(
    recommendation: Recommendation, intent: Intent, outcome: str, message: str, ports: Ports, scene: Scene
) -> None:
    """Append one action to the history, unless this intent is there already.

    To be called before the intent leaves the status: killed in between, the operator comes here again and finds its own note.
    """
    database = database_key(scene.identity)
    for known in await ports.history.actions(database, intent.at):
        same = (known.recommendation, known.action) == (recommendation.name, intent.kind)
        if same and known.outcome != BEGUN:
            return
    await _append(recommendation, intent, outcome, message, ports, scene)


async def _append(
    recommendation: Recommendation, intent: Intent, outcome: str, message: str, ports: Ports, scene: Scene
) -> None:
    approval = recommendation.status.approval
    record = ActionRecord(
        at=scene.now,
        policy=f"{scene.policy.namespace}/{scene.policy.name}",
        recommendation=recommendation.name,
        action=intent.kind,
        definition=intent.definition,
        outcome=outcome,
        message=message,
        approved_by=approval.by if approval else "",
    )
    # A process that was suspended and wakes here would tell what its successor has told already.
    ports.fence()
    await ports.history.record(database_key(scene.identity), record)
