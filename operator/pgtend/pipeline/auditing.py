"""The audit trail: what was done to a database, by whose leave, and what came of it."""

from __future__ import annotations

from pgtend.domain.recommendation import Intent, Recommendation
from pgtend.domain.record import ActionRecord
from pgtend.pipeline.surroundings import Ports, Scene, database_key


async def note(
    recommendation: Recommendation, intent: Intent, outcome: str, message: str, ports: Ports, scene: Scene
) -> None:
    """Append one action to the history, unless this intent is there already.

    To be called before the intent leaves the status: killed in between, the operator comes here again and finds its own note.
    """
    database = database_key(scene.identity)
    for known in await ports.history.actions(database, intent.at):
        if (known.recommendation, known.action) == (recommendation.name, intent.kind):
            return
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
    await ports.history.record(database, record)
