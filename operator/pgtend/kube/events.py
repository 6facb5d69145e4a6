"""Events on our objects (events.k8s.io/v1), each said once an hour at most.

An Event lives for an hour on most clusters, so what still holds after that is worth saying again. The name of an Event is
made of what it says: a restarted operator that says the same meets AlreadyExists and leaves it there.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from pgtend.domain.finding import AccessDenied, ApiUnavailable, ObjectGone, ObjectRefused, WriteConflict
from pgtend.kube.client import Api
from pgtend.kube.kinds import API_VERSION, Kind

logger = logging.getLogger(__name__)

SAID_AGAIN_SECONDS = 3600.0
REMEMBERED = 10_000
CONTROLLER = "pgtend.dev/operator"
LONGEST_NAME = 253
LONGEST_NOTE = 1024
"""Bytes; the API server's own limit."""


@dataclass(frozen=True, kw_only=True)
class Regarding:
    """The object that an Event is about."""

    kind: Kind
    namespace: str
    name: str
    uid: str


def _event_name(name: str, digest: str) -> str:
    """A name of at most 253 characters for an Event on the object of that name."""
    return f"{name[: LONGEST_NAME - len(digest) - 1].rstrip('.-')}.{digest}"


class Events:
    """Posts Events and remembers, within bounds, what has been said."""

    def __init__(self, api: Api, *, instance: str, now: Callable[[], datetime], monotonic: Callable[[], float]) -> None:
        self._api = api
        self._instance = instance
        self._now = now
        self._monotonic = monotonic
        self._said: OrderedDict[str, float] = OrderedDict()

    async def post(self, regarding: Regarding, reason: str, message: str, *, warning: bool = False) -> None:
        """Say it, unless it was said within the hour. A lost Event stops nothing: conditions say the same and stay."""
        digest = hashlib.sha256("\0".join([regarding.uid, reason, message]).encode()).hexdigest()[:20]
        now = self._monotonic()
        if digest in self._said and now - self._said[digest] < SAID_AGAIN_SECONDS:
            return
        level = logging.WARNING if warning else logging.INFO
        logger.log(level, "%s %s/%s %s: %s", regarding.kind.name, regarding.namespace, regarding.name, reason, message)
        path = f"/apis/events.k8s.io/v1/namespaces/{quote(regarding.namespace, safe='')}/events"
        try:
            await self._api.create(path, self._event(regarding, reason, message, digest, warning=warning))
        except WriteConflict:
            pass  # said already, by the process before us
        except (AccessDenied, ApiUnavailable, ObjectGone, ObjectRefused) as error:
            logger.warning("An Event on %s %s could not be posted: %s", regarding.kind.name, regarding.name, error)
            return
        self._said[digest] = now
        self._said.move_to_end(digest)
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)

    def _event(
        self, regarding: Regarding, reason: str, message: str, digest: str, *, warning: bool
    ) -> dict[str, object]:
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"namespace": regarding.namespace, "name": _event_name(regarding.name, digest)},
            # MicroTime wants exactly six digits of a second, also when they are zeros.
            "eventTime": self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:128],
            "action": "Tend",
            "reason": reason[:128],
            "note": message.encode()[:LONGEST_NOTE].decode(errors="ignore"),
            "type": "Warning" if warning else "Normal",
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": regarding.kind.name,
                "namespace": regarding.namespace,
                "name": regarding.name,
                "uid": regarding.uid,
            },
        }
