"""When an approved drop is made no more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.change_facts import Readiness, change_facts
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index, IndexColumn
from pgtend.domain.recommendation import Action, Bounds
from pgtend.domain.scene import Scene
from tests.unit.core.catalogs import column, existing, table
from tests.unit.pipeline.fakes import HERE, NOW
from tests.unit.pipeline.world import ORDERS, PLAIN, index_on, recommend

NARROW = index_on(ORDERS, "a", name="narrow")
WIDE = replace(NARROW, columns=(IndexColumn(column="a"), IndexColumn(column="b")), name=None)
REVERSED = replace(WIDE, columns=tuple(reversed(WIDE.columns)))


def _problem(*others: Index) -> str | None:
    """What is in the way of dropping the narrow index beside others."""
    orders = table("orders", column("a"), column("b"))
    there = (existing(NARROW, "narrow"), *(existing(other, f"other {n}", oid=n) for n, other in enumerate(others, 2)))
    scene = Scene(
        now=NOW,
        policy=PLAIN,
        identity=HERE,
        catalog=Catalog(tables={orders.name: orders}, indexes=there),
        recommendations=(),
        tuner_problem=None,
        changes_in_last_day=0,
    )
    drop = recommend(Action.DROP, NARROW)
    return change_facts(drop, scene, Bounds(size_bytes=1, write_cost=0.0), Readiness()).table_problem


@pytest.mark.parametrize("other", [NARROW, WIDE], ids=["the same", "a wider one"])
def test_an_index_may_be_dropped_while_another_one_can_stand_in_for_it(other: Index) -> None:
    assert "No other index has all that this one has" in (_problem() or "")
    assert _problem(other) is None


def test_an_index_is_not_dropped_for_one_that_begins_otherwise() -> None:
    assert _problem(REVERSED) is not None
