"""Sessions on a policy's database, from the Secrets that it names: ports.Target."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding
from pgtend.domain.policy import Policy
from pgtend.kube.secrets import Secrets
from pgtend.ports import CostModel, Database, Executor
from pgtend.postgres.connection import ConnectionLimits, Lane
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import ConnectionTarget, target_from_secret
from pgtend.postgres.tuner import open_tuner


class DatabaseSessions:
    """Implements ports.Target. After a refused or lost connection the Secret is read again."""

    def __init__(self, secrets: Secrets, limits: ConnectionLimits) -> None:
        self._secrets = secrets
        self._limits = limits

    @asynccontextmanager
    async def observe(self, policy: Policy) -> AsyncIterator[Database]:
        """See ports.Target. What the observer and the tuner themselves run is not counted as load."""
        with self._forgetting(policy, policy.observer_secret):
            target = await self._target(policy, policy.observer_secret, Aspect.CONNECTED)
            own = {target.user, *await self._tuner_name(policy)}
            async with open_observer(target, self._limits, own_roles=own) as observer:
                yield observer

    @asynccontextmanager
    async def plan(self, policy: Policy, catalog: Catalog) -> AsyncIterator[CostModel]:
        """See ports.Target."""
        with self._forgetting(policy, policy.observer_secret):
            target = await self._target(policy, policy.observer_secret, Aspect.WHAT_IF)
            async with open_cost_model(target, self._limits, catalog) as model:
                yield model

    @asynccontextmanager
    async def execute(self, policy: Policy) -> AsyncIterator[Executor]:
        """See ports.Target."""
        async with self._tuner(policy, Lane.EXECUTE) as tuner:
            yield tuner

    @asynccontextmanager
    async def alter(self, policy: Policy) -> AsyncIterator[Executor]:
        """See ports.Target."""
        async with self._tuner(policy, Lane.BUILD) as tuner:
            yield tuner

    @asynccontextmanager
    async def _tuner(self, policy: Policy, lane: Lane) -> AsyncIterator[Executor]:
        if policy.tuner_secret is None:
            raise ConnectionRefusedByTarget(
                Finding(
                    aspect=Aspect.TUNER_READY,
                    reason="NoTuner",
                    message="The policy names no spec.database.tuner, so pgtend is unable to change anything.",
                )
            )
        with self._forgetting(policy, policy.tuner_secret):
            target = await self._target(policy, policy.tuner_secret, Aspect.TUNER_READY)
            async with open_tuner(target, self._limits, lane=lane) as tuner:
                yield tuner

    async def _target(self, policy: Policy, secret: str, aspect: Aspect) -> ConnectionTarget:
        return target_from_secret(await self._secrets.read(policy.namespace, secret, aspect), secret, aspect)

    async def _tuner_name(self, policy: Policy) -> tuple[str, ...]:
        if policy.tuner_secret is None:
            return ()
        try:
            return ((await self._target(policy, policy.tuner_secret, Aspect.TUNER_READY)).user,)
        except ConnectionRefusedByTarget:
            return ()  # said when the tuner is looked at

    @contextmanager
    def _forgetting(self, policy: Policy, secret: str) -> Iterator[None]:
        try:
            yield
        except ConnectionRefusedByTarget:
            self._secrets.forget(policy.namespace, secret)
            raise
