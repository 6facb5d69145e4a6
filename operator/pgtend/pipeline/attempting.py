"""One recommendation's trouble is no other's: what goes wrong with a single step stays with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pgtend.domain.finding import (
    DefinitionRefused,
    FencedOff,
    ObjectGone,
    ObjectRefused,
    StatementFailed,
    WriteConflict,
)
from pgtend.domain.recommendation import Recommendation
from pgtend.pipeline.surroundings import Ports


async def attempt(
    recommendation: Recommendation, step: Callable[[], Awaitable[Recommendation]], ports: Ports
) -> Recommendation | None:
    """Take one step; returns the recommendation as it then is, None when somebody has deleted it meanwhile.

    What the database or the API server refuses of this one recommendation is said in an Event, and the others go on.
    Raises ObjectGone when it is the policy that is gone.
    """
    try:
        return await step()
    except WriteConflict:
        # Somebody else changed the object meanwhile: it is looked at again right away.
        ports.wake()
    except ObjectGone:
        await ports.policies.read()
        return None
    except (StatementFailed, FencedOff, DefinitionRefused, ObjectRefused) as failure:
        await ports.recommendations.announce(recommendation, "StepFailed", str(failure), warning=True)
    return recommendation
