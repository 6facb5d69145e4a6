"""The audit trail: what was done to a database, by whose leave, and what came of it."""

from __future__ import annotations

from pgtend.domain.recommendation import ConditionType, Intent, Recommendation
from pgtend.domain.record import ActionRecord
from pgtend.pipeline.surroundings import Ports, Scene, database_key


async def note(recommendation: Recommendation, intent: Intent, outcome: str, ports: Ports, scene: Scene) -> None:
    """Append one action to the history."""
    approval = recommendation.status.approval
    applied = recommendation.status.condition(ConditionType.APPLIED)
    record = ActionRecord(
        at=scene.now,
        policy=f"{scene.policy.namespace}/{scene.policy.name}",
        recommendation=recommendation.name,
        action=intent.kind,
        definition=intent.definition,
        outcome=outcome,
        message=applied.message if applied else "",
        approved_by=approval.by if approval else "",
    )
    await ports.history.record(database_key(scene.identity), record)
