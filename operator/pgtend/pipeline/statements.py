"""What each entry of pg_stat_statements is: texts are read once, and remembered for as long as the entry is of use."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from pgtend.core.statement import Unusable, read_statement
from pgtend.core.workload import sum_by_fingerprint
from pgtend.domain.catalog import Catalog
from pgtend.domain.workload import Load, Query, StatementKey, StatementText
from pgtend.ports import Database

KEPT_ENTRIES = 10_000
"""Entries remembered; pg_stat_statements itself holds 5,000 by default."""
NOTHING = Load(calls=0, total_ms=0.0)
READ_AT_ONCE = 200
"""Texts fetched and parsed in one go."""


class Statements:
    """The queries behind the entries of one database."""

    def __init__(self) -> None:
        self._known: dict[StatementKey, Query | Unusable] = {}

    async def learn(self, keys: Iterable[StatementKey], database: Database, catalog: Catalog) -> None:
        """Read and parse the texts of entries that are not known yet; parsing happens beside the event loop."""
        unknown = [key for key in keys if key not in self._known]
        for start in range(0, len(unknown), READ_AT_ONCE):
            some = unknown[start : start + READ_AT_ONCE]
            texts = await database.read_texts(some)
            self._known |= await asyncio.to_thread(_parse, texts, catalog)
            for key in some:
                self._known.setdefault(key, Unusable(reason="Its text may not be read, or is gone."))
        while len(self._known) > KEPT_ENTRIES:
            del self._known[next(iter(self._known))]

    def forget_unusable(self) -> None:
        """Look again at what could not be used: a table may have been made, or a privilege granted, since."""
        self._known = {key: each for key, each in self._known.items() if isinstance(each, Query) or each.final}

    def by_fingerprint(self, loads: Mapping[StatementKey, Load]) -> dict[str, Load]:
        """The loads of usable queries, summed over users and over the entries that are one query."""
        return sum_by_fingerprint(loads, self._fingerprints())

    def unusable(self, loads: Mapping[StatementKey, Load]) -> dict[str, tuple[str, Load]]:
        """The loads of statements that cannot be used, by queryid, with the reason."""
        found: dict[str, tuple[str, Load]] = {}
        for key, load in loads.items():
            each = self._known.get(key)
            if isinstance(each, Unusable):
                _, known = found.get(name := f"queryid {key.queryid}", ("", NOTHING))
                found[name] = (each.reason, known + load)
        return found

    def _fingerprints(self) -> dict[StatementKey, str]:
        return {key: each.fingerprint for key, each in self._known.items() if isinstance(each, Query)}

    @property
    def queries(self) -> dict[str, Query]:
        """The usable queries by fingerprint."""
        return {each.fingerprint: each for each in self._known.values() if isinstance(each, Query)}


def _parse(texts: Iterable[StatementText], catalog: Catalog) -> dict[StatementKey, Query | Unusable]:
    return {text.key: read_statement(text.text, catalog, text.search_path) for text in texts}
