"""A policy with its recommendations on the fakes, advanced pass by pass."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from pgtend.core.canonical import object_name, proposal_hash
from pgtend.core.conditions import with_condition
from pgtend.domain.catalog import Catalog, Column, DatabaseIdentity, RelationKind, Table
from pgtend.domain.finding import LeadershipLost
from pgtend.domain.index import Index, IndexColumn, TableName
from pgtend.domain.policy import AbsoluteWindow, Aggressiveness, Mode, Policy, WhatIfSource
from pgtend.domain.recommendation import (
    Action,
    ApprovalRecord,
    ApprovalState,
    Bounds,
    Condition,
    ConditionStatus,
    ConditionType,
    Evidence,
    Intent,
    IntentKind,
    Proposal,
    Recommendation,
    RecommendationStatus,
)
from pgtend.domain.scene import Scene
from pgtend.domain.verification import Measurement
from pgtend.domain.workload import Load, Query, Slice, StatementKind
from pgtend.pipeline.claims import Claims
from pgtend.pipeline.kept_slices import SliceRoom
from pgtend.pipeline.memory import Memory
from pgtend.pipeline.statements import Statements, TextRoom
from pgtend.pipeline.stepping import advance_all
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tending import Tending
from pgtend.ports import IndexState
from tests.unit.core.catalogs import existing
from tests.unit.pipeline.fakes import (
    HERE,
    NOW,
    HeldClock,
    HeldTarget,
    ListedHistory,
    Objects,
    OnePolicy,
    Server,
)

MINUTE = 60.0
ORDERS, ITEMS, PARCELS = (TableName(schema="public", table=name) for name in ("orders", "items", "parcels"))
MEASURED = Measurement(slice_seconds=MINUTE, before_from=NOW, before_to=NOW, treated=(), controls=())

PLAIN = Policy(
    namespace="shop",
    name="tune",
    uid="uid-of-policy",
    generation=1,
    created_at=NOW,
    mode=Mode.RECOMMEND,
    aggressiveness=Aggressiveness.CONSERVATIVE,
    suspended=False,
    collect_interval=timedelta(seconds=MINUTE),
    tune_interval=timedelta(hours=1),
    what_if=WhatIfSource.PRIMARY,
    observer_secret="observer",
    tuner_secret="tuner",
)


def freeze(begin: float, end: float) -> AbsoluteWindow:
    """A freeze window; both ends in seconds from the beginning."""
    return AbsoluteWindow(name="freeze", start=NOW + timedelta(seconds=begin), end=NOW + timedelta(seconds=end))


FROZEN = replace(PLAIN, freeze_windows=(freeze(0, 3600),))


def index_on(table: TableName, column: str = "a", name: str | None = None) -> Index:
    return Index(schema=table.schema, table=table.table, columns=(IndexColumn(column=column),), name=name)


def recommend(
    action: Action = Action.CREATE,
    index: Index | None = None,
    *,
    approved: bool = True,
    intent: Intent | None = None,
) -> Recommendation:
    """A recommendation that pgtend has issued; approved by a person, whose approval an intent has used."""
    index = index or index_on(ORDERS)
    hash_ = proposal_hash(action, index)
    state = ApprovalState.APPROVED if approved else ApprovalState.PENDING
    record = ApprovalRecord(state=state)
    if approved:
        record = ApprovalRecord(state=state, by="jane", at=NOW, consumed=intent is not None)
    status = RecommendationStatus(
        proposal=Proposal(
            action=action,
            index=index,
            hash=hash_,
            database=HERE,
            bounds=Bounds(size_bytes=1000, write_cost=1.0),
        ),
        evidence=Evidence(
            validated=True,
            cost_before=10.0,
            cost_after=1.0,
            saved_seconds_per_hour=1.0,
            size_bytes=1000,
            write_cost=1.0,
            queries=(),
        ),
        approval=record,
        intent=intent,
        index_name=intent.index_name if intent else "",
        measurement=MEASURED if intent else None,
    )
    return Recommendation(
        namespace="shop",
        name=object_name(PLAIN.name, index.table, hash_),
        uid=f"uid-{hash_[:8]}",
        generation=1,
        resource_version="1",
        policy=PLAIN.name,
        approval=state,
        approved_by="jane" if approved else "",
        comment="",
        status=status,
    )


def intend(kind: IntentKind, name: str = "orders_a_idx") -> Intent:
    return Intent(kind=kind, index_name=name, definition="", at=NOW)


def applied(
    recommendation: Recommendation,
    value: ConditionStatus,
    reason: str,
    *,
    at: float = 0.0,
    verified: str = "",
) -> Recommendation:
    """The recommendation with its condition Applied, and Verified where a reason is given; ``at`` in seconds."""
    now = NOW + timedelta(seconds=at)
    status = with_condition(
        recommendation.status, ConditionType.APPLIED, value, reason, "Said before.", now=now, generation=1
    )
    if value is ConditionStatus.TRUE:
        status = replace(status, applied_at=now)
    if verified:
        status = with_condition(
            status, ConditionType.VERIFIED, ConditionStatus.UNKNOWN, verified, "Said.", now=now, generation=1
        )
    return replace(recommendation, status=status)


class KnownStatements(Statements):
    """Statements of which one is on each table."""

    @property
    def queries(self) -> dict[str, Query]:
        return {
            f"on {table.table}": Query(
                fingerprint=f"on {table.table}",
                text=f"SELECT a FROM {table.table}",
                plannable="",
                kind=StatementKind.SELECT,
                relations=frozenset({table}),
            )
            for table in (ORDERS, ITEMS, PARCELS)
        }


def slices(count: int, *, until: float = 0.0) -> list[Slice]:
    """That many slices of a minute, up to a moment: each statement takes 5 ms a call, give or take a percent."""
    noise = Random(f"{count} {until}")
    return [
        Slice(
            start=NOW + timedelta(seconds=until - MINUTE * back),
            seconds=MINUTE,
            loads={
                f"on {table.table}": Load(calls=100, total_ms=500 * noise.gauss(1, 0.01))
                for table in (ORDERS, ITEMS, PARCELS)
            },
        )
        for back in range(count, 0, -1)
    ]


@dataclass(kw_only=True)
class World:
    """One loop and all that it works on."""

    policy: Policy = PLAIN
    here: DatabaseIdentity = HERE
    """What the observer is connected to."""
    dropped: set[TableName] = field(default_factory=set)
    """Tables that somebody has dropped."""
    wakes: int = 0
    lost: bool = False
    """Whether this process leads no more."""
    clock: HeldClock = field(default_factory=HeldClock)
    objects: Objects = field(default_factory=Objects)
    history: ListedHistory = field(default_factory=ListedHistory)
    policies: OnePolicy = field(default_factory=lambda: OnePolicy(policy=PLAIN))
    memory: Memory = field(init=False)
    server: Server = field(init=False)
    target: HeldTarget = field(init=False)
    ports: Ports = field(init=False)
    tending: Tending = field(init=False)

    def __post_init__(self) -> None:
        self.memory = Memory(statements=KnownStatements())
        self.memory.slices.extend(slices(60))
        self.server = Server(clock=self.clock)
        self.target = HeldTarget(server=self.server)
        self.ports = Ports(
            clock=self.clock,
            policies=self.policies,
            recommendations=self.objects,
            target=self.target,
            history=self.history,
            describe_build=lambda _, name: f"CREATE INDEX {name}",
            describe_removal=lambda _, name: f"DROP INDEX {name}",
            fence=self._fence,
            wake=self._wake,
        )
        self.tending = Tending(self.ports, Claims(), SliceRoom(), TextRoom())
        self.tending._memory = self.memory

    def _wake(self) -> None:
        self.wakes += 1

    def _fence(self) -> None:
        if self.lost:
            raise LeadershipLost("Another process leads.")

    def lose_leadership(self) -> None:
        """From now on another process leads."""
        self.lost = True

    def add(self, *recommendations: Recommendation) -> None:
        self.objects.stored |= {each.name: each for each in recommendations}

    def now_of(self, recommendation: Recommendation) -> Recommendation:
        """The recommendation as its object says it now."""
        return self.objects.stored[recommendation.name]

    def condition(self, recommendation: Recommendation, kind: ConditionType) -> Condition | None:
        return self.now_of(recommendation).status.condition(kind)

    def reason(self, recommendation: Recommendation, kind: ConditionType = ConditionType.APPLIED) -> str:
        """The reason of a condition; empty while it is not set."""
        condition = self.condition(recommendation, kind)
        return condition.reason if condition else ""

    def approve(self, recommendation: Recommendation, state: ApprovalState) -> None:
        """What a person writes into the spec."""
        known = self.now_of(recommendation)
        generation = known.generation + (state is not known.approval)
        unapproved_at = known.unapproved_at if state is ApprovalState.APPROVED else generation
        self.add(replace(known, approval=state, generation=generation, unapproved_at=unapproved_at))

    def catalog(self) -> Catalog:
        names = [name for name in (ORDERS, ITEMS, PARCELS) if name not in self.dropped]
        return Catalog(
            tables={
                name: Table(
                    oid=oid,
                    name=name,
                    kind=RelationKind.TABLE,
                    rows=1e6,
                    bytes=10**8,
                    columns={column: Column(name=column, type="bigint") for column in "ab"},
                )
                for oid, name in enumerate(names, start=1)
            },
            indexes=tuple(
                replace(
                    existing(there.index, name, oid=there.oid, valid=there.state is IndexState.VALID),
                    ready=there.state is IndexState.VALID,
                )
                for name, there in self.server.indexes.items()
            ),
        )

    def scene(self) -> Scene:
        """What a pass sees when it begins now."""
        return Scene(
            now=self.clock.now(),
            policy=self.policy,
            identity=self.here,
            catalog=self.catalog(),
            recommendations=tuple(self.objects.stored.values()),
            tuner_problem=None,
            changes_in_last_day=0,
        )

    async def run_whole_pass(self, *, after: float = 0.0) -> None:
        """As ``run_pass``, from the look at the database to the policy's status."""
        self.clock.advance(after)
        self.policies.policy = self.policy
        try:
            await self.tending.run_pass()
        finally:
            await self._settle()

    async def run_pass(self, *, after: float = 0.0) -> None:
        """Advance all, and let the works go on until each waits or has ended; ``after`` seconds from the last."""
        self.clock.advance(after)
        self.policies.policy = self.policy
        await advance_all(self.scene(), self.memory, self.ports)
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


def put_twins(world: World) -> None:
    """Two indexes of one definition, of which one is redundant."""
    world.server.put("orders_a_idx", index_on(ORDERS))
    world.server.put("orders_a_twin", index_on(ORDERS))
