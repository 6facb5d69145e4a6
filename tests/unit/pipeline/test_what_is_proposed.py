"""What of the advice is not proposed: indexes that are not wanted (any more), and others next to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.domain.recommendation import (
    Action,
    ApprovalRecord,
    ApprovalState,
    ConditionStatus,
    IntentKind,
    Recommendation,
)
from pgtend.pipeline.advice_seeking import unwanted_indexes
from tests.unit.pipeline.world import applied, intend, recommend

TRUE, FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE


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
