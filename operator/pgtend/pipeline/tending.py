"""The body of one loop: look, think, act, say.

What is wrong with the database or the policy becomes a condition, and the next pass tries again. All else escapes to whoever runs
the loop: that the history or the API server is away (HistoryUnavailable, ApiUnavailable and the like), of which no status could
tell, what ends the loop (LeadershipLost, ObjectGone), and what is not named at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from pgtend.core.advice_terms import is_advice_due
from pgtend.core.policy_conditions import is_complaint, worth_saying
from pgtend.core.policy_report import is_in_motion, is_stopped, report_policy, tell_claim
from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.finding import (
    Aspect,
    ConnectionRefusedByTarget,
    Finding,
    HistoryUnavailable,
    PolicyInvalid,
    StatementFailed,
    WriteConflict,
)
from pgtend.domain.policy import Policy
from pgtend.domain.policy_status import PolicyStatus
from pgtend.domain.recommendation import ConditionStatus, IntentKind, Recommendation
from pgtend.domain.scene import Scene, database_key
from pgtend.pipeline.advice_seeking import seek_advice
from pgtend.pipeline.auditing import BEGUN
from pgtend.pipeline.claims import Claims
from pgtend.pipeline.collecting import collect, look_at_catalog
from pgtend.pipeline.holding_back import PASSING_REASONS, tell_unready
from pgtend.pipeline.kept_slices import KeptSlices, SliceRoom
from pgtend.pipeline.looking_after import is_any_under_way, look_after
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.orphans import are_orphans_likely, clear_orphans
from pgtend.pipeline.recommending import publish
from pgtend.pipeline.report import PassReport
from pgtend.pipeline.statements import Statements, TextRoom
from pgtend.pipeline.stepping import advance_all
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tuner_state import inspect_tuner

CATALOG_SECONDS = 300.0
"""The catalog is read again after this time, whenever advice is due, and in each pass while anything is approved or measured.

It is by far the dearest thing that a pass asks of a server."""

_CHANGES = frozenset({IntentKind.BUILD, IntentKind.REMOVE})
"""Actions that count against maxChangesPerDay: rollbacks do not."""


@dataclass(kw_only=True)
class _Found:
    """What one pass has found out so far."""

    findings: list[Finding] = field(default_factory=list)
    checked: set[Aspect] = field(default_factory=set)
    recommendations: tuple[Recommendation, ...] = ()
    is_tuner_inspected: bool = False
    tuner_problem: str | None = None
    """Why the tuner cannot work, where it was inspected."""
    advanced: bool = False
    """Whether every recommendation took its step."""
    awaits_older: bool = False
    """Whether an older policy has not said yet which database it leads to."""


class Tending:
    """The loop body of one TuningPolicy, with what it remembers between passes."""

    def __init__(self, ports: Ports, claims: Claims, room: SliceRoom, texts: TextRoom) -> None:
        self._ports = ports
        self._claims = claims
        self._memory = Memory(slices=KeptSlices(room), statements=Statements(texts))
        self._uid = ""
        """UID of the policy, once it was seen."""
        self._is_laid = False
        """Whether it is known which database the policy leads to."""
        self._is_released = False
        """Whether each older policy has been heard: one that is made later is younger."""
        self._was_held_back = False
        """Whether the last pass came to no scene for something that its policy's Ready names."""
        self._last_policy: Policy | None = None
        """As it was when it could last be read."""
        room.enter()
        texts.enter()

    async def run_pass(self) -> PassReport:
        """Look at the database and at the objects, do every step that is due, and write down where things stand."""
        self._uid = await self._ports.policies.uid()
        try:
            return await self._run_pass()
        finally:
            # Also a pass that failed before it came to the database keeps no younger policy waiting any longer.
            self._claims.hear(self._uid)

    async def _run_pass(self) -> PassReport:
        ports = self._ports
        try:
            policy = await ports.policies.read()
        except PolicyInvalid as invalid:
            report = await self._report_invalid(str(invalid))
            await tell_unready(await ports.recommendations.list(), "Invalid", ports)
            return report
        self._last_policy = policy
        found = _Found(recommendations=await ports.recommendations.list())
        spent_before = self._memory.spent
        try:
            await self._tend(policy, found)
        except ConnectionRefusedByTarget as refusal:
            found.findings.append(refusal.finding)
        except StatementFailed as failure:
            reason = "StatementFailed"
            found.findings.append(Finding(aspect=Aspect.PERMITTED, reason=reason, message=str(failure)))
        except HistoryUnavailable:
            await self._look_after(policy, found)
            await tell_unready(found.recommendations, "HistoryUnavailable", ports, policy)
            raise
        except WriteConflict:
            # Somebody else changed an object meanwhile; everything is looked at again right away.
            ports.wake()
        await self._look_after(policy, found)
        if found.awaits_older:
            return await self._report_waiting(policy)
        status = await self._write_status(policy, found)
        ready = next(condition for condition in status.conditions if condition.type == "Ready")
        is_held_back = not found.advanced and ready.status is ConditionStatus.FALSE and ready.reason != "Suspended"
        if is_held_back and (ready.reason not in PASSING_REASONS or self._was_held_back):
            await tell_unready(found.recommendations, ready.reason, ports, policy)
        self._was_held_back = is_held_back
        spent = self._memory.spent
        return PassReport(
            next_pass=policy.collect_interval,
            ready=ready.status,
            statements=self._memory.statements_seen,
            explains=spent.explains - spent_before.explains,
            what_if_seconds=spent.seconds - spent_before.seconds,
        )

    async def aclose(self) -> None:
        """Let go of everything; a build that is under way on the server goes on there."""
        self._memory.slices.room.leave()
        self._memory.statements.forget()
        self._memory.statements.room.leave()
        await self._memory.works.let_go()
        if self._uid:
            self._claims.leave(self._uid)

    async def _tend(self, policy: Policy, found: _Found) -> None:
        ports, memory = self._ports, self._memory
        if self._is_laid and self._awaits_older(policy, found):
            return
        async with ports.target.observe(policy) as database:
            identity = await database.identify()
            if memory.identity and database_key(memory.identity) != database_key(identity):
                memory = self._memory = memory.for_another_database()
            found.checked.add(Aspect.CONNECTED)
            found.findings.extend(await database.inspect())
            found.checked.add(Aspect.PERMITTED)
            older = self._claims.lay(database_key(identity), policy)
            self._is_laid = True
            if self._awaits_older(policy, found):
                return
            if older:
                found.findings.append(tell_claim(older))
            if is_stopped(found.findings):
                return
            due = (
                is_advice_due(policy, memory.next_advice, memory.collecting_since, ports.clock.now())
                or are_orphans_likely(found.recommendations, memory)
                or any(map(is_in_motion, found.recommendations))
            )
            now_monotonic = ports.clock.monotonic()
            if memory.catalog is None or due or now_monotonic - memory.catalog_at > CATALOG_SECONDS:
                await look_at_catalog(database, identity, memory, ports)
            disturbance = await collect(database, identity, policy, memory, ports)
            if memory.statements.finding is not None:
                found.findings.append(memory.statements.finding)
        if memory.catalog is None:
            raise ValueError("a pass ended its look at the database without the catalog")
        await self._inspect_tuner(policy, identity, found)
        scene = Scene(
            now=ports.clock.now(),
            policy=policy,
            identity=identity,
            catalog=memory.catalog,
            recommendations=found.recommendations,
            tuner_problem=found.tuner_problem,
            changes_in_last_day=await self._count_changes(database_key(identity)),
            disturbance=disturbance,
        )
        # People's decisions, and what is under way, come before advice, which can take its time.
        found.recommendations = await advance_all(scene, memory, ports)
        found.advanced = True
        await clear_orphans(replace(scene, recommendations=found.recommendations), memory, ports)
        scene = replace(scene, recommendations=found.recommendations)
        advice, findings = await seek_advice(scene, memory, ports)
        found.findings.extend(findings)
        found.checked.add(Aspect.WHAT_IF)
        if advice is not None:
            found.recommendations = await publish(advice, scene, ports)
            ports.wake()

    def _awaits_older(self, policy: Policy, found: _Found) -> bool:
        if not self._is_released:
            found.awaits_older = self._claims.awaits_older(policy, self._ports.wake)
            self._is_released = not found.awaits_older
        return found.awaits_older

    async def _look_after(self, policy: Policy, found: _Found) -> None:
        """What is done where the pass did not come to its scene: say of the tuner what is known, and look after what is under way."""
        if found.advanced:
            return
        if not found.is_tuner_inspected and (not found.awaits_older or is_any_under_way(found.recommendations)):
            # A fault of the tuner's is told together with one of the observer's, so that both can be mended at once.
            await self._inspect_tuner(policy, None, found)
        found.recommendations = await look_after(
            policy, found.recommendations, self._memory, self._ports, tuner_problem=found.tuner_problem
        )

    async def _inspect_tuner(self, policy: Policy, identity: DatabaseIdentity | None, found: _Found) -> None:
        tuner = await inspect_tuner(policy, identity, self._ports.target)
        found.findings.extend(tuner.findings)
        found.tuner_problem = tuner.problem
        found.is_tuner_inspected = True
        if tuner.is_checked:
            found.checked.add(Aspect.TUNER_READY)

    async def _count_changes(self, database: str) -> int:
        since = self._ports.clock.now() - timedelta(days=1)
        actions = await self._ports.history.actions(database, since)
        return sum(action.outcome == BEGUN and action.action in _CHANGES for action in actions)

    async def _write_status(self, policy: Policy, found: _Found) -> PolicyStatus:
        ports, memory = self._ports, self._memory
        before = await ports.policies.read_status()
        status = report_policy(
            policy,
            found.findings,
            frozenset(found.checked),
            found.recommendations,
            ports.clock.now(),
            identity=memory.identity,
            advised=memory.advised,
            before=before,
        )
        await ports.policies.write_status(status)
        for condition in worth_saying(before.conditions if before else (), status.conditions):
            await ports.policies.announce(condition.reason, condition.message, warning=is_complaint(condition))
        return status

    async def _report_waiting(self, policy: Policy) -> PassReport:
        """Nothing is written: what was said before a restart stands until it can be said anew."""
        before = await self._ports.policies.read_status()
        ready = next((each for each in before.conditions if each.type == "Ready"), None) if before else None
        return PassReport(
            next_pass=policy.collect_interval,
            ready=ready.status if ready else ConditionStatus.UNKNOWN,
        )

    async def _report_invalid(self, message: str) -> PassReport:
        ports = self._ports
        await ports.policies.say_invalid(message, ports.clock.now())
        await ports.policies.announce("Invalid", message, warning=True)
        if self._last_policy is not None:
            # Also a person who takes an approval away while nobody can read the policy has to be heard.
            known = await ports.recommendations.list()
            if is_any_under_way(known):
                tuner = await inspect_tuner(self._last_policy, None, ports.target)
                await look_after(
                    self._last_policy, known, self._memory, ports, tuner_problem=tuner.problem, policy_problem=message
                )
        return PassReport(next_pass=RETRY, ready=ConditionStatus.FALSE)


RETRY = timedelta(seconds=60)
"""Pause before a policy that cannot be read is looked at again; a change of it wakes the loop at once."""
