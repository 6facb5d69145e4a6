"""Can the tuner work, and on the database that the observer sees?"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, StatementFailed
from pgtend.domain.policy import Policy
from pgtend.domain.scene import database_key
from pgtend.ports import Target


@dataclass(frozen=True, kw_only=True)
class TunerState:
    """What a look at the tuner has found."""

    findings: tuple[Finding, ...] = ()
    is_checked: bool = False
    """Whether the tuner was let in and looked at."""
    problem: str | None = None
    """Why it cannot work, as a sentence; None when it can."""


async def inspect_tuner(policy: Policy, observed: DatabaseIdentity | None, target: Target) -> TunerState:
    """Look at the tuner; where the observer has said which database is tended, at whether it leads there too."""
    if policy.tuner_secret is None:
        return TunerState(problem="The policy names no spec.database.tuner, so pgtend is unable to change anything.")
    is_checked = False
    try:
        findings = await _look(policy, observed, target)
        is_checked = True
    except ConnectionRefusedByTarget as refusal:
        findings = (replace(refusal.finding, aspect=Aspect.TUNER_READY),)
    except StatementFailed as failure:
        # What only the tuner lacks does not keep the observer from its work.
        findings = (Finding(aspect=Aspect.TUNER_READY, reason="StatementFailed", message=str(failure)),)
    problem = next((finding.message for finding in findings if finding.fatal), None)
    return TunerState(findings=findings, is_checked=is_checked, problem=problem)


async def _look(policy: Policy, observed: DatabaseIdentity | None, target: Target) -> tuple[Finding, ...]:
    async with target.execute(policy) as executor:
        findings = await executor.inspect()
        identity = await executor.identify()
        if observed is not None and database_key(identity) != database_key(observed):
            server = "" if identity.name != observed.name else " of another server"
            message = (
                f"The Secret {policy.tuner_secret} (tuner) leads to the database {identity.name}{server} and the Secret "
                f"{policy.observer_secret} (observer) to {observed.name}: point both to the same."
            )
            elsewhere = Finding(aspect=Aspect.TUNER_READY, reason="OtherDatabase", message=message)
            # Raised inside the session, so that the Secret is read again at the next pass.
            raise ConnectionRefusedByTarget(elsewhere)
    return findings
