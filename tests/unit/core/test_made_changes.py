"""Which indexes are not advised, nor others next to them; and which existing ones stay whatever the advice is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.conditions import with_condition
from pgtend.core.made_changes import own_indexes, unsettled_indexes, unwanted_indexes
from pgtend.domain.recommendation import (
    Action,
    ApprovalRecord,
    ApprovalState,
    ConditionStatus,
    ConditionType,
    IntentKind,
    Recommendation,
)
from tests.unit.pipeline.fakes import NOW
from tests.unit.pipeline.world import ORDERS, applied, index_on, intend, recommend

TRUE, FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE
NARROW = index_on(ORDERS, "a", name="narrow")


def _rejected() -> Recommendation:
    proposed = recommend(approved=False)
    return replace(proposed, status=replace(proposed.status, approval=ApprovalRecord(state=ApprovalState.REJECTED)))


def _made(reason: str, verified: str) -> Recommendation:
    return applied(recommend(intent=intend(IntentKind.BUILD)), TRUE, reason, verified=verified)


@pytest.mark.parametrize(
    "unwanted",
    [
        pytest.param(_rejected(), id="a person rejected it"),
        pytest.param(applied(recommend(), FALSE, "RolledBack"), id="it was taken back"),
        pytest.param(applied(recommend(), FALSE, "RemovedByOthers"), id="somebody dropped it"),
        pytest.param(_made("Done", "Measuring"), id="it is measured"),
        pytest.param(_made("Done", "Regressed"), id="it made something slower and waits for the end of a freeze"),
        pytest.param(_made("RollingBack", "Regressed"), id="it is being taken back"),
    ],
)
def test_nothing_is_advised_next_to_an_index_when(unwanted: Recommendation) -> None:
    assert unwanted.status.proposal is not None
    assert list(unwanted_indexes((unwanted,))) == [unwanted.status.proposal.index]


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(recommend(approved=False), id="it is proposed"),
        pytest.param(recommend(), id="it is approved"),
        pytest.param(applied(recommend(intent=intend(IntentKind.BUILD)), FALSE, "Building"), id="it is being built"),
        pytest.param(_made("Done", "Improved"), id="it helped"),
        pytest.param(_made("Done", "Ineffective"), id="it was not enough"),
        pytest.param(applied(recommend(Action.DROP), FALSE, "RolledBack"), id="its drop was taken back"),
    ],
)
def test_others_may_be_advised_next_to_an_index_when(wanted: Recommendation) -> None:
    assert list(unwanted_indexes((wanted,))) == []


def _verified(reason: str, verified: ConditionStatus = ConditionStatus.UNKNOWN) -> Recommendation:
    made = applied(recommend(intent=intend(IntentKind.BUILD)), TRUE, "Done")
    kind = ConditionType.VERIFIED
    status = with_condition(made.status, kind, verified, reason, "Said.", now=NOW, generation=1)
    return replace(made, status=status)


@pytest.mark.parametrize(
    ("change", "is_own", "is_unsettled"),
    [
        pytest.param(_verified("Improved", TRUE), True, False, id="it helped"),
        pytest.param(_verified("Measuring"), True, True, id="it is measured"),
        pytest.param(_verified("Ineffective", FALSE), True, True, id="it was not enough"),
        pytest.param(_verified("Inconclusive"), True, True, id="nobody can tell"),
        pytest.param(recommend(), False, False, id="it is not made yet"),
        pytest.param(applied(recommend(), FALSE, "RolledBack"), False, False, id="it was taken back"),
        pytest.param(applied(recommend(Action.DROP, NARROW), TRUE, "Done"), False, False, id="it is a drop"),
    ],
)
def test_an_index_that_pgtend_made_is_not_dropped_for_another_nor_another_for_it_before_it_helped(
    change: Recommendation, is_own: bool, is_unsettled: bool
) -> None:
    assert list(own_indexes((change,))) == [change] * is_own
    assert list(unsettled_indexes((change,))) == [change] * is_unsettled
