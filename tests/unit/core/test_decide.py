from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pgtend.core.canonical import object_name, proposal_hash
from pgtend.core.conditions import with_condition
from pgtend.core.decide import (
    CHANGE_RULES,
    ROLLBACK_RULES,
    RUNNING_BUILD_RULES,
    condition_of,
    decide_change,
    decide_rollback,
    decide_running_build,
    policy_approves,
)
from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.decision import Answer, ChangeFacts, Decision
from pgtend.domain.index import (
    AccessMethod,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    FunctionCall,
    Index,
    IndexColumn,
)
from pgtend.domain.policy import (
    Aggressiveness,
    Budgets,
    FreezeRollback,
    Mode,
    Policy,
    RecurringWindow,
    RunningBuild,
    WhatIfSource,
)
from pgtend.domain.recommendation import (
    Action,
    ApprovalRecord,
    ApprovalState,
    Bounds,
    ConditionStatus,
    ConditionType,
    Evidence,
    Proposal,
    Recommendation,
    RecommendationStatus,
    Risk,
)

SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
GIB = 2**30

POLICY = Policy(
    namespace="shop",
    name="bookings",
    uid="1",
    generation=1,
    created_at=MONDAY - timedelta(days=1),
    mode=Mode.RECOMMEND,
    aggressiveness=Aggressiveness.CONSERVATIVE,
    suspended=False,
    collect_interval=timedelta(seconds=60),
    tune_interval=timedelta(minutes=15),
    what_if=WhatIfSource.PRIMARY,
    observer_secret="bookings-observer",
    tuner_secret="bookings-tuner",
    freeze_windows=(
        RecurringWindow(
            name="saturdays", schedule="0 0 * * 6", duration=timedelta(hours=24), zone=ZoneInfo("Europe/London")
        ),
    ),
    budgets=Budgets(index_storage=20 * GIB),
)
INDEX = Index(schema="public", table="payments", columns=(IndexColumn(column="booking_id"),))
PROPOSAL = Proposal(
    action=Action.CREATE,
    index=INDEX,
    hash=proposal_hash(Action.CREATE, INDEX),
    database=DatabaseIdentity(system_identifier="7", oid=16384, name="bookings", server_version=150020),
    bounds=Bounds(size_bytes=GIB, write_cost=100.0),
)
APPROVED = ApprovalRecord(state=ApprovalState.APPROVED, by="ada", at=MONDAY)
RECOMMENDATION = Recommendation(
    namespace="shop",
    name=object_name("bookings", "payments", PROPOSAL.hash),
    uid="2",
    generation=1,
    resource_version="1",
    policy="bookings",
    approval=ApprovalState.APPROVED,
    approved_by="ada",
    comment="",
    status=RecommendationStatus(proposal=PROPOSAL, approval=APPROVED),
)
READY = ChangeFacts(
    now=MONDAY,
    policy=POLICY,
    recommendation=RECOMMENDATION,
    database_matches=True,
    policy_problem=None,
    tuner_problem=None,
    table_exists=True,
    table_problem=None,
    equivalent_exists=None,
    indexes_on_table=1,
    storage_added=0,
    current_size_bytes=GIB,
    current_write_cost=100.0,
    running_builds=0,
    changes_in_last_day=0,
    unverified_on_table=None,
    baseline_problem=None,
)


def with_policy(**changes: object) -> ChangeFacts:
    return replace(READY, policy=replace(POLICY, **changes))  # type: ignore[arg-type]


def with_status(**changes: object) -> ChangeFacts:
    return replace(
        READY,
        recommendation=replace(RECOMMENDATION, status=replace(RECOMMENDATION.status, **changes)),  # type: ignore[arg-type]
    )


def with_object(**changes: object) -> ChangeFacts:
    return replace(READY, recommendation=replace(RECOMMENDATION, **changes))  # type: ignore[arg-type]


def with_action(action: Action, facts: ChangeFacts) -> ChangeFacts:
    hash_ = proposal_hash(action, INDEX)
    status = replace(RECOMMENDATION.status, proposal=replace(PROPOSAL, action=action, hash=hash_))
    recommendation = replace(RECOMMENDATION, name=object_name("bookings", "payments", hash_), status=status)
    return replace(facts, recommendation=recommendation)


def with_proposed(reason: str) -> ChangeFacts:
    status = with_condition(
        RECOMMENDATION.status,
        ConditionType.PROPOSED,
        ConditionStatus.FALSE,
        reason,
        "Not now.",
        now=MONDAY,
        generation=1,
    )
    return replace(READY, recommendation=replace(RECOMMENDATION, status=status))


WAIT, REFUSE = Answer.WAIT, Answer.REFUSE

CASES = [
    pytest.param(with_object(invalid="No table."), REFUSE, "NotIssued", "No table.", id="edited into nonsense"),
    pytest.param(with_status(proposal=None), REFUSE, "NotIssued", "not proposed", id="created by hand"),
    pytest.param(
        with_object(name="bookings-payments-00000000"), REFUSE, "NotIssued", "name", id="hash of another name"
    ),
    pytest.param(
        with_status(proposal=replace(PROPOSAL, index=replace(INDEX, include=("paid_at",)))),
        REFUSE,
        "NotIssued",
        "name",
        id="another definition under the hash",
    ),
    pytest.param(
        replace(READY, database_matches=False),
        REFUSE,
        "OtherDatabase",
        "Secret bookings-observer",
        id="another database",
    ),
    pytest.param(with_policy(mode=Mode.OBSERVE), WAIT, "ModeObserve", "Recommend", id="mode Observe"),
    pytest.param(
        replace(READY, policy_problem="No such zone."), WAIT, "PolicyInvalid", "corrected", id="policy unreadable"
    ),
    pytest.param(with_policy(suspended=True), WAIT, "Suspended", "spec.suspend", id="suspended"),
    pytest.param(replace(READY, tuner_problem="No tuner."), WAIT, "NoTuner", "No tuner.", id="no tuner"),
    pytest.param(with_status(approval=None), WAIT, "Pending", "spec.approval", id="nobody decided"),
    pytest.param(
        with_status(approval=replace(APPROVED, state=ApprovalState.REJECTED)), REFUSE, "Rejected", "ada", id="rejected"
    ),
    pytest.param(
        with_status(approval=replace(APPROVED, consumed=True)),
        REFUSE,
        "ReapprovalRequired",
        "Pending",
        id="used approval",
    ),
    pytest.param(
        replace(READY, current_size_bytes=2 * GIB + 1), REFUSE, "ReapprovalRequired", "2 GiB", id="outgrown in size"
    ),
    pytest.param(
        replace(READY, current_write_cost=200.1), REFUSE, "ReapprovalRequired", "200 an hour", id="outgrown in writes"
    ),
    pytest.param(replace(READY, table_exists=False), WAIT, "Preflight", "public.payments", id="table gone"),
    pytest.param(replace(READY, table_problem="Partitioned."), WAIT, "Preflight", "Partitioned.", id="table unfit"),
    pytest.param(replace(READY, equivalent_exists="by_hand"), REFUSE, "Outdated", "by_hand", id="there already"),
    pytest.param(with_proposed("Outdated"), WAIT, "NotCalledFor", "calls for it again", id="not called for"),
    pytest.param(
        replace(READY, now=SATURDAY),
        WAIT,
        "FreezeWindow",
        '"saturdays" is open until 2026-11-29 00:00 GMT',
        id="freeze window",
    ),
    pytest.param(replace(READY, changes_in_last_day=10), WAIT, "Budget", "maxChangesPerDay", id="changes of a day"),
    pytest.param(replace(READY, indexes_on_table=10), WAIT, "Budget", "maxIndexesPerTable", id="indexes of a table"),
    pytest.param(
        replace(READY, storage_added=19 * GIB + 1), WAIT, "Budget", "indexStorage of 20 GiB", id="index storage"
    ),
    pytest.param(replace(READY, running_builds=1), WAIT, "BuildSlot", "maxConcurrentBuilds is 1", id="another build"),
    pytest.param(replace(READY, unverified_on_table="other"), WAIT, "Unverified", "other", id="unverified neighbour"),
    pytest.param(replace(READY, baseline_problem="Too few."), WAIT, "Baseline", "Too few.", id="no baseline"),
    pytest.param(replace(READY, blockers=("pid 7",)), WAIT, "Preflight", "pid 7", id="old snapshot"),
]


@pytest.mark.parametrize(("facts", "answer", "reason", "says"), CASES)
def test_a_change_is_held_up_with_a_reason_and_a_sentence(
    facts: ChangeFacts, answer: Answer, reason: str, says: str
) -> None:
    decision = decide_change(facts)
    assert (decision.answer, decision.reason) == (answer, reason)
    assert says in decision.message
    assert decision.message.endswith(".")


@pytest.mark.parametrize(("facts", "answer", "reason", "says"), CASES)
def test_what_is_refused_shows_in_proposed_or_approved(
    facts: ChangeFacts, answer: Answer, reason: str, says: str
) -> None:
    if answer is Answer.REFUSE:
        assert condition_of(decide_change(facts)) is not ConditionType.APPLIED
    elif reason != "Pending":
        assert condition_of(decide_change(facts)) is ConditionType.APPLIED


def test_nothing_holds_up_a_ready_change() -> None:
    assert decide_change(READY).answer is Answer.PROCEED


def test_every_rule_objects_in_some_case() -> None:
    for rule in CHANGE_RULES:
        assert any(rule(case.values[0]) is not None for case in CASES), rule.__name__  # type: ignore[arg-type]


def test_the_first_objection_is_the_one_that_is_shown() -> None:
    facts = replace(with_policy(mode=Mode.OBSERVE), now=SATURDAY, running_builds=5, tuner_problem="No tuner.")
    assert decide_change(facts).reason == "ModeObserve"


@pytest.mark.parametrize("name", [rule.__name__ for rule in (*CHANGE_RULES, *ROLLBACK_RULES, *RUNNING_BUILD_RULES)])
def test_every_rule_says_what_it_is_about(name: str) -> None:
    docs = {rule.__name__: rule.__doc__ for rule in (*CHANGE_RULES, *ROLLBACK_RULES, *RUNNING_BUILD_RULES)}
    assert docs[name]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(replace(READY, indexes_on_table=10), id="as many indexes"),
        pytest.param(replace(READY, storage_added=30 * GIB), id="as much storage"),
        pytest.param(replace(READY, equivalent_exists="itself"), id="it is there"),
        pytest.param(replace(READY, current_size_bytes=9 * GIB), id="it has grown"),
    ],
)
def test_dropping_an_index_is_not_held_up_by_what_building_one_would_cost(facts: ChangeFacts) -> None:
    assert decide_change(with_action(Action.DROP, facts)).answer is Answer.PROCEED


def test_exactly_twice_what_was_approved_is_still_approved() -> None:
    assert decide_change(replace(READY, current_size_bytes=2 * GIB, current_write_cost=200.0)).answer is Answer.PROCEED


USED = replace(APPROVED, consumed=True)
APPLIED = with_status(approval=USED)


@pytest.mark.parametrize(
    ("facts", "answer", "reason"),
    [
        pytest.param(APPLIED, Answer.PROCEED, "Ready", id="at once"),
        pytest.param(replace(APPLIED, database_matches=False), REFUSE, "OtherDatabase", id="another database"),
        pytest.param(
            replace(APPLIED, policy=replace(POLICY, mode=Mode.OBSERVE)), WAIT, "ModeObserve", id="mode Observe"
        ),
        pytest.param(replace(APPLIED, policy_problem="No such zone."), WAIT, "PolicyInvalid", id="policy unreadable"),
        pytest.param(replace(APPLIED, policy=replace(POLICY, suspended=True)), WAIT, "Suspended", id="suspended"),
        pytest.param(replace(APPLIED, tuner_problem="No tuner."), WAIT, "NoTuner", id="no tuner"),
        pytest.param(replace(APPLIED, now=SATURDAY), WAIT, "FreezeWindow", id="deferred by a freeze"),
        pytest.param(
            replace(APPLIED, now=SATURDAY, policy=replace(POLICY, freeze_rollback=FreezeRollback.ALLOW)),
            Answer.PROCEED,
            "Ready",
            id="allowed in a freeze",
        ),
        pytest.param(
            replace(APPLIED, changes_in_last_day=99, running_builds=9), Answer.PROCEED, "Ready", id="no budget"
        ),
        pytest.param(with_status(approval=None), Answer.PROCEED, "Ready", id="no approval needed"),
    ],
)
def test_a_rollback_waits_for_nothing_but_what_forbids_all_changes(
    facts: ChangeFacts, answer: Answer, reason: str
) -> None:
    decision = decide_rollback(facts)
    assert (decision.answer, decision.reason) == (answer, reason)


@pytest.mark.parametrize(
    ("facts", "answer", "reason"),
    [
        pytest.param(APPLIED, Answer.PROCEED, "Ready", id="goes on"),
        pytest.param(replace(APPLIED, now=SATURDAY), WAIT, "FreezeWindow", id="a freeze cancels it"),
        pytest.param(
            replace(APPLIED, now=SATURDAY, policy=replace(POLICY, running_build=RunningBuild.FINISH)),
            Answer.PROCEED,
            "Ready",
            id="a freeze lets it finish",
        ),
        pytest.param(replace(APPLIED, policy=replace(POLICY, suspended=True)), Answer.PROCEED, "Ready", id="suspended"),
        pytest.param(
            replace(APPLIED, policy=replace(POLICY, mode=Mode.OBSERVE)), Answer.PROCEED, "Ready", id="mode Observe"
        ),
        pytest.param(
            with_status(approval=ApprovalRecord(state=ApprovalState.PENDING, at=MONDAY)),
            REFUSE,
            "Pending",
            id="approval taken away",
        ),
        pytest.param(
            with_status(approval=replace(APPROVED, state=ApprovalState.REJECTED)), REFUSE, "Rejected", id="rejected"
        ),
    ],
)
def test_a_running_build_is_ended_by_a_freeze_or_by_a_person(facts: ChangeFacts, answer: Answer, reason: str) -> None:
    decision = decide_running_build(facts)
    assert (decision.answer, decision.reason) == (answer, reason)


AUTO = replace(POLICY, mode=Mode.AUTO)
EVIDENCE = Evidence(
    validated=True,
    cost_before=100.0,
    cost_after=1.0,
    saved_seconds_per_hour=60.0,
    size_bytes=GIB,
    write_cost=100.0,
    queries=(),
)
LOWER = IndexColumn(expression=FunctionCall(function="lower", arguments=(ColumnArgument(column="email"),)))


def approves(policy: Policy = AUTO, evidence: Evidence = EVIDENCE, **index: object) -> Decision:
    changed = replace(PROPOSAL.index, **index)  # type: ignore[arg-type]
    return policy_approves(policy, replace(PROPOSAL, index=changed), evidence)


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        pytest.param(approves(policy=POLICY), "mode Recommend", id="in another mode"),
        pytest.param(approves(evidence=replace(EVIDENCE, validated=False)), "what-if", id="not validated"),
        pytest.param(approves(unique=True), "unique", id="unique"),
        pytest.param(approves(method=AccessMethod.GIN), "gin", id="another access method"),
        pytest.param(approves(columns=(LOWER,)), "expression", id="on an expression"),
        pytest.param(
            approves(predicate=(Comparison(column="deleted_at", operator=ComparisonOperator.IS_NULL),)),
            "partial",
            id="partial",
        ),
        pytest.param(
            policy_approves(AUTO, replace(PROPOSAL, action=Action.DROP), EVIDENCE), "drop an index", id="a drop"
        ),
        pytest.param(
            approves(evidence=replace(EVIDENCE, risk=Risk.HIGH)), "risk is High", id="a high risk, as Conservative"
        ),
    ],
)
def test_what_auto_does_not_approve_waits_for_a_person_and_says_why(decision: Decision, says: str) -> None:
    assert (decision.answer, decision.reason) == (Answer.WAIT, "Pending")
    assert says in decision.message


def test_auto_approves_a_validated_plain_btree() -> None:
    assert approves().answer is Answer.PROCEED
    assert approves(include=("amount",)).reason == "Policy"


@pytest.mark.parametrize(
    ("aggressiveness", "risk"),
    [
        (Aggressiveness.CONSERVATIVE, Risk.LOW),
        (Aggressiveness.CONSERVATIVE, Risk.MEDIUM),
        (Aggressiveness.MODERATE, Risk.HIGH),
        (Aggressiveness.AGGRESSIVE, Risk.HIGH),
    ],
)
def test_auto_takes_the_risk_that_its_aggressiveness_allows(aggressiveness: Aggressiveness, risk: Risk) -> None:
    policy = replace(AUTO, aggressiveness=aggressiveness)
    assert approves(policy=policy, evidence=replace(EVIDENCE, risk=risk)).answer is Answer.PROCEED
