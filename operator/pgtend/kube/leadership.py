"""One process at a time may act: leadership by a coordination Lease.

The algorithm is that of Kubernetes' own components (client-go's leaderelection): whoever holds the Lease renews it; whoever
watches it takes it over when it has not changed for its duration, counted on the watcher's own clock, so clocks need not
agree. The holder stops trusting itself when the same duration has passed on its own clock since it began its last
successful renewal, which is earlier than any watcher can see it. Counted is CLOCK_BOOTTIME: it goes on while the process
or the whole machine is suspended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from pgtend.domain.finding import ApiUnavailable, LeadershipLost, ObjectGone, WriteConflict
from pgtend.kube.client import Api

logger = logging.getLogger(__name__)

LEASE_NAME = "pgtend"
LEASE_SECONDS = 15
RENEW_SECONDS = 4.0
RETRY_SECONDS = 1.5
RENEW_DEADLINE_SECONDS = 12.0
"""A holder that could not renew for so long gives up, before anybody can take the Lease over."""


def seconds_since_boot() -> float:
    """A clock that only grows and does not stand still in a suspended machine."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Leadership:
    """The Lease as this process sees it."""

    def __init__(
        self,
        api: Api,
        *,
        namespace: str,
        identity: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = seconds_since_boot,
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._list_path = f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases"
        self._path = f"{self._list_path}/{LEASE_NAME}"
        self._identity = identity
        self._now = now
        self._clock = clock
        self._lease: dict[str, Any] | None = None
        """The Lease as this process last wrote it, while it leads."""
        self._trusted_until: float | None = None
        self._seen: tuple[str, float] | None = None
        """The resourceVersion last seen while waiting, and when it was first seen."""

    @property
    def is_leader(self) -> bool:
        """Whether this process may act now."""
        return self._trusted_until is not None and self._clock() < self._trusted_until

    def check(self) -> None:
        """Raise LeadershipLost unless this process may act now; called right before every write and every DDL."""
        if not self.is_leader:
            raise LeadershipLost(
                "This process has not renewed its Lease in time, so another one may be leading; it ends without acting."
            )

    async def acquire(self, on_standby: Callable[[], None]) -> None:
        """Wait until the Lease is ours; tells when somebody else has it. Raises AccessDenied without a right to it."""
        told = ""
        while True:
            started = self._clock()
            wait, holder = RETRY_SECONDS, ""
            try:
                wait, holder = await self._try_to_acquire(started)
            except (WriteConflict, ApiUnavailable) as error:
                logger.debug("The Lease could not be had: %s", error)
            if self.is_leader:
                logger.info("This process leads now, as %s.", self._identity)
                return
            if holder and holder != told:
                told = holder
                on_standby()
                logger.info("Standing by: %s leads.", holder)
            await asyncio.sleep(wait)

    async def keep(self) -> None:
        """Renew for ever. Raises LeadershipLost when somebody else has the Lease or it could not be renewed in time."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await self._renew()

    async def release(self) -> None:
        """Let the next process take the Lease at once. Does nothing when this one does not lead."""
        if not self.is_leader or self._lease is None:
            return
        self._trusted_until = None
        with contextlib.suppress(WriteConflict, ApiUnavailable, ObjectGone):
            await self._write(self._lease, holder="", seconds=1)

    async def _try_to_acquire(self, started: float) -> tuple[float, str]:
        """How long to wait before the next attempt, and who leads."""
        try:
            lease = await self._api.get(self._path)
        except ObjectGone:
            await self._take(None, started)
            return 0.0, ""
        spec, version = lease.get("spec") or {}, lease["metadata"]["resourceVersion"]
        if self._seen is None or self._seen[0] != version:
            self._seen = (version, self._clock())
        holder = spec.get("holderIdentity") or ""
        free_at = self._seen[1] + (spec.get("leaseDurationSeconds") or LEASE_SECONDS)
        if not holder or self._clock() >= free_at:
            await self._take(lease, started)
            return 0.0, ""
        return max(0.05, min(RETRY_SECONDS, free_at - self._clock())), holder

    async def _take(self, lease: dict[str, Any] | None, started: float) -> None:
        transitions = 0 if lease is None else ((lease.get("spec") or {}).get("leaseTransitions") or 0) + 1
        stamp = _micro_time(self._now())
        fresh = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"namespace": self._namespace, "name": LEASE_NAME},
            "spec": {
                "holderIdentity": self._identity,
                "leaseDurationSeconds": LEASE_SECONDS,
                "acquireTime": stamp,
                "renewTime": stamp,
                "leaseTransitions": transitions,
            },
        }
        if lease is None:
            self._lease = await self._api.create(self._list_path, fresh)
        else:
            self._lease = await self._api.replace(self._path, {**lease, "spec": fresh["spec"]})
        self._trusted_until = started + LEASE_SECONDS

    async def _renew(self) -> None:
        assert self._trusted_until is not None, "renewed before it was acquired"
        deadline = self._trusted_until - LEASE_SECONDS + RENEW_DEADLINE_SECONDS
        while True:
            self.check()
            started = self._clock()
            try:
                async with asyncio.timeout(max(0.1, deadline - started)):
                    await self._renew_once()
            except (ApiUnavailable, WriteConflict, TimeoutError) as error:
                if self._clock() + RETRY_SECONDS >= deadline:
                    self._trusted_until = None
                    raise LeadershipLost(
                        "The Lease could not be renewed in time: the Kubernetes API is away."
                    ) from None
                logger.warning("The Lease is not renewed yet: %s", error or "no answer")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._trusted_until = started + LEASE_SECONDS
                return

    async def _renew_once(self) -> None:
        """Write the Lease anew; where somebody touched it, only if it is still ours."""
        assert self._lease is not None, "renewed before it was acquired"
        try:
            self._lease = await self._write(self._lease, holder=self._identity, seconds=LEASE_SECONDS)
        except (WriteConflict, ObjectGone):
            try:
                found = await self._api.get(self._path)
            except ObjectGone:
                found = {}
            if (found.get("spec") or {}).get("holderIdentity") != self._identity:
                self._trusted_until = None
                raise LeadershipLost("Another process has taken the Lease; this one ends.") from None
            self._lease = await self._write(found, holder=self._identity, seconds=LEASE_SECONDS)

    async def _write(self, lease: dict[str, Any], *, holder: str, seconds: int) -> dict[str, Any]:
        spec = {
            **lease["spec"],
            "holderIdentity": holder,
            "leaseDurationSeconds": seconds,
            "renewTime": _micro_time(self._now()),
        }
        return await self._api.replace(self._path, {**lease, "spec": spec})


def _micro_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
