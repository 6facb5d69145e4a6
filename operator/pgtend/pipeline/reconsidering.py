"""The last question before a statement: would it still be decided so?

Between a decision and its statement there may have been a wait for a place among the connections. Meanwhile a freeze may have
begun, a person may have taken the approval away, and the policy may have been suspended or edited in any other way.
"""

from __future__ import annotations

from dataclasses import replace

from pgtend.core.approval import give_back
from pgtend.core.approving import take_decision
from pgtend.core.change_facts import Readiness, change_facts
from pgtend.core.decide import decide_change, decide_rollback
from pgtend.domain.decision import Answer
from pgtend.domain.finding import PolicyInvalid
from pgtend.domain.recommendation import Intent, IntentKind, Recommendation
from pgtend.domain.scene import Scene
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.surroundings import Ports

_UNDOING = frozenset({IntentKind.UNDO_BUILD, IntentKind.UNDO_REMOVE})


async def may_go_ahead(
    recommendation: Recommendation, intent: Intent, scene: Scene, memory: Memory, ports: Ports
) -> bool:
    """Whether the rules, asked anew of the policy and the object as they are now, let the intended DDL begin."""
    if await _is_still_right(recommendation.name, intent, scene, ports):
        return True
    # What pgtend itself did not begin is no attempt that failed.
    memory.works.note_unbegun(recommendation.name)
    return False


async def _is_still_right(name: str, intent: Intent, scene: Scene, ports: Ports) -> bool:
    try:
        policy = await ports.policies.read()
    except PolicyInvalid:
        return False
    known = await ports.recommendations.list()
    recommendation = next((each for each in known if each.name == name), None)
    if recommendation is None or recommendation.status.proposal is None:
        return False
    current = replace(scene, now=ports.clock.now(), policy=policy)
    bounds = recommendation.status.proposal.bounds
    if intent.kind in _UNDOING:
        decision = decide_rollback(change_facts(recommendation, current, bounds, Readiness()))
    else:
        decision = decide_change(change_facts(_not_begun(recommendation, current), current, bounds, Readiness()))
    return decision.answer is Answer.PROCEED


def _not_begun(recommendation: Recommendation, scene: Scene) -> Recommendation:
    """The recommendation as if its approval had not been spent on the intent yet, and with what was decided since."""
    status = recommendation.status
    unspent = replace(status, intent=None, approval=give_back(status.approval) if status.approval else None)
    recommendation = replace(recommendation, status=unspent)
    return replace(recommendation, status=replace(unspent, approval=take_decision(recommendation, scene).record))
