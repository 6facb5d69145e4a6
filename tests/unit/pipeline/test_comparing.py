from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pgtend.domain.catalog import ForeignKey
from pgtend.domain.index import TableName
from pgtend.domain.recommendation import ConditionStatus, HelpedQuery, IntentKind, Recommendation
from pgtend.domain.scene import Scene
from pgtend.domain.verification import Measurement, TreatedRole
from pgtend.domain.workload import StatementKind
from pgtend.pipeline.comparing import baseline_of, without_unsteady_controls
from tests.unit.pipeline.fakes import NOW
from tests.unit.pipeline.world import (
    ITEMS,
    MINUTE,
    ORDERS,
    PARCELS,
    KnownStatements,
    World,
    applied,
    index_on,
    intend,
    recommend,
)


def baseline(world: World, change: Recommendation) -> Measurement | str:
    proposal = change.status.proposal
    assert proposal is not None
    return baseline_of(change, proposal, world.scene(), world.memory)


def controls(measurement: Measurement | str) -> set[str]:
    assert isinstance(measurement, Measurement)
    return {control.fingerprint for control in measurement.controls}


OTHER = recommend(index=index_on(ITEMS))
BUILDING = recommend(index=index_on(ITEMS), intent=intend(IntentKind.BUILD))
TAKEN_BACK_NOW = recommend(index=index_on(ITEMS), intent=intend(IntentKind.UNDO_BUILD))
MEASURING = applied(OTHER, ConditionStatus.TRUE, "Done", at=-180 * MINUTE, verified="Measuring")
LATELY = applied(OTHER, ConditionStatus.TRUE, "Done", at=-30 * MINUTE, verified="Improved")
ROLLED_BACK = applied(OTHER, ConditionStatus.FALSE, "RolledBack", at=-30 * MINUTE)
REMOVED = applied(OTHER, ConditionStatus.FALSE, "RemovedByOthers", at=-30 * MINUTE)
LONG_AGO = applied(OTHER, ConditionStatus.TRUE, "Done", at=-180 * MINUTE, verified="Improved")
WAITING = applied(OTHER, ConditionStatus.FALSE, "FreezeWindow", at=-30 * MINUTE)


@pytest.mark.parametrize("other", [BUILDING, TAKEN_BACK_NOW, MEASURING, LATELY, ROLLED_BACK, REMOVED])
async def test_a_baseline_has_no_control_on_a_table_that_another_change_moved(
    world: World, other: Recommendation
) -> None:
    change = recommend()
    world.add(change, other)
    assert controls(baseline(world, change)) == {"on parcels"}


@pytest.mark.parametrize("other", [OTHER, LONG_AGO, WAITING])
async def test_a_baseline_has_controls_on_tables_that_stood_still(world: World, other: Recommendation) -> None:
    change = recommend()
    world.add(change, other)
    assert controls(baseline(world, change)) == {"on items", "on parcels"}


async def test_a_change_is_no_reason_against_its_own_controls(world: World) -> None:
    change = recommend(intent=intend(IntentKind.BUILD))
    world.add(change)
    assert controls(baseline(world, change)) == {"on items", "on parcels"}


@pytest.mark.parametrize("minutes", [20, 45])
async def test_a_baseline_takes_no_slice_from_before_the_last_change_on_its_table(world: World, minutes: int) -> None:
    change = recommend()
    at = -minutes * MINUTE
    earlier = applied(recommend(index=index_on(ORDERS, "b")), ConditionStatus.TRUE, "Done", at=at, verified="Improved")
    world.add(change, earlier)
    taken = baseline(world, change)
    assert isinstance(taken, Measurement)
    assert taken.before_from == NOW + timedelta(seconds=at)
    assert [statement.before.n for statement in taken.treated] == [minutes]


async def test_a_baseline_is_not_there_yet_right_after_a_change_on_its_table_was_taken_back(world: World) -> None:
    change = recommend()
    earlier = applied(recommend(index=index_on(ORDERS, "b")), ConditionStatus.FALSE, "RolledBack", at=-5 * MINUTE)
    world.add(change, earlier)
    assert isinstance(baseline(world, change), str)


@pytest.mark.parametrize(
    ("other", "left"),
    [
        (BUILDING, {"on parcels"}),
        (replace(MEASURING, status=replace(MEASURING.status, applied_at=NOW)), {"on parcels"}),
        (applied(OTHER, ConditionStatus.FALSE, "RolledBack", at=10 * MINUTE), {"on parcels"}),
        (LATELY, {"on items", "on parcels"}),
        (LONG_AGO, {"on items", "on parcels"}),
    ],
)
async def test_a_measurement_loses_the_controls_whose_table_another_change_moves_meanwhile(
    world: World, other: Recommendation, left: set[str]
) -> None:
    change = recommend()
    world.add(change)
    taken = baseline(world, change)
    assert isinstance(taken, Measurement)
    world.add(other)
    begun = replace(taken, since=NOW)
    assert controls(without_unsteady_controls(begun, change, world.scene(), world.memory)) == left


def deletes_parcels(world: World, monkeypatch: pytest.MonkeyPatch, child: TableName) -> Scene:
    """The scene in which "on parcels" is a DELETE, and a table references what it deletes."""
    queries, name = world.memory.statements.queries, "on parcels"
    delete = replace(queries[name], kind=StatementKind.DELETE, target=PARCELS)
    monkeypatch.setattr(KnownStatements, "queries", {**queries, name: delete})
    key = ForeignKey(name="of_parcel", table=child, columns=("b",), parent=PARCELS, referenced=("a",))
    scene = world.scene()
    return replace(scene, catalog=replace(scene.catalog, foreign_keys=(key,)))


async def test_a_delete_is_touched_by_changes_on_tables_that_reference_what_it_deletes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = recommend()
    world.add(change)
    assert change.status.proposal is not None
    taken = baseline_of(change, change.status.proposal, deletes_parcels(world, monkeypatch, ORDERS), world.memory)
    assert controls(taken) == {"on items"}
    assert isinstance(taken, Measurement)
    assert "on parcels" in {each.fingerprint for each in taken.treated}


async def test_a_delete_is_no_control_while_a_table_that_references_what_it_deletes_is_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = recommend()
    world.add(change, MEASURING)
    assert change.status.proposal is not None
    taken = baseline_of(change, change.status.proposal, deletes_parcels(world, monkeypatch, ITEMS), world.memory)
    assert controls(taken) == set()


async def test_the_index_that_a_delete_lacks_is_measured_by_the_delete_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = recommend()
    evidence, proposal = change.status.evidence, change.status.proposal
    assert evidence is not None and proposal is not None
    delete = HelpedQuery(
        fingerprint="on parcels", text="", calls_per_hour=1.0, mean_ms=1.0, cost_before=9.0, cost_after=1.0
    )
    helped = replace(evidence, queries=(delete,))
    change = replace(change, status=replace(change.status, evidence=helped))
    world.add(change)
    taken = baseline_of(change, proposal, deletes_parcels(world, monkeypatch, ORDERS), world.memory)
    assert isinstance(taken, Measurement)
    assert "on parcels" in {each.fingerprint for each in taken.treated if each.role is TreatedRole.HELPED}
