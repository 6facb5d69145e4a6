"""From what happens to objects to what happens to loops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping, Sequence

from pgtend.domain.finding import PgtendError
from pgtend.kube.client import Api
from pgtend.kube.kinds import API_VERSION, INDEX_RECOMMENDATION, KINDS, TUNING_POLICY, Kind, PolicyKey
from pgtend.kube.loops import Loops
from pgtend.kube.recommendations import policy_name_of
from pgtend.kube.store import Change, Object, ObjectStore, is_going
from pgtend.serve.health import Progress

logger = logging.getLogger(__name__)

LIST_AGAIN_SECONDS = 240.0
DOUBT_SECONDS = 2.0
"""A watch that begins anew tells its objects one by one; one LIST then answers for them all."""
KINDS_AGAIN_SECONDS = 5.0
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
    ) -> None:
        self.stores = stores
        self._api = api
        self._loops = loops
        self._namespaces = namespaces
        self._progress = progress
        self._doubt = asyncio.Event()
        """Set when the watch began anew, for then it may have missed deletions."""

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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._doubt.wait()
                    await asyncio.sleep(DOUBT_SECONDS)

    async def _list(self, kind: Kind, namespace: str | None) -> None:
        items: list[Object] = []
        query = {"limit": "500"}
        while True:
            page = await self._api.get(kind.path(namespace), **query)
            items += page["items"]
            following = page["metadata"].get("continue")
            if not following:
                break
            query["continue"] = following
        version = int(page["metadata"]["resourceVersion"])
        for change, each in self.stores[kind].reconcile(items, version, namespace):
            self._follow(kind, change, each)

    def _follow(self, kind: Kind, change: Change, seen: Object) -> None:
        if kind is TUNING_POLICY:
            self._follow_policy(change, seen)
        elif kind is INDEX_RECOMMENDATION and change in WAKING:
            namespace = seen["metadata"]["namespace"]
            self._loops.wake(PolicyKey(namespace=namespace, name=policy_name_of(seen, self.stores[TUNING_POLICY])))

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
