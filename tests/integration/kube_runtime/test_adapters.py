"""The ports on a real API server: what is written, when, by whom, and what is said when it is refused."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pgtend.core.conditions import with_condition
from pgtend.domain.finding import (
    Aspect,
    ConnectionRefusedByTarget,
    LeadershipLost,
    ObjectGone,
    PolicyInvalid,
    WriteConflict,
)
from pgtend.domain.policy import Aggressiveness, Mode
from pgtend.domain.policy_status import Effective, PolicyStatus
from pgtend.domain.recommendation import (
    Condition,
    ConditionStatus,
    ConditionType,
    Recommendation,
    RecommendationStatus,
    Transition,
)
from pgtend.kube.client import Api
from pgtend.kube.events import Events
from pgtend.kube.kinds import INDEX_RECOMMENDATION, TUNING_POLICY, PolicyKey
from pgtend.kube.policies import PolicyObject
from pgtend.kube.recommendations import RecommendationObjects, is_unapproved
from pgtend.kube.secrets import Secrets
from pgtend.kube.store import ObjectStore

Make = Callable[..., Awaitable[dict[str, Any]]]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EARLIER = datetime(2026, 6, 1, 11, tzinfo=UTC)
NAME = "bookings-payments-3fa9c1d2"
WATCHING = PolicyStatus(
    observed_generation=1,
    effective=Effective(mode=Mode.RECOMMEND, aggressiveness=Aggressiveness.CONSERVATIVE),
    statements=3,
    unplannable_share=1.0,
)


@dataclass(kw_only=True)
class Scene:
    """The ports of one policy, and what they were made of."""

    api: Api
    namespace: str
    policies: ObjectStore = field(default_factory=ObjectStore)
    recommendations: ObjectStore = field(default_factory=lambda: ObjectStore(is_unapproved))
    transitions: list[Transition] = field(default_factory=list)
    leading: bool = True
    seconds: float = 0.0

    def fence(self) -> None:
        if not self.leading:
            raise LeadershipLost("not any more")

    @property
    def key(self) -> PolicyKey:
        return PolicyKey(namespace=self.namespace, name="bookings")

    def events(self) -> Events:
        return Events(self.api, instance="a-test", now=lambda: NOW, monotonic=lambda: self.seconds)

    def policy(self) -> PolicyObject:
        return PolicyObject(self.key, api=self.api, policies=self.policies, events=self.events(), fence=self.fence)

    def advice(self) -> RecommendationObjects:
        return RecommendationObjects(
            self.key,
            api=self.api,
            policies=self.policies,
            recommendations=self.recommendations,
            events=self.events(),
            fence=self.fence,
            on_transition=self.transitions.append,
        )

    async def look(self) -> None:
        """What the watch would do."""
        for kind, store in ((TUNING_POLICY, self.policies), (INDEX_RECOMMENDATION, self.recommendations)):
            listed = await self.api.get(kind.path(self.namespace))
            store.reconcile(listed["items"], int(listed["metadata"]["resourceVersion"]))

    async def get(self, name: str = NAME) -> dict[str, Any]:
        return await self.api.get(INDEX_RECOMMENDATION.path(self.namespace, name))

    async def posted(self) -> list[dict[str, Any]]:
        listed = await self.api.get(f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")
        return [each for each in listed["items"] if each["reportingController"] == "pgtend.dev/operator"]


@pytest.fixture
async def scene(api: Api, namespace: str, make_policy: Make) -> Scene:
    await make_policy()
    made = Scene(api=api, namespace=namespace)
    await made.look()
    return made


def proposed(status: RecommendationStatus) -> RecommendationStatus:
    return with_condition(
        status, ConditionType.PROPOSED, ConditionStatus.TRUE, "Issued", "It would help.", now=NOW, generation=1
    )


async def test_issues_an_object_with_its_owner_and_without_the_approval(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    found = await scene.get()
    assert issued.policy == "bookings"
    assert found["spec"] == {"approval": "Pending", "policyRef": {"name": "bookings"}}
    (owner,) = found["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"], owner["blockOwnerDeletion"]) == (
        "TuningPolicy",
        "bookings",
        True,
        False,
    )
    (managed,) = found["metadata"]["managedFields"]
    assert (managed["manager"], managed["operation"]) == ("pgtend", "Apply")
    assert "f:approval" not in managed["fieldsV1"]["f:spec"]
    assert await scene.advice().list() == (issued,)


async def test_knows_of_an_approval_that_was_renewed_between_two_looks_and_of_none_that_was_applied_again(
    scene: Scene, make_recommendation: Make
) -> None:
    first = await make_recommendation(NAME, policyRef={"name": "bookings"}, approval="Approved")

    async def decide(approval: str) -> dict[str, Any]:
        body = INDEX_RECOMMENDATION.head(scene.namespace, NAME)
        body["spec"] = {"approval": approval}
        return await scene.api.apply(INDEX_RECOMMENDATION.path(scene.namespace, NAME), body)

    scene.recommendations.put(first)
    scene.recommendations.put(await decide("Approved"))
    (known,) = await scene.advice().list()
    assert (known.generation, known.unapproved_at) == (1, 0)
    for approval in ("Pending", "Approved"):
        scene.recommendations.put(await decide(approval))
    (renewed,) = await scene.advice().list()
    assert (renewed.approval, renewed.generation, renewed.unapproved_at) == ("Approved", 3, 2)


async def test_adopts_an_object_that_a_person_made_and_keeps_the_decision(
    scene: Scene, make_recommendation: Make
) -> None:
    await make_recommendation(NAME, approval="Rejected", comment="not now")
    await scene.look()
    assert [each.name for each in await scene.advice().list()] == [NAME]
    adopted = await scene.advice().issue(NAME)
    assert (adopted.policy, adopted.approval, adopted.comment) == ("bookings", "Rejected", "not now")
    assert len((await scene.get())["metadata"]["ownerReferences"]) == 1


async def test_issuing_what_is_issued_writes_nothing(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    assert await scene.advice().issue(NAME) == issued
    assert (await scene.get())["metadata"]["resourceVersion"] == issued.resource_version


async def test_writes_a_status_when_it_changes_and_tells_the_transitions(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    status = proposed(issued.status)
    written = await scene.advice().write_status(issued, status)
    assert written.status == status
    assert (await scene.get())["status"]["phase"] == "Proposed"
    assert [each.reason for each in scene.transitions] == ["Issued"]
    again = await scene.advice().write_status(written, status)
    assert again.resource_version == written.resource_version
    assert (await scene.get())["metadata"]["resourceVersion"] == written.resource_version
    assert len(scene.transitions) == 1


async def test_a_status_is_not_written_on_an_object_that_changed_since(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    spec = {"spec": {"approval": "Rejected"}}
    await scene.api._request(
        "PATCH", INDEX_RECOMMENDATION.path(scene.namespace, NAME), {}, spec, "application/merge-patch+json"
    )
    with pytest.raises(WriteConflict):
        await scene.advice().write_status(issued, proposed(issued.status))
    (current,) = await scene.advice().list()
    assert current.approval == "Rejected"
    assert (await scene.advice().write_status(current, proposed(current.status))).status.phase == "Proposed"


async def test_an_object_that_is_gone_is_forgotten(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    await scene.api._request("DELETE", INDEX_RECOMMENDATION.path(scene.namespace, NAME), {})
    with pytest.raises(ObjectGone):
        await scene.advice().write_status(issued, proposed(issued.status))
    assert await scene.advice().list() == ()


async def test_an_object_that_was_made_anew_is_another(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    await scene.api._request("DELETE", INDEX_RECOMMENDATION.path(scene.namespace, NAME), {})
    with pytest.raises(ObjectGone):
        await scene.advice().write_status(replace(issued, resource_version=""), proposed(issued.status))
    anew = await Scene(api=scene.api, namespace=scene.namespace, policies=scene.policies).advice().issue(NAME)
    with pytest.raises(ObjectGone):
        await scene.advice().write_status(issued, proposed(issued.status))
    assert anew.uid != issued.uid


async def test_advice_goes_with_its_policy(scene: Scene) -> None:
    await scene.api._request("DELETE", TUNING_POLICY.path(scene.namespace, "bookings"), {})
    await scene.look()
    with pytest.raises(ObjectGone):
        await scene.advice().issue(NAME)
    with pytest.raises(ObjectGone):
        await scene.policy().read()


async def test_who_does_not_lead_writes_nothing(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    scene.leading = False
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: scene.advice().issue("bookings-guests-00000000"),
        lambda: scene.advice().write_status(issued, proposed(issued.status)),
        lambda: scene.advice().announce(issued, "Issued", "It would help."),
        lambda: scene.policy().write_status(WATCHING),
        lambda: scene.policy().announce("Invalid", "It means nothing."),
    ]
    for attempt in attempts:
        with pytest.raises(LeadershipLost):
            await attempt()
    assert (await scene.get())["metadata"]["resourceVersion"] == issued.resource_version
    assert await scene.posted() == []


async def test_writes_a_policys_status_when_it_changes(scene: Scene) -> None:
    await scene.policy().write_status(WATCHING)
    first = await scene.api.get(TUNING_POLICY.path(scene.namespace, "bookings"))
    assert first["status"]["statements"] == 3
    await scene.policy().write_status(WATCHING)
    second = await scene.api.get(TUNING_POLICY.path(scene.namespace, "bookings"))
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    await scene.policy().write_status(replace(WATCHING, statements=0))
    assert "statements" not in (await scene.api.get(TUNING_POLICY.path(scene.namespace, "bookings")))["status"]


async def test_says_that_a_pass_failed_and_leaves_the_rest(scene: Scene) -> None:
    await scene.policy().write_status(WATCHING)
    await scene.policy().say_unready("InternalError", "The last pass failed.", NOW)
    status = await scene.policy().read_status()
    assert status is not None
    assert (status.statements, status.message) == (3, "The last pass failed.")
    status = await scene.policy().read_status()
    assert status is not None
    (condition,) = status.conditions
    assert (condition.type, condition.status, condition.reason) == ("Ready", "False", "InternalError")


async def test_says_of_a_policy_that_cannot_be_read_that_nothing_else_is_known(scene: Scene) -> None:
    def condition(kind: str, status: ConditionStatus) -> Condition:
        return Condition(
            type=kind, status=status, reason="Ready", message="Said.", since=EARLIER, observed_generation=1
        )

    known = (condition("TunerReady", ConditionStatus.TRUE), condition("Ready", ConditionStatus.FALSE))
    await scene.policy().write_status(replace(WATCHING, conditions=known))
    await scene.policy().say_invalid("The policy cannot be read.", NOW)
    status = await scene.policy().read_status()
    assert status is not None
    assert {each.type: (each.status, each.reason, each.since) for each in status.conditions} == {
        "TunerReady": ("Unknown", "Invalid", NOW),
        "Ready": ("False", "Invalid", EARLIER),
    }
    assert (status.statements, status.message) == (3, "The policy cannot be read.")


async def test_reads_the_policy_and_says_what_means_nothing(scene: Scene, make_policy: Make) -> None:
    assert (await scene.policy().read()).observer_secret == "bookings-observer"
    window = {"name": "x", "schedule": "0 0 30 2 *", "duration": "1h", "timeZone": "Europe/London"}
    await scene.api._request(
        "PATCH",
        TUNING_POLICY.path(scene.namespace, "bookings"),
        {},
        {"spec": {"freezeWindows": [window]}},
        "application/merge-patch+json",
    )
    await scene.look()
    with pytest.raises(PolicyInvalid):
        await scene.policy().read()


async def test_says_an_event_once_an_hour(scene: Scene) -> None:
    issued = await scene.advice().issue(NAME)
    advice, policy = scene.advice(), scene.policy()
    for _ in range(3):
        await advice.announce(issued, "Issued", "It would help.")
        await policy.announce("Invalid", "It means nothing.", warning=True)
    await advice.announce(issued, "Issued", "It would help more.")
    found = {(each["regarding"]["kind"], each["type"], each["reason"], each["note"]) for each in await scene.posted()}
    assert found == {
        ("IndexRecommendation", "Normal", "Issued", "It would help."),
        ("IndexRecommendation", "Normal", "Issued", "It would help more."),
        ("TuningPolicy", "Warning", "Invalid", "It means nothing."),
    }
    assert len(await scene.posted()) == 3


async def test_a_restarted_operator_does_not_say_it_again(scene: Scene) -> None:
    for _ in range(2):
        await scene.policy().announce("Invalid", "It means nothing.")
    assert len(await scene.posted()) == 1


async def test_a_long_message_is_cut_to_what_an_event_takes(scene: Scene) -> None:
    await scene.policy().announce("Invalid", "ü" * 3000)
    (event,) = await scene.posted()
    assert len(event["note"].encode()) == 1024


async def test_an_event_that_cannot_be_posted_stops_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    recommendation = await scene.advice().issue(NAME)
    stranger = Recommendation(**{**vars(recommendation), "namespace": "no-such-namespace"})
    await scene.advice().announce(stranger, "Issued", "It would help.")
    assert "could not be posted" in caplog.text


async def write_secret(scene: Scene, **data: str) -> None:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "observer"}, "data": encoded}
    await scene.api.apply(f"/api/v1/namespaces/{scene.namespace}/secrets/observer", body)


async def test_reads_a_secret_again_after_two_minutes_or_when_it_did_not_do(scene: Scene) -> None:
    secrets = Secrets(scene.api, lambda: scene.seconds)
    await write_secret(scene, password="old")

    async def password() -> bytes:
        return (await secrets.read(scene.namespace, "observer", Aspect.CONNECTED))["password"]

    assert await password() == b"old"
    await write_secret(scene, password="new")
    assert await password() == b"old"
    secrets.forget(scene.namespace, "observer")
    assert await password() == b"new"
    await write_secret(scene, password="newest")
    scene.seconds += 120
    assert await password() == b"newest"
    assert "newest" not in repr(vars(secrets))


async def test_says_that_a_secret_is_missing(scene: Scene) -> None:
    with pytest.raises(ConnectionRefusedByTarget, match="There is no Secret nowhere in namespace") as raised:
        await Secrets(scene.api, lambda: 0.0).read(scene.namespace, "nowhere", Aspect.TUNER_READY)
    assert raised.value.finding.aspect is Aspect.TUNER_READY
    assert raised.value.finding.reason == "SecretNotFound"
