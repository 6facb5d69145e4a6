"""Objects ↔ the domain's values."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from pydantic import BaseModel

from pgtend.core.conditions import with_condition
from pgtend.domain import policy as domain
from pgtend.domain.finding import PolicyInvalid
from pgtend.domain.policy_status import PolicyStatus
from pgtend.domain.recommendation import (
    ApprovalState,
    Condition,
    ConditionStatus,
    ConditionType,
    RecommendationStatus,
    Transition,
)
from pgtend.kube import display
from pgtend.kube.conversion import (
    policy_from_object,
    policy_status_from_object,
    policy_status_to_object,
    recommendation_from_object,
    recommendation_status_from_object,
    status_to_object,
)
from pgtend.kube.resources.index_recommendation import IndexRecommendationStatus
from pgtend.kube.resources.tuning_policy_status import TuningPolicyStatus
from tests.unit.kube.statuses import longer, policy_statuses, statuses

NOW = datetime(2026, 11, 23, 14, 0, 0, 123456, tzinfo=UTC)


def policy_object(**spec: Any) -> dict[str, Any]:
    """A TuningPolicy as the API server holds it."""
    return {
        "metadata": {
            "namespace": "shop",
            "name": "bookings",
            "uid": "u-1",
            "generation": 3,
            "creationTimestamp": "2026-11-23T13:00:00Z",
        },
        "spec": {"database": {"observer": {"secretRef": {"name": "bookings-observer"}}}, **spec},
    }


def recommendation_object(spec: object = None, status: object = None) -> dict[str, Any]:
    """An IndexRecommendation as the API server holds it."""
    metadata = {"namespace": "shop", "name": "bookings-a-1", "uid": "u-2", "generation": 1, "resourceVersion": "7"}
    return {"metadata": metadata, "spec": spec, "status": status}


def test_reads_a_policy_with_its_defaults() -> None:
    policy = policy_from_object(policy_object())
    assert policy == domain.Policy(
        namespace="shop",
        name="bookings",
        uid="u-1",
        generation=3,
        created_at=datetime(2026, 11, 23, 13, tzinfo=UTC),
        mode=domain.Mode.RECOMMEND,
        aggressiveness=domain.Aggressiveness.CONSERVATIVE,
        suspended=False,
        collect_interval=timedelta(seconds=60),
        tune_interval=timedelta(minutes=15),
        what_if=domain.WhatIfSource.PRIMARY,
        observer_secret="bookings-observer",
        tuner_secret=None,
    )


def test_reads_everything_that_a_policy_can_say() -> None:
    policy = policy_from_object(
        policy_object(
            database={"observer": {"secretRef": {"name": "o"}}, "tuner": {"secretRef": {"name": "t"}}},
            suspend=True,
            mode="Auto",
            aggressiveness="Moderate",
            collectInterval="1m30s",
            tuneInterval="1.5h",
            whatIf={"source": "Disabled"},
            freeze={"runningBuild": "Finish", "rollback": "Allow"},
            freezeWindows=[
                {"name": "saturdays", "schedule": "0 0 * * 6", "duration": "24h", "timeZone": "Europe/London"},
                {"name": "launch", "start": "2026-11-27T00:00:00+01:00", "end": "2026-12-01T00:00:00Z"},
            ],
            budgets={"maxIndexesPerTable": 5, "indexStorage": "20Gi", "maxConcurrentBuilds": 2, "maxChangesPerDay": 0},
            verification={"minDuration": "1m", "maxDuration": "2m", "improvementPercent": 5, "significance": "0.05"},
        )
    )
    assert (policy.observer_secret, policy.tuner_secret) == ("o", "t")
    assert policy.suspended
    assert (policy.mode, policy.aggressiveness) == (domain.Mode.AUTO, domain.Aggressiveness.MODERATE)
    assert (policy.collect_interval, policy.tune_interval) == (timedelta(seconds=90), timedelta(minutes=90))
    assert policy.what_if is domain.WhatIfSource.OFF
    assert (policy.running_build, policy.freeze_rollback) == (domain.RunningBuild.FINISH, domain.FreezeRollback.ALLOW)
    assert policy.freeze_windows == (
        domain.RecurringWindow(
            name="saturdays", schedule="0 0 * * 6", duration=timedelta(days=1), zone=ZoneInfo("Europe/London")
        ),
        domain.AbsoluteWindow(
            name="launch",
            start=datetime(2026, 11, 26, 23, tzinfo=UTC),
            end=datetime(2026, 12, 1, tzinfo=UTC),
        ),
    )
    assert policy.budgets == domain.Budgets(
        max_indexes_per_table=5, index_storage=20 * 2**30, max_concurrent_builds=2, max_changes_per_day=0
    )
    assert policy.verification == domain.Verification(
        min_duration=timedelta(minutes=1),
        max_duration=timedelta(minutes=2),
        improvement_percent=5.0,
        regression_percent=10.0,
        significance=0.05,
    )


@pytest.mark.parametrize(
    ("quantity", "size"), [("500M", 500 * 10**6), ("500Mi", 500 * 2**20), (1234, 1234), ("1.5k", 1500), ("0", 0)]
)
def test_reads_storage_as_kubernetes_does(quantity: object, size: int) -> None:
    assert policy_from_object(policy_object(budgets={"indexStorage": quantity})).budgets.index_storage == size


def recurring(**changed: Any) -> dict[str, Any]:
    """A policy with one recurring window."""
    window = {"name": "w", "schedule": "0 0 * * 6", "duration": "1h", "timeZone": "UTC", **changed}
    return {"freezeWindows": [{key: value for key, value in window.items() if value is not None}]}


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        pytest.param(recurring(timeZone="Europe/Londn"), "a timeZone that nobody knows, Europe/Londn", id="zone"),
        pytest.param(recurring(timeZone="Europe"), "a timeZone that nobody knows", id="a folder of zones"),
        pytest.param(recurring(timeZone=None), "needs a duration and a timeZone", id="no zone"),
        pytest.param(recurring(schedule="99 * * * *"), r'means nothing, "99 \* \* \* \*" \(bad minute\)', id="minute"),
        pytest.param(recurring(schedule="0 0 31 2 *"), "means nothing", id="the 31st of February"),
        pytest.param(recurring(schedule="0 0 * * blue"), "means nothing", id="day"),
        pytest.param(
            recurring(duration="soon"), "The duration of the freeze window w is not a duration", id="duration"
        ),
        pytest.param(
            {"freezeWindows": [{"name": "w", "start": "2026-11-27T00:00:00Z"}]}, "a start and an end", id="no end"
        ),
        pytest.param(
            {"freezeWindows": [{"name": "w", "start": "2026-11-27T00:00:00Z", "end": "2026-11-26T00:00:00Z"}]},
            "ends before it starts",
            id="end before start",
        ),
        pytest.param({"collectInterval": "often"}, "collectInterval is not a duration", id="interval"),
        pytest.param({"budgets": {"indexStorage": "lots"}}, "indexStorage is not a quantity", id="quantity"),
        pytest.param({"budgets": {"indexStorage": "1e999999999"}}, "indexStorage is not a quantity", id="an exponent"),
        pytest.param(
            {"freezeWindows": [{"name": "w", "start": "0001-01-01T00:00:00+14:00", "end": "2026-01-01T00:00:00Z"}]},
            "reaches beyond the years",
            id="before all years",
        ),
        pytest.param(
            {"freezeWindows": [{"name": "w", "start": "2026-01-01T00:00:00Z", "end": "9999-12-31T23:59:59-05:00"}]},
            "reaches beyond the years",
            id="after all years",
        ),
        pytest.param({"verification": {"significance": "high"}}, "is not a decimal fraction", id="significance"),
        pytest.param({"database": {}}, "spec.database.observer: Field required", id="no observer"),
        pytest.param({"mode": "YOLO"}, "spec.mode: Input should be 'Observe', 'Recommend' or 'Auto'", id="mode"),
    ],
)
def test_a_policy_that_means_nothing_gets_a_sentence(spec: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PolicyInvalid, match=sentence):
        policy_from_object(policy_object(**spec))


@pytest.mark.parametrize(
    ("spec", "unapproved_at"),
    [
        pytest.param({"approval": "Approved", "approvalGeneration": 7}, 6, id="approved by the seventh change"),
        pytest.param({"approval": "Approved", "approvalGeneration": 1}, 0, id="approved from the beginning"),
        pytest.param({"approval": "Approved"}, 0, id="in a cluster that does not write it down"),
        pytest.param({"approval": "Pending", "approvalGeneration": 7}, 0, id="taken away by the seventh change"),
    ],
)
def test_what_the_cluster_stamped_tells_when_the_approval_was_last_missing(
    spec: dict[str, Any], unapproved_at: int
) -> None:
    assert recommendation_from_object(recommendation_object(spec)).unapproved_at == unapproved_at


def test_reads_a_persons_part() -> None:
    read = recommendation_from_object(
        recommendation_object(
            {"policyRef": {"name": "bookings"}, "approval": "Approved", "approvedBy": "ann", "comment": "yes"}
        )
    )
    assert (read.policy, read.approval, read.approved_by, read.comment) == (
        "bookings",
        ApprovalState.APPROVED,
        "ann",
        "yes",
    )
    assert (read.namespace, read.name, read.uid, read.resource_version) == ("shop", "bookings-a-1", "u-2", "7")
    assert read.invalid == ""


@pytest.mark.parametrize("spec", [None, {}], ids=["none", "empty"])
def test_a_manifest_may_say_nothing_at_all(spec: object) -> None:
    read = recommendation_from_object(recommendation_object(spec))
    assert (read.approval, read.policy, read.invalid) == (ApprovalState.PENDING, "", "")


@pytest.mark.parametrize(
    ("spec", "status", "sentence"),
    [
        ({"approval": "Sure"}, None, "spec.approval: Input should be 'Pending', 'Approved' or 'Rejected'"),
        (
            {"approval": "Approved"},
            {"conditions": [{"type": "Proposed"}]},
            "status.conditions.0.status: Field required",
        ),
        ({"approval": "Approved"}, {"proposal": "drop everything"}, "status.proposal"),
        (
            {"approval": "Approved"},
            {"applied": 1, "intent": {"kind": "Explode", "indexName": "i", "definition": "", "at": "now"}},
            "status.intent.kind",
        ),
    ],
)
def test_nonsense_is_said_and_never_counts_as_approved(spec: object, status: object, sentence: str) -> None:
    read = recommendation_from_object(recommendation_object(spec, status))
    assert sentence in read.invalid
    assert read.approval is ApprovalState.PENDING
    assert read.status == RecommendationStatus()


def test_what_is_wrong_is_said_without_the_value() -> None:
    read = recommendation_from_object(recommendation_object({"approval": "hunter2"}))
    assert "hunter2" not in read.invalid


def test_an_index_key_of_both_kinds_is_nonsense() -> None:
    index = {"schema": "public", "table": "t", "method": "btree", "columns": [{"order": "Asc"}]}
    identity = {"systemIdentifier": "1", "oid": 1, "name": "d", "serverVersion": 150000}
    proposal = {
        "action": "Create",
        "index": index,
        "hash": "a",
        "database": identity,
        "bounds": {"sizeBytes": 1, "writeCost": 1},
    }
    read = recommendation_from_object(recommendation_object({}, {"proposal": proposal}))
    assert "an index key is either a column or an expression" in read.invalid


@given(status=statuses())
@settings(deadline=None)
def test_a_recommendations_status_is_read_as_it_was_written(status: RecommendationStatus) -> None:
    written = json.loads(json.dumps(status_to_object(status), allow_nan=False))
    expected = replace(status, transitions=status.transitions[-20:])
    assert recommendation_status_from_object(written) == expected
    assert recommendation_from_object(recommendation_object({}, written)).status == expected


@given(status=policy_statuses)
@settings(deadline=None)
def test_a_policys_status_is_read_as_it_was_written(status: PolicyStatus) -> None:
    written = json.loads(json.dumps(policy_status_to_object(status), allow_nan=False))
    assert policy_status_from_object(written) == status


@given(status=statuses(longer))
@settings(deadline=None, max_examples=30)
def test_long_texts_are_cut_once_and_for_all(status: RecommendationStatus) -> None:
    written = status_to_object(status)
    IndexRecommendationStatus.model_validate(written)
    assert status_to_object(recommendation_status_from_object(written)) == written


def test_texts_are_cut_at_the_schemas_maximum_and_the_newest_transitions_are_kept() -> None:
    condition = Condition(type="Proposed", status=ConditionStatus.TRUE, reason="Issued", message="x" * 5000, since=NOW)
    transitions = tuple(
        Transition(at=NOW, type="Proposed", status=ConditionStatus.TRUE, reason=f"R{number}", message="m")
        for number in range(30)
    )
    written = status_to_object(RecommendationStatus(conditions=(condition,), transitions=transitions))
    assert written["conditions"][0]["message"] == "x" * 999 + "…"
    assert [each["reason"] for each in written["transitions"]] == [f"R{number}" for number in range(10, 30)]


def test_a_number_that_json_cannot_say_is_refused() -> None:
    status = policy_status_from_object(
        {"observedGeneration": 1, "effective": {"mode": "Auto", "aggressiveness": "Moderate", "because": "spec"}}
    )
    with pytest.raises(ValueError, match="finite number"):
        policy_status_to_object(replace(status, unplannable_share=float("nan")))


def test_says_which_generation_was_looked_at() -> None:
    condition = Condition(
        type="Proposed", status=ConditionStatus.TRUE, reason="Issued", message="", since=NOW, observed_generation=4
    )
    assert status_to_object(RecommendationStatus(conditions=(condition,)))["observedGeneration"] == 4


def counterparts(model: type[BaseModel], value: type[Any]) -> list[tuple[type[BaseModel], type[Any]]]:
    """A model of a status, the domain's dataclass that it stands for, and the same for their parts."""
    found = [(model, value)]
    hints = get_type_hints(value)
    for name, field in model.model_fields.items():
        inner_models = _leaves(field.annotation, lambda kind: issubclass(kind, BaseModel))
        inner_values = _leaves(hints.get(name.rstrip("_")), is_dataclass)
        if len(inner_models) == len(inner_values) == 1:
            found += counterparts(inner_models[0], inner_values[0])
    return found


def _leaves(kind: Any, wanted: Any) -> list[Any]:
    if isinstance(kind, type) and wanted(kind):
        return [kind]
    return [leaf for part in get_args(kind) for leaf in _leaves(part, wanted)]


@pytest.mark.parametrize(
    ("model", "value"),
    [
        *counterparts(IndexRecommendationStatus, RecommendationStatus),
        *counterparts(TuningPolicyStatus, PolicyStatus),
    ],
)
def test_a_status_has_the_fields_of_the_domains_value(model: type[BaseModel], value: type[Any]) -> None:
    derived = {"display", "observed_generation"}
    assert {name.rstrip("_") for name in model.model_fields} - derived == {
        each.name for each in fields(value)
    } - derived


def test_what_is_outdated_shows_why_and_asks_for_no_approval() -> None:
    status = RecommendationStatus()
    for kind, reason, message in (
        (ConditionType.PROPOSED, "Outdated", "The workload does not call for it any more."),
        (ConditionType.APPROVED, "Pending", "Waits for a person."),
    ):
        status = with_condition(status, kind, ConditionStatus.FALSE, reason, message, now=NOW, generation=1)
    assert display.of_recommendation(status).message == "The workload does not call for it any more."
