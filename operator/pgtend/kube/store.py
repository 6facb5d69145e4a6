"""What the API server was last known to hold of one kind, so that a pass need not ask.

Three sources feed it: the watch, a LIST every few minutes (which finds what a broken watch missed), and the answers to
our own writes. The last make the watch's echo of a write of our own recognisable: it brings nothing new.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

Object = Mapping[str, Any]

REMEMBERED_DELETIONS = 10_000


class Change(Enum):
    """What an observation brought."""

    NOTHING = "known already, or older than what is known"
    NEW = "an object that was not known"
    SPEC = "another spec, or it began to be deleted"
    STATUS = "anything else of an object that was known"
    GONE = "the object is not there any more"


class ObjectStore:
    """The objects of one kind by namespace and name, without their managedFields.

    Versions are compared as numbers: Kubernetes promises that a greater resourceVersion of one kind is a later one since
    1.35, and every server that keeps its objects in etcd has always done so.
    """

    def __init__(self, is_marked: Callable[[Object], bool] = lambda _: False) -> None:
        """``is_marked`` picks the observations of which the latest generation is remembered, see ``marked_at``."""
        self._is_marked = is_marked
        self._marks: dict[str, int] = {}
        """By uid."""
        self._namespaces: dict[str, dict[str, Object]] = {}
        self._deleted: OrderedDict[str, None] = OrderedDict()

    def __iter__(self) -> Iterator[Object]:
        return iter([each for namespace in self._namespaces.values() for each in namespace.values()])

    def __len__(self) -> int:
        return sum(len(namespace) for namespace in self._namespaces.values())

    def get(self, namespace: str, name: str) -> Object | None:
        """The object, None when it is not there."""
        return self._namespaces.get(namespace, {}).get(name)

    def marked_at(self, uid: str) -> int:
        """The latest generation at which a marked observation of an object was made, in whatever order they came; 0 for none."""
        return self._marks.get(uid, 0)

    def in_namespace(self, namespace: str) -> tuple[Object, ...]:
        """All objects of a namespace, by name."""
        found = self._namespaces.get(namespace, {})
        return tuple(found[name] for name in sorted(found))

    def put(self, seen: Object) -> Change:
        """Note an object as it was seen, unless something later of it is known."""
        metadata = seen["metadata"]
        if metadata["uid"] in self._deleted:
            return Change.NOTHING
        if self._is_marked(seen):
            self._marks[metadata["uid"]] = max(self.marked_at(metadata["uid"]), metadata["generation"])
        known = self.get(metadata["namespace"], metadata["name"])
        if known is not None and version_of(known) >= version_of(seen):
            return Change.NOTHING
        slim = {**seen, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
        self._namespaces.setdefault(metadata["namespace"], {})[metadata["name"]] = slim
        if known is None or known["metadata"]["uid"] != metadata["uid"]:
            return Change.NEW
        if is_going(seen) != is_going(known) or metadata.get("generation") != known["metadata"].get("generation"):
            return Change.SPEC
        return Change.STATUS

    def remove(self, seen: Object) -> Change:
        """Note that an object is deleted; late answers to writes of ours do not bring it back."""
        metadata = seen["metadata"]
        self._deleted[metadata["uid"]] = None
        self._marks.pop(metadata["uid"], None)
        while len(self._deleted) > REMEMBERED_DELETIONS:
            self._deleted.popitem(last=False)
        known = self.get(metadata["namespace"], metadata["name"])
        if known is None or known["metadata"]["uid"] != metadata["uid"]:
            return Change.NOTHING
        namespace = self._namespaces[metadata["namespace"]]
        del namespace[metadata["name"]]
        if not namespace:
            del self._namespaces[metadata["namespace"]]
        return Change.GONE

    def reconcile(
        self, listed: Iterable[Object], version: int, namespace: str | None = None
    ) -> list[tuple[Change, Object]]:
        """Take in a full LIST, of one namespace or of all, made at a version; returns what the watch had missed."""
        changes = []
        present = set()
        for each in listed:
            present.add(each["metadata"]["uid"])
            changes.append((self.put(each), each))
        for known in self if namespace is None else self.in_namespace(namespace):
            if known["metadata"]["uid"] not in present and version_of(known) <= version:
                changes.append((self.remove(known), known))
        return [(change, each) for change, each in changes if change is not Change.NOTHING]


def version_of(seen: Object) -> int:
    """The resourceVersion as a number."""
    return int(seen["metadata"]["resourceVersion"])


def is_going(seen: Object) -> bool:
    """Whether somebody asked for its deletion."""
    return "deletionTimestamp" in seen["metadata"]
