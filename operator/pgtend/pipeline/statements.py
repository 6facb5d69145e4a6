"""What each entry of pg_stat_statements is: texts are read once, and remembered for as long as the entry is of use.

All loops of a process share one room for texts. Where it is full, those that have more than an equal part give way, and statements that
there is no room for count as not usable, the ones with the least time first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from sys import getsizeof

from pgtend.core.statement import Unusable, read_entry
from pgtend.core.workload import fingerprints_of, sum_by_fingerprint, sum_unusable
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, Finding, TextsUnreadable
from pgtend.domain.workload import Load, Query, StatementKey, StatementText
from pgtend.ports import Database

KEPT_ENTRIES = 10_000
"""Entries remembered; pg_stat_statements itself holds 5,000 by default."""
READ_AT_ONCE = 200
"""Texts fetched and parsed in one go."""
ROOM_BYTES = 256 * 10**6
"""What the queries of all loops together may take."""
_QUERY_BYTES = 2_600
"""What a query takes besides its two texts."""
_UNREADABLE = Unusable(reason="Its text may not be read, or is gone.")
_UNCONVERTED = Unusable(
    reason="Texts cannot be read, because this server counts one that is not valid in this database's encoding."
)
_NO_ROOM = Unusable(reason="pgtend has no room in its memory for its text, beside those with more time.")


class TextRoom:
    """The room for query texts that the loops of a process share."""

    def __init__(self, size: int = ROOM_BYTES) -> None:
        self._size = size
        self._loops = 0
        self.used = 0
        """Bytes that all loops together have taken."""

    def enter(self) -> None:
        """One more loop."""
        self._loops += 1

    def leave(self) -> None:
        """One loop less."""
        self._loops -= 1

    @property
    def is_full(self) -> bool:
        """Whether more is taken than there is: whoever has more than its share gives way."""
        return self.used > self._size

    @property
    def share(self) -> int:
        """Bytes that a loop may have however full the room is."""
        return self._size // max(self._loops, 1)

    def has(self, size: int, own: int) -> bool:
        """Whether a loop that has ``own`` bytes already may take ``size`` more."""
        return self.used + size <= self._size or own + size <= self.share

    def take(self, size: int) -> None:
        """These bytes are taken; given back where negative."""
        self.used += size


class Statements:
    """The queries behind the entries of one database."""

    def __init__(self, room: TextRoom | None = None) -> None:
        self.room = room or TextRoom()
        self._known: dict[StatementKey, Query | Unusable] = {}
        """Those that ran longest ago come first; of those that ran at the same time, the ones with the least time."""
        self._size = 0
        self.finding: Finding | None = None
        """What keeps all texts from being read, as far as the last try showed."""

    async def learn(self, loads: Mapping[StatementKey, Load], database: Database, catalog: Catalog) -> None:
        """Read and parse the texts of entries that ran and are not known yet; parsing happens beside the event loop.

        Where no text can be read, those that are known stay so, and the others are tried again each time.
        """
        if self.finding is not None:
            self.forget_unusable()
        by_time = sorted(loads, key=lambda key: loads[key].total_ms)
        for key in by_time:
            if key in self._known:
                self._known[key] = self._known.pop(key)
        unknown = [key for key in reversed(by_time) if key not in self._known]
        for start in range(0, len(unknown), READ_AT_ONCE):
            some = unknown[start : start + READ_AT_ONCE]
            try:
                texts = await database.read_texts(some)
            except TextsUnreadable as failure:
                message = f"{failure} Statements that are known go on being measured; new ones get no advice."
                self.finding = Finding(aspect=Aspect.PERMITTED, reason="TextsUnreadable", message=message, fatal=False)
                for key in unknown[start:]:
                    self._keep(key, _UNCONVERTED, loads)
                break
            self.finding = None
            parsed = await asyncio.to_thread(_parse, texts, catalog)
            for key in some:
                self._keep(key, parsed.get(key, _UNREADABLE), loads)
        while len(self._known) > KEPT_ENTRIES or (self.room.is_full and self._size > self.room.share):
            self._drop(next(iter(self._known)))

    def forget(self) -> None:
        """Let go of all."""
        self.room.take(-self._size)
        self._size = 0
        self._known = {}

    def _keep(self, key: StatementKey, each: Query | Unusable, running: Mapping[StatementKey, Load]) -> None:
        size = _size_of(each)
        while not self.room.has(size, self._size):
            oldest = next(iter(self._known), None)
            if oldest is None or oldest in running:
                each, size = _NO_ROOM, 0
                break
            self._drop(oldest)
        self._known[key] = each
        self._size += size
        self.room.take(size)

    def _drop(self, key: StatementKey) -> None:
        size = _size_of(self._known.pop(key))
        self._size -= size
        self.room.take(-size)

    def forget_unusable(self) -> None:
        """Look again at what could not be used: a table may have been made, or a privilege granted, since."""
        self._known = {key: each for key, each in self._known.items() if isinstance(each, Query) or each.final}

    def by_fingerprint(self, loads: Mapping[StatementKey, Load]) -> dict[str, Load]:
        """The loads of usable queries, summed over users and over the entries that are one query."""
        return sum_by_fingerprint(loads, fingerprints_of(self._known))

    def unusable(self, loads: Mapping[StatementKey, Load]) -> dict[str, tuple[str, Load]]:
        """The loads of statements that cannot be used, by queryid, with the reason; not of those that no index could help."""
        return sum_unusable(loads, self._known)

    @property
    def queries(self) -> dict[str, Query]:
        """The usable queries by fingerprint."""
        return {each.fingerprint: each for each in self._known.values() if isinstance(each, Query)}


def _size_of(each: Query | Unusable) -> int:
    """Bytes of memory, about; what cannot be used is one of a few sentences."""
    return getsizeof(each.text) + getsizeof(each.plannable) + _QUERY_BYTES if isinstance(each, Query) else 0


def _parse(texts: Iterable[StatementText], catalog: Catalog) -> dict[StatementKey, Query | Unusable]:
    return {text.key: read_entry(text, catalog) for text in texts}
