"""Which existing indexes stay whatever the advice is, and when an approved drop is made no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.conditions import with_condition
from pgtend.domain.index import Index, IndexColumn
from pgtend.domain.recommendation import Action, Bounds, ConditionStatus, ConditionType, IntentKind, Recommendation
from pgtend.pipeline.advice_seeking import own_indexes, unsettled_indexes
from pgtend.pipeline.facts import Readiness, change_facts
from tests.unit.pipeline.fakes import NOW
from tests.unit.pipeline.world import ORDERS, World, applied, index_on, intend, recommend

TRUE, FALSE = ConditionStatus.TRUE, ConditionStatus.FALSE
NARROW = index_on(ORDERS, "a", name="narrow")
WIDE = replace(NARROW, columns=(IndexColumn(column="a"), IndexColumn(column="b")), name=None)


def _made(reason: str, verified: ConditionStatus = ConditionStatus.UNKNOWN) -> Recommendation:
    made = applied(recommend(intent=intend(IntentKind.BUILD)), TRUE, "Done")
    kind = ConditionType.VERIFIED
    status = with_condition(made.status, kind, verified, reason, "Said.", now=NOW, generation=1)
    return replace(made, status=status)


@pytest.mark.parametrize(
    ("change", "is_own", "is_unsettled"),
    [
        pytest.param(_made("Improved", TRUE), True, False, id="it helped"),
        pytest.param(_made("Measuring"), True, True, id="it is measured"),
        pytest.param(_made("Ineffective", FALSE), True, True, id="it was not enough"),
        pytest.param(_made("Inconclusive"), True, True, id="nobody can tell"),
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


def _problem(world: World) -> str | None:
    drop = recommend(Action.DROP, NARROW)
    return change_facts(drop, world.scene(), Bounds(size_bytes=1, write_cost=0.0), Readiness()).table_problem


@pytest.mark.parametrize("other", [NARROW, WIDE], ids=["the same", "a wider one"])
def test_an_index_may_be_dropped_while_another_one_can_stand_in_for_it(world: World, other: Index) -> None:
    world.server.put("narrow", NARROW)
    assert "No other index has all that this one has" in (_problem(world) or "")
    world.server.put("other", other)
    assert _problem(world) is None


def test_an_index_is_not_dropped_for_one_that_begins_otherwise(world: World) -> None:
    world.server.put("narrow", NARROW)
    world.server.put("other", replace(WIDE, columns=tuple(reversed(WIDE.columns))))
    assert _problem(world) is not None
