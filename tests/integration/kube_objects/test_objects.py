"""Good and bad objects at a real API server: a bad one is refused with the sentence that its author needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client

from pgtend.kube.conversion import recommendation_from_object, status_to_object
from tests.integration.kube_objects.kubectl import APPLY_STATUS, Kubectl, policy, recommendation
from tests.integration.kube_objects.statuses import PROPOSED, written
from tests.servers.controlplane_cluster import Cluster

SATURDAYS = {"name": "saturdays", "schedule": "0 0 * * 6", "duration": "24h", "timeZone": "Europe/London"}
LAUNCH = {"name": "launch", "start": "2026-11-27T00:00:00Z", "end": "2026-12-01T00:00:00Z"}


@pytest.fixture(scope="module")
def objects(defined: Cluster) -> Iterator[client.CustomObjectsApi]:
    """The API for objects of any kind."""
    with defined.open_admin_client() as api:
        yield client.CustomObjectsApi(api)


def create(objects: client.CustomObjectsApi, namespace: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Have the API server check an object as if it were to be created."""
    plural = {"TuningPolicy": "tuningpolicies", "IndexRecommendation": "indexrecommendations"}[manifest["kind"]]
    answer = objects.create_namespaced_custom_object(
        "pgtend.dev", "v1alpha1", namespace, plural, manifest, dry_run="All", field_validation="Strict"
    )
    assert isinstance(answer, dict)
    return answer


def window(**changed: object) -> dict[str, Any]:
    """A policy with one window, changed; None takes a field away."""
    merged = {**SATURDAYS, **changed}
    return policy(freezeWindows=[{key: value for key, value in merged.items() if value is not None}])


def absolute(**changed: object) -> dict[str, Any]:
    """The same with an absolute window."""
    merged = {**LAUNCH, **changed}
    return policy(freezeWindows=[{key: value for key, value in merged.items() if value is not None}])


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(policy(), id="the smallest policy"),
        pytest.param(policy("a" * 40), id="a name of 40 characters"),
        pytest.param(policy(freezeWindows=[SATURDAYS, LAUNCH]), id="windows of both kinds"),
        pytest.param(policy(collectInterval="5s", tuneInterval="5s"), id="the shortest intervals"),
        pytest.param(policy(collectInterval="1h", tuneInterval="24h"), id="the longest intervals"),
        pytest.param(policy(collectInterval="1m30s"), id="a duration of two parts"),
        pytest.param(policy(budgets={"indexStorage": 1000000}), id="storage as a number"),
        pytest.param(policy(budgets={"indexStorage": "500M"}), id="storage as a quantity"),
        pytest.param(policy(budgets={"indexStorage": "1.5Gi"}), id="storage as a fraction"),
        pytest.param(policy(budgets={"indexStorage": "0"}), id="no storage at all"),
        pytest.param(policy(verification={"minDuration": "1m", "maxDuration": "1m"}), id="a short verification"),
        pytest.param(policy(verification={"minDuration": "80h", "maxDuration": "90h"}), id="a long verification"),
        pytest.param(policy(whatIf={"source": "Disabled"}), id="no what-if"),
        pytest.param(recommendation("bookings-payments-3fa9c1d2"), id="an empty spec"),
        pytest.param(
            {"apiVersion": "pgtend.dev/v1alpha1", "kind": "IndexRecommendation", "metadata": {"name": "a"}},
            id="no spec",
        ),
        pytest.param(recommendation("a" * 63), id="a name of 63 characters"),
        pytest.param(recommendation("a", approval="Approved"), id="the decision alone"),
        pytest.param(recommendation("a", approval="Rejected", comment="x" * 1000), id="a long comment"),
    ],
)
def test_a_good_object_is_taken(objects: client.CustomObjectsApi, shop: Kubectl, manifest: dict[str, Any]) -> None:
    create(objects, shop.namespace, manifest)


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        pytest.param(policy("a" * 41), "the name of a TuningPolicy has at most 40 characters", id="name too long"),
        pytest.param(policy("a.b"), "lower-case letters, digits and dashes", id="a dot in the name"),
        pytest.param(policy(database={}), "spec.database.observer: Required value", id="no observer"),
        pytest.param(
            policy(database={"observer": {"secretRef": {"name": "Not_A_Secret"}}}),
            "the name of a Secret consists of lower-case letters, digits, dashes and dots",
            id="no name of a secret",
        ),
        pytest.param(policy(mode="YOLO"), 'supported values: "Observe", "Recommend", "Auto"', id="mode"),
        pytest.param(policy(collectInterval="1s"), "must be a duration between 5s and 1h", id="too often"),
        pytest.param(policy(collectInterval="2h"), "must be a duration between 5s and 1h", id="too seldom"),
        pytest.param(policy(collectInterval="60"), "written like 90s, 15m or 1h30m", id="a duration without unit"),
        pytest.param(
            policy(collectInterval=60), 'collectInterval in body must be of type string: "integer"', id="a number"
        ),
        pytest.param(
            policy(collectInterval="10m", tuneInterval="5m"),
            "tuneInterval must not be shorter than collectInterval",
            id="intervals the wrong way round",
        ),
        pytest.param(policy(tuneInterval="30h"), "must be a duration between 5s and 24h", id="advice too seldom"),
        pytest.param(policy(whatIf={"source": "Replica"}), 'supported values: "Primary", "Disabled"', id="what-if"),
        pytest.param(policy(replicas=[]), 'unknown field "spec.replicas"', id="a field that would be ignored"),
        pytest.param(
            policy(budgets={"indexStorage": "lots"}), "must be a quantity of at least 0, like 20Gi", id="lots"
        ),
        pytest.param(
            policy(budgets={"indexStorage": "-1Gi"}), "must be a quantity of at least 0", id="negative storage"
        ),
        pytest.param(policy(budgets={"indexStorage": -1}), "must be a quantity of at least 0", id="negative bytes"),
        *(
            pytest.param(policy(budgets={"indexStorage": text}), "must be a quantity of at least 0", id=text)
            for text in ("1e999999999", "1e-999999999", "1E9", "100n", "9" * 16, "1.0001Gi", "2000Pi")
        ),
        pytest.param(
            policy(budgets={"maxIndexesPerTable": 0}),
            "should be greater than or equal to 1",
            id="no index at all",
        ),
        pytest.param(policy(budgets={"maxConcurrentBuilds": 99}), "should be less than or equal to 10", id="99 builds"),
        pytest.param(
            policy(verification={"minDuration": "73h"}),
            "minDuration must not be longer than maxDuration",
            id="minDuration beyond the default of maxDuration",
        ),
        pytest.param(policy(verification={"minDuration": "10s"}), "must be a duration between 1m and 168h", id="hasty"),
        pytest.param(policy(verification={"significance": "5"}), "a decimal fraction above 0 and at most 0.2", id="5"),
        pytest.param(policy(verification={"significance": "0.0"}), "a decimal fraction above 0", id="certainty"),
        pytest.param(
            policy(verification={"significance": 0.01}),
            'significance in body must be of type string: "number"',
            id="float",
        ),
        pytest.param(window(name=None), "spec.freezeWindows[0].name: Required value", id="a window without name"),
        pytest.param(window(name="Sat"), "a window's name consists of lower-case letters", id="name of a window"),
        pytest.param(
            window(duration=None), "a window with a schedule needs a duration and a timeZone", id="no duration"
        ),
        pytest.param(window(timeZone=None), "a window with a schedule needs a duration and a timeZone", id="no zone"),
        pytest.param(window(schedule=None), "give one of the two", id="a window without schedule"),
        pytest.param(window(start=LAUNCH["start"]), "give one of the two", id="a window of both kinds"),
        pytest.param(window(schedule="0 0 * *"), "a schedule has five fields like cron's", id="four fields"),
        pytest.param(window(schedule="0 0 * * * *"), "a schedule has five fields like cron's", id="six fields"),
        pytest.param(window(schedule="@daily"), "a schedule has five fields like cron's", id="a nickname"),
        pytest.param(window(duration="0s"), "must be a duration between 1m and 744h", id="an empty window"),
        pytest.param(window(timeZone="../zone"), "timeZone is the IANA name of a time zone", id="a path"),
        pytest.param(absolute(end=None), "an absolute window needs both start and end", id="no end"),
        pytest.param(absolute(start=None), "an absolute window needs both start and end", id="no start"),
        pytest.param(
            absolute(end="2026-11-26T00:00:00Z"), "the end of a window must be after its start", id="end before start"
        ),
        pytest.param(absolute(duration="1h"), "duration and timeZone belong to a window with a schedule", id="both"),
        *(
            pytest.param(absolute(**ends), "lie in the years 2000 to 2999", id=" ".join(ends.values()))
            for ends in (
                {"start": "0001-01-01T00:00:00+14:00"},
                {"end": "9999-12-31T23:59:59-05:00"},
                {"start": "1999-12-31T23:59:59Z"},
                {"end": "3000-01-01T00:00:00Z"},
            )
        ),
        pytest.param(absolute(start="tomorrow"), "must be of type date-time", id="not a time"),
        pytest.param(absolute(start="2026-11-27T00:00:00"), "must be of type date-time", id="a time without zone"),
        pytest.param(policy(freezeWindows=[SATURDAYS, SATURDAYS]), "freezeWindows[1]: Duplicate value", id="twice"),
        pytest.param(
            policy(freezeWindows=[{**SATURDAYS, "name": f"w{number}"} for number in range(51)]),
            "must have at most 50 items",
            id="51 windows",
        ),
        pytest.param(recommendation("a" * 64), "has at most 63 characters", id="a long name of a recommendation"),
        pytest.param(
            recommendation("a", approval="Sure"), 'supported values: "Pending", "Approved", "Rejected"', id="approval"
        ),
        *(
            pytest.param(recommendation("a", approval=value), sentence, id=f"approval: {value}")
            for value, sentence in (
                (True, 'spec.approval in body must be of type string: "boolean"'),
                (1, 'spec.approval in body must be of type string: "integer"'),
                ("approved", 'supported values: "Pending", "Approved", "Rejected"'),
            )
        ),
        pytest.param(recommendation("a", comment="x" * 1001), "may not be more than 1000", id="too long a comment"),
        pytest.param(recommendation("a", index={"table": "t"}), 'unknown field "spec.index"', id="an index in spec"),
        pytest.param(
            recommendation("a", policyRef={"name": ""}), "policyRef.name in body should be at least 1", id="no policy"
        ),
    ],
)
def test_a_bad_object_is_refused_with_a_sentence(
    objects: client.CustomObjectsApi, shop: Kubectl, manifest: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(client.ApiException) as refused:
        create(objects, shop.namespace, manifest)
    assert refused.value.status in {400, 422}
    message = json.loads(refused.value.body or "")["message"]
    assert sentence in message
    assert "compilation failed" not in message
    assert "no such" not in message


def test_defaults_are_written_into_the_object(objects: client.CustomObjectsApi, shop: Kubectl) -> None:
    spec = create(objects, shop.namespace, policy())["spec"]
    del spec["database"]
    assert spec == {
        "suspend": False,
        "mode": "Recommend",
        "aggressiveness": "Conservative",
        "collectInterval": "60s",
        "tuneInterval": "15m",
        "whatIf": {"source": "Primary", "sampleConstants": False},
        "freeze": {"runningBuild": "Cancel", "rollback": "Defer"},
        "budgets": {"maxIndexesPerTable": 10, "maxConcurrentBuilds": 1, "maxChangesPerDay": 10},
        "verification": {
            "minDuration": "30m",
            "maxDuration": "72h",
            "improvementPercent": 10,
            "regressionPercent": 10,
            "significance": "0.01",
        },
    }
    assert create(objects, shop.namespace, recommendation("a"))["spec"] == {"approval": "Pending"}


def test_a_status_comes_back_as_it_was_written(shop: Kubectl) -> None:
    manifest = recommendation("bookings-written-3fa9c1d2")
    shop("create", "-f", "-", send=manifest)
    status = status_to_object(PROPOSED)
    shop(*APPLY_STATUS, send=written(manifest, status))
    found = shop.read("idxrec", "bookings-written-3fa9c1d2")
    assert found["status"] == status
    assert recommendation_from_object(found).status == PROPOSED


@pytest.mark.parametrize(
    ("field", "value"),
    [("action", "Drop"), ("hash", "0" * 64), ("index", {"schema": "public", "table": "payments", "method": "hash"})],
)
def test_a_proposal_that_was_issued_cannot_become_another(shop: Kubectl, field: str, value: object) -> None:
    name = f"bookings-{field}-3fa9c1d2"
    manifest = recommendation(name)
    shop("create", "-f", "-", send=manifest)
    status = status_to_object(PROPOSED)
    shop(*APPLY_STATUS, send=written(manifest, status))
    proposal = status["proposal"]
    changed = {**proposal[field], **value} if isinstance(value, dict) else value
    complaint = shop.refused(
        *APPLY_STATUS, send=written(manifest, {**status, "proposal": {**proposal, field: changed}})
    )
    assert "a proposal cannot become another one" in complaint
    without = {key: part for key, part in status.items() if key != "proposal"}
    assert "a proposal that was issued stays" in shop.refused(*APPLY_STATUS, send=written(manifest, without))


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"policyRef": {"name": "other"}}},
        {"spec": {"policyRef": None}},
        {"spec": None},
        {"spec": {"policyRef": None, "approval": "Rejected"}},
    ],
)
def test_a_recommendation_stays_with_its_policy(shop: Kubectl, change: dict[str, Any]) -> None:
    shop("apply", "-f", "-", send=recommendation("moved", policyRef={"name": "bookings"}))
    complaint = shop.refused("patch", "idxrec", "moved", "--type=merge", "-p", json.dumps(change))
    assert "a recommendation stays with its policy" in complaint


def test_a_recommendation_that_names_no_policy_yet_may_be_given_one(shop: Kubectl) -> None:
    shop("apply", "-f", "-", send=recommendation("given"))
    shop("patch", "idxrec", "given", "--type=merge", "-p", '{"spec":{"comment":"mine"}}')
    shop("patch", "idxrec", "given", "--type=merge", "-p", '{"spec":{"policyRef":{"name":"bookings"}}}')


def test_recommendations_are_found_by_policy_and_by_approval(shop: Kubectl) -> None:
    shop("create", "-f", "-", send=recommendation("first", policyRef={"name": "one"}))
    shop("create", "-f", "-", send=recommendation("second", policyRef={"name": "two"}, approval="Rejected"))
    assert shop("get", "idxrec", "--field-selector=spec.policyRef.name=one", "-o", "name").split() == [
        "indexrecommendation.pgtend.dev/first"
    ]
    assert shop("get", "idxrec", "--field-selector=spec.approval=Rejected", "-o", "name").split() == [
        "indexrecommendation.pgtend.dev/second"
    ]


@pytest.mark.parametrize(
    ("path", "lesson"),
    [
        ("tp", "One Postgres database and how pgtend may tune it."),
        ("tp.spec.mode", "a person approves each"),
        ("tp.spec.database.observer.secretRef", "host, port, dbname, username"),
        ("tp.spec.freezeWindows.schedule", "every Saturday at midnight"),
        ("idxrec", "kubectl patch idxrec"),
        ("idxrec.spec.approval", "set Pending, then Approved"),
        ("idxrec.status.proposal.index", "No SQL text is ever"),
        ("idxrec.status.conditions", "Proposed, Approved, Applied and Verified"),
    ],
)
def test_kubectl_explain_teaches(shop: Kubectl, path: str, lesson: str) -> None:
    assert lesson in " ".join(shop("explain", path).split())
