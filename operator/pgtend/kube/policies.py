"""The TuningPolicy of one loop: ports.Policies on the API server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from pgtend.core.conditions import set_condition
from pgtend.domain.finding import ObjectGone
from pgtend.domain.policy import Aggressiveness, Mode, Policy
from pgtend.domain.policy_status import Effective, PolicyStatus
from pgtend.domain.recommendation import ConditionStatus
from pgtend.kube.client import Api
from pgtend.kube.conversion import policy_from_object, policy_status_from_object, policy_status_to_object
from pgtend.kube.events import Events, Regarding
from pgtend.kube.kinds import TUNING_POLICY, PolicyKey
from pgtend.kube.store import Object, ObjectStore, is_going


class PolicyObject:
    """Implements ports.Policies. Reads come from the store that the watch feeds; writes are guarded by the fence."""

    def __init__(
        self, key: PolicyKey, *, api: Api, policies: ObjectStore, events: Events, fence: Callable[[], None]
    ) -> None:
        self._key = key
        self._api = api
        self._store = policies
        self._events = events
        self._fence = fence

    async def uid(self) -> str:
        """See ports.Policies."""
        return str(self._object()["metadata"]["uid"])

    async def read(self) -> Policy:
        """See ports.Policies."""
        return policy_from_object(self._object())

    async def read_status(self) -> PolicyStatus | None:
        """The status as it was last written; None while there is none, or none that can be read."""
        try:
            return policy_status_from_object(self._object()["status"])
        except (KeyError, ValidationError):
            return None

    async def write_status(self, status: PolicyStatus) -> None:
        """See ports.Policies."""
        known = self._object()
        wanted = policy_status_to_object(status)
        if known.get("status", {}) == wanted:
            return
        body = TUNING_POLICY.head(self._key.namespace, self._key.name, uid=known["metadata"]["uid"])
        body["status"] = wanted
        self._fence()
        path = TUNING_POLICY.path(self._key.namespace, self._key.name, subresource="status")
        self._store.put(await self._api.apply(path, body))

    async def announce(self, reason: str, message: str, *, warning: bool = False) -> None:
        """See ports.Policies."""
        self._fence()
        regarding = Regarding(
            kind=TUNING_POLICY,
            namespace=self._key.namespace,
            name=self._key.name,
            uid=self._object()["metadata"]["uid"],
        )
        await self._events.post(regarding, reason, message, warning=warning)

    async def say_unready(self, reason: str, message: str, now: datetime) -> None:
        """Set Ready=False and leave the rest of the status as it is: for when a pass came to no end of its own."""
        await self._say_unready(await self._known_status(reason), reason, message, now)

    async def say_invalid(self, message: str, now: datetime) -> None:
        """Set Ready=False, reason Invalid, and every other condition Unknown: what they said was said of another spec."""
        status = await self._known_status("Invalid")
        conditions = status.conditions
        for condition in conditions:
            conditions = set_condition(
                conditions,
                kind=condition.type,
                status=ConditionStatus.UNKNOWN,
                reason="Invalid",
                message="Nothing is known of this while the policy cannot be read.",
                now=now,
                generation=self._object()["metadata"]["generation"],
            )
        # Ready is set once, on what it was before, so that its lastTransitionTime stays while it stays False.
        ready = tuple(each for each in status.conditions if each.type == "Ready")
        others = tuple(each for each in conditions if each.type != "Ready")
        await self._say_unready(replace(status, conditions=(*others, *ready)), "Invalid", message, now)

    async def _known_status(self, reason: str) -> PolicyStatus:
        unknown = Effective(mode=Mode.OBSERVE, aggressiveness=Aggressiveness.CONSERVATIVE, because=reason)
        generation = self._object()["metadata"]["generation"]
        return await self.read_status() or PolicyStatus(observed_generation=generation, effective=unknown)

    async def _say_unready(self, status: PolicyStatus, reason: str, message: str, now: datetime) -> None:
        generation = self._object()["metadata"]["generation"]
        conditions = set_condition(
            status.conditions,
            kind="Ready",
            status=ConditionStatus.FALSE,
            reason=reason,
            message=message,
            now=now,
            generation=generation,
        )
        await self.write_status(replace(status, conditions=conditions, message=message))

    def _object(self) -> Object:
        known = self._store.get(self._key.namespace, self._key.name)
        if known is None or is_going(known):
            raise ObjectGone(f"The TuningPolicy {self._key} is not there any more.")
        return known
