"""From what happens to objects to what happens to loops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from pgtend.domain.finding import PgtendError
from pgtend.kube.client import Api
from pgtend.kube.events import Events, Regarding
from pgtend.kube.kinds import API_VERSION, INDEX_RECOMMENDATION, KINDS, TUNING_POLICY, Kind, PolicyKey
from pgtend.kube.listing import list_all
from pgtend.kube.loops import Loops
from pgtend.kube.recommendations import policy_name_of
from pgtend.kube.store import Change, Object, ObjectStore, is_going
from pgtend.serve.health import Progress

logger = logging.getLogger(__name__)

LIST_AGAIN_SECONDS = 240.0
DOUBT_SECONDS = 2.0
"""A watch that begins anew tells its objects one by one; one LIST then answers for them all."""
KINDS_AGAIN_SECONDS = 5.0
MOST_TOLD = 50
"""Recommendations without a policy of which it is said at a LIST."""
STARTING, WAKING = frozenset({Change.NEW, Change.SPEC}), frozenset({Change.NEW, Change.SPEC, Change.GONE})


class Tracking:
    """Keeps the stores, and with them the loops, as the API server has the objects.

    The watch tells most of it at once. A LIST every few minutes tells what a broken watch missed: above all deletions,
    which a watch that had to begin anew never tells.
    """

    def __init__(
        self,
        api: Api,
        loops: Loops,
        stores: Mapping[Kind, ObjectStore],
        namespaces: Sequence[str],
        progress: Progress,
        events: Events,
    ) -> None:
        self.stores = stores
        self._events = events
        self._api = api
        self._loops = loops
        self._namespaces = namespaces
        self._progress = progress
        self._doubt = asyncio.Event()
        """Set when the watch began anew, for then it may have missed deletions, and at a recommendation without a policy."""

    def see(self, kind: Kind, event: str | None, seen: Object) -> None:
        """Take in one event of the watch: ADDED, MODIFIED, DELETED, or None for what was there when it began."""
        store, deleted = self.stores[kind], event == "DELETED"
        if event is None:
            self._doubt.set()
        self._follow(kind, store.remove(seen) if deleted else store.put(seen), seen)

    async def wait_for_kinds(self) -> None:
        """Wait until both CRDs are installed, for kopf looks for them only once."""
        while True:
            try:
                served = await self._api.get(f"/apis/{API_VERSION}")
                if {kind.plural for kind in KINDS} <= {each["name"] for each in served["resources"]}:
                    self._progress.kinds_installed = True
                    return
            except PgtendError as error:
                logger.info("Waiting for the CRDs of %s: %s", API_VERSION, error)
            await asyncio.sleep(KINDS_AGAIN_SECONDS)

    async def list_again_and_again(self) -> None:
        """List all objects now, every few minutes from then on, and soon after the watch had to begin anew."""
        pause = 1.0
        while True:
            self._doubt.clear()
            try:
                for kind in KINDS:
                    for namespace in self._namespaces or (None,):
                        await self._list(kind, namespace)
            except PgtendError as error:
                logger.warning("The objects could not be listed: %s", error)
                self._progress.problem = f"the objects cannot be listed: {error}"
                pause = min(2 * pause, LIST_AGAIN_SECONDS)
            else:
                self._progress.problem, self._progress.listed = "", True
                pause = LIST_AGAIN_SECONDS
                await self._tell_of_orphans()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._doubt.wait()
                    await asyncio.sleep(DOUBT_SECONDS)

    async def _list(self, kind: Kind, namespace: str | None) -> None:
        items, version = await list_all(self._api, kind.path(namespace))
        for change, each in self.stores[kind].reconcile(items, version, namespace):
            self._follow(kind, change, each)

    def _follow(self, kind: Kind, change: Change, seen: Object) -> None:
        if kind is TUNING_POLICY:
            self._follow_policy(change, seen)
        elif kind is INDEX_RECOMMENDATION and change in WAKING:
            if change is Change.NEW and self._is_orphan(seen):
                self._doubt.set()
            namespace = seen["metadata"]["namespace"]
            self._loops.wake(PolicyKey(namespace=namespace, name=policy_name_of(seen, self.stores[TUNING_POLICY])))

    def _is_orphan(self, recommendation: Object) -> bool:
        policies = self.stores[TUNING_POLICY]
        return policies.get(recommendation["metadata"]["namespace"], policy_name_of(recommendation, policies)) is None

    async def _tell_of_orphans(self) -> None:
        """Say of a recommendation without a policy that it has none: no loop looks at it, so nobody else does."""
        orphans = (each for each in self.stores[INDEX_RECOMMENDATION] if self._is_orphan(each) and not is_going(each))
        for each in islice(orphans, MOST_TOLD):
            metadata = each["metadata"]
            name = policy_name_of(each, self.stores[TUNING_POLICY])
            missing = (
                f"There is no TuningPolicy {name} in namespace {metadata['namespace']}: create it, or delete this object and make it "
                "anew with another spec.policyRef."
                if name
                else "It names no TuningPolicy in spec.policyRef, and its name begins with that of none in its namespace: delete it."
            )
            regarding = Regarding(
                kind=INDEX_RECOMMENDATION, namespace=metadata["namespace"], name=metadata["name"], uid=metadata["uid"]
            )
            await self._events.post(
                regarding, "NoPolicy", f"{missing} Nothing is done with it until then.", warning=True
            )

    def _follow_policy(self, change: Change, seen: Object) -> None:
        metadata = seen["metadata"]
        key = PolicyKey(namespace=metadata["namespace"], name=metadata["name"])
        if change is Change.GONE or (change in STARTING and is_going(seen)):
            self._loops.stop(key)
        elif change in STARTING:
            self._loops.start(key, metadata["uid"])
            if change is Change.SPEC:
                self._loops.wake(key)


def ready_states(policies: Iterable[Object]) -> list[str]:
    """The status of the Ready condition of each policy."""
    found = []
    for policy in policies:
        conditions = (policy.get("status") or {}).get("conditions", [])
        found.append(next((str(each["status"]) for each in conditions if each["type"] == "Ready"), "Unknown"))
    return found


def phases(recommendations: Iterable[Object]) -> list[str]:
    """The phase of each recommendation."""
    return [str((each.get("status") or {}).get("phase", "")) for each in recommendations]
