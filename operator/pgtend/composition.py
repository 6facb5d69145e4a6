"""Where the edges meet: secrets of the cluster become sessions on databases, and ports become one loop's body."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding
from pgtend.domain.index import Index
from pgtend.domain.policy import Policy
from pgtend.kube.edges import Composition, Edges
from pgtend.kube.kinds import PolicyKey
from pgtend.kube.operator import operate
from pgtend.kube.policies import PolicyObject
from pgtend.kube.recommendations import RecommendationObjects
from pgtend.kube.secrets import Secrets
from pgtend.pipeline.claims import Claims
from pgtend.pipeline.surroundings import Ports
from pgtend.pipeline.tending import Tending
from pgtend.ports import CostModel, Database, Executor
from pgtend.postgres import ddl
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import ConnectionTarget, target_from_secret
from pgtend.postgres.tuner import open_tuner
from pgtend.settings import Settings


class SecretReader(Protocol):
    """Reads Secrets of the cluster."""

    async def read(self, namespace: str, name: str, aspect: Aspect) -> Mapping[str, bytes]:
        """The decoded data; raises ConnectionRefusedByTarget with a finding of this aspect."""

    def forget(self, namespace: str, name: str) -> None:
        """Ask the API server at the next read."""


class SecretTarget:
    """Opens sessions from a policy's Secrets; implements ports.Target."""

    def __init__(self, secrets: SecretReader, limits: ConnectionLimits) -> None:
        self._secrets = secrets
        self._limits = limits

    @asynccontextmanager
    async def observe(self, policy: Policy) -> AsyncIterator[Database]:
        """A session as the observer."""
        async with self._target(policy, policy.observer_secret, Aspect.CONNECTED) as target:
            own_roles = [target.user]
            if policy.tuner_secret is not None:
                own_roles += await self._tuner_role(policy, policy.tuner_secret)
            async with open_observer(target, self._limits, own_roles=own_roles) as observer:
                yield observer

    @asynccontextmanager
    async def plan(self, policy: Policy, catalog: Catalog) -> AsyncIterator[CostModel]:
        """A session as the observer for hypothetical planning."""
        async with (
            self._target(policy, policy.observer_secret, Aspect.CONNECTED) as target,
            open_cost_model(target, self._limits, catalog) as model,
        ):
            yield model

    @asynccontextmanager
    async def execute(self, policy: Policy) -> AsyncIterator[Executor]:
        """A session as the tuner."""
        if policy.tuner_secret is None:
            message = "The policy names no spec.database.tuner, so pgtend is unable to change anything."
            raise ConnectionRefusedByTarget(Finding(aspect=Aspect.TUNER_READY, reason="NoTuner", message=message))
        async with (
            self._target(policy, policy.tuner_secret, Aspect.TUNER_READY) as target,
            open_tuner(target, self._limits) as tuner,
        ):
            yield tuner

    @asynccontextmanager
    async def _target(self, policy: Policy, secret: str, aspect: Aspect) -> AsyncIterator[ConnectionTarget]:
        """The target that a Secret names. A refusal makes the next read ask the API server: the Secret may be mended by then."""
        try:
            yield target_from_secret(await self._secrets.read(policy.namespace, secret, aspect), aspect)
        except ConnectionRefusedByTarget:
            self._secrets.forget(policy.namespace, secret)
            raise

    async def _tuner_role(self, policy: Policy, secret: str) -> list[str]:
        try:
            async with self._target(policy, secret, Aspect.TUNER_READY) as target:
                return [target.user]
        except ConnectionRefusedByTarget:
            # The tuner's own condition says what is wrong with it; observing goes on.
            return []


def describe_build(index: Index, name: str) -> str:
    """CREATE INDEX CONCURRENTLY as text for people."""
    return ddl.describe(index, name, concurrently=True)


def describe_removal(index: Index, name: str) -> str:
    """DROP INDEX CONCURRENTLY as text for people."""
    return ddl.describe_drop(index.schema, name, concurrently=True)


def compose(edges: Edges) -> Composition:
    """How loop bodies are made in the process that ``pgtend run`` is."""
    limits = ConnectionLimits(edges.settings.max_connections_per_server)
    target = SecretTarget(Secrets(edges.api, edges.clock.monotonic), limits)
    claims = Claims()

    def make_tending(key: PolicyKey, wake: Callable[[], None]) -> Tending:
        ports = Ports(
            clock=edges.clock,
            policies=PolicyObject(key, api=edges.api, policies=edges.policies, events=edges.events, fence=edges.fence),
            recommendations=RecommendationObjects(
                key,
                api=edges.api,
                policies=edges.policies,
                recommendations=edges.recommendations,
                events=edges.events,
                fence=edges.fence,
                on_transition=lambda change: edges.metrics.count_transition(change.type, change.reason),
            ),
            target=target,
            history=edges.history,
            describe_build=describe_build,
            describe_removal=describe_removal,
            fence=edges.fence,
            wake=wake,
        )
        return Tending(ports, claims)

    return Composition(make_tending=make_tending, open_connections=lambda: sum(limits.open_connections.values()))


async def run(settings: Settings) -> int:
    """Tend until a signal or the loss of leadership; returns the exit code."""
    return await operate(settings, compose)
