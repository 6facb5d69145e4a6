"""The IndexRecommendations of one policy: ports.Recommendations on the API server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pgtend.domain.finding import ObjectGone, WriteConflict
from pgtend.domain.recommendation import ApprovalState, Recommendation, RecommendationStatus, Transition
from pgtend.kube.client import Api
from pgtend.kube.conversion import recommendation_from_object, status_to_object
from pgtend.kube.events import Events, Regarding
from pgtend.kube.kinds import API_VERSION, INDEX_RECOMMENDATION, TUNING_POLICY, PolicyKey
from pgtend.kube.store import Object, ObjectStore, is_going


class RecommendationObjects:
    """Implements ports.Recommendations for one policy.

    Reads come from the store that the watch feeds; writes go to the API server, guarded by the fence, and their answers
    into the store. A status is written against the resourceVersion that the decision was made on: if a person took an
    approval back meanwhile, the write fails with WriteConflict and nothing is begun.
    """

    def __init__(
        self,
        key: PolicyKey,
        *,
        api: Api,
        policies: ObjectStore,
        recommendations: ObjectStore,
        events: Events,
        fence: Callable[[], None],
        on_transition: Callable[[Transition], None],
    ) -> None:
        self._key = key
        self._api = api
        self._policies = policies
        self._store = recommendations
        self._events = events
        self._fence = fence
        self._on_transition = on_transition

    async def list(self) -> tuple[Recommendation, ...]:
        """See ports.Recommendations. What somebody is deleting is left out."""
        return tuple(
            self._read(each)
            for each in self._store.in_namespace(self._key.namespace)
            if not is_going(each) and policy_name_of(each, self._policies) == self._key.name
        )

    async def read(self, name: str) -> Recommendation | None:
        """See ports.Recommendations. Asks the API server: a loop may begin before its recommendations have been listed."""
        try:
            found = await self._api.get(INDEX_RECOMMENDATION.path(self._key.namespace, name))
        except ObjectGone:
            return None
        return None if is_going(found) else self._took_in(found)

    async def issue(self, name: str) -> Recommendation:
        """See ports.Recommendations. Sends the policy's name and the owner reference, never the approval: sending its
        default would make pgtend its owner, and a person's own server-side apply would meet a conflict.
        """
        policy = self._policies.get(self._key.namespace, self._key.name)
        if policy is None or is_going(policy):
            raise ObjectGone(f"The TuningPolicy {self._key} is not there any more.")
        owner = {
            "apiVersion": API_VERSION,
            "kind": TUNING_POLICY.name,
            "name": self._key.name,
            "uid": policy["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": False,
        }
        known = self._store.get(self._key.namespace, name)
        if known is not None and _belongs_to(known, owner) and not is_going(known):
            return self._read(known)
        body = INDEX_RECOMMENDATION.head(self._key.namespace, name, ownerReferences=[owner])
        body["spec"] = {"policyRef": {"name": self._key.name}}
        self._fence()
        return self._took_in(await self._api.apply(INDEX_RECOMMENDATION.path(self._key.namespace, name), body))

    async def write_status(self, recommendation: Recommendation, status: RecommendationStatus) -> Recommendation:
        """See ports.Recommendations. After a WriteConflict the store holds the object as it now is."""
        namespace, name = recommendation.namespace, recommendation.name
        wanted = status_to_object(status)
        known = self._store.get(namespace, name)
        if known is not None and _is(known, recommendation) and known.get("status", {}) == wanted:
            return self._read(known)
        body = INDEX_RECOMMENDATION.head(
            namespace, name, uid=recommendation.uid, resourceVersion=recommendation.resource_version
        )
        body["status"] = wanted
        self._fence()
        try:
            answer = await self._api.apply(INDEX_RECOMMENDATION.path(namespace, name, subresource="status"), body)
        except WriteConflict:
            await self._look_again(recommendation)
            raise
        except ObjectGone:
            if known is not None and known["metadata"]["uid"] == recommendation.uid:
                self._store.remove(known)
            raise
        for transition in status.transitions:
            if transition not in recommendation.status.transitions:
                self._on_transition(transition)
        return self._took_in(answer)

    async def announce(
        self, recommendation: Recommendation, reason: str, message: str, *, warning: bool = False
    ) -> None:
        """See ports.Recommendations."""
        self._fence()
        regarding = Regarding(
            kind=INDEX_RECOMMENDATION,
            namespace=recommendation.namespace,
            name=recommendation.name,
            uid=recommendation.uid,
        )
        await self._events.post(regarding, reason, message, warning=warning)

    async def _look_again(self, recommendation: Recommendation) -> None:
        found = await self._api.get(INDEX_RECOMMENDATION.path(recommendation.namespace, recommendation.name))
        self._store.put(found)
        if found["metadata"]["uid"] != recommendation.uid:
            raise ObjectGone(f"The IndexRecommendation {recommendation.name} was deleted and made anew.")

    def _took_in(self, answer: dict[str, Any]) -> Recommendation:
        self._store.put(answer)
        return self._read(answer)

    def _read(self, seen: Object) -> Recommendation:
        read = recommendation_from_object(seen)
        # What the watch saw, and what the API server itself wrote down while nobody watched.
        return replace(read, unapproved_at=max(read.unapproved_at, self._store.marked_at(read.uid)))


def is_unapproved(recommendation: Object) -> bool:
    """Whether spec.approval says something else than Approved; an ObjectStore that marks these knows of approvals renewed."""
    return bool((recommendation.get("spec") or {}).get("approval") != ApprovalState.APPROVED)


def policy_name_of(recommendation: Object, policies: ObjectStore) -> str:
    """The policy that a recommendation belongs to: the one it names, else its controller, else the one that its name begins with, else "".

    What it names comes first, because that cannot be changed any more once it is there; owner references can.
    """
    reference = (recommendation.get("spec") or {}).get("policyRef") or {}
    named: str = reference.get("name", "")
    if named:
        return named
    metadata = recommendation["metadata"]
    for owner in metadata.get("ownerReferences", []):
        if owner.get("controller") and (owner["apiVersion"], owner["kind"]) == (API_VERSION, TUNING_POLICY.name):
            return str(owner["name"])
    names = [policy["metadata"]["name"] for policy in policies.in_namespace(metadata["namespace"])]
    return max((name for name in names if metadata["name"].startswith(f"{name}-")), key=len, default="")


def _belongs_to(known: Object, owner: dict[str, Any]) -> bool:
    reference = (known.get("spec") or {}).get("policyRef") or {}
    return reference.get("name") == owner["name"] and owner in known["metadata"].get("ownerReferences", [])


def _is(known: Object, recommendation: Recommendation) -> bool:
    metadata = known["metadata"]
    return bool(
        metadata["uid"] == recommendation.uid and metadata["resourceVersion"] == recommendation.resource_version
    )
