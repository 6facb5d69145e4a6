"""Constants seen in real calls: a few texts of each statement, in memory alone, and gone with it.

pg_stat_activity shows what a session runs, or ran last, as it was sent. What comes over the extended protocol has its
constants elsewhere, so that only statements of the simple protocol are of use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pgtend.core.inert import problem_of
from pgtend.core.statement import read_statement
from pgtend.domain.catalog import Catalog
from pgtend.domain.workload import Query, StatementText

KEPT_STATEMENTS = 500
"""Statements of which texts are kept; beyond it those seen longest ago are forgotten."""
KEPT_TEXTS = 3
"""Texts kept of each statement, the latest."""
READ_AT_ONCE = 200
"""Texts parsed after one look at pg_stat_activity."""


class Samples:
    """Texts with their constants, by fingerprint. Nothing of it may be logged, written or shown."""

    def __init__(self) -> None:
        self._texts: dict[str, tuple[Query, ...]] = {}

    def take(self, texts: Iterable[StatementText], catalog: Catalog) -> None:
        """Keep what of these can be planned as it is; computes for some milliseconds, so call it beside the event loop."""
        for text in list(dict.fromkeys(texts))[:READ_AT_ONCE]:
            query = read_statement(text.text, catalog, text.search_path)
            if not isinstance(query, Query) or not query.plannable or query.parameters or problem_of(query, catalog):
                continue
            kept = self._texts.pop(query.fingerprint, ())
            others = tuple(each for each in kept if each.plannable != query.plannable)
            self._texts[query.fingerprint] = (*others, query)[-KEPT_TEXTS:]
        while len(self._texts) > KEPT_STATEMENTS:
            del self._texts[next(iter(self._texts))]

    def forget(self) -> None:
        """Drop all texts."""
        self._texts.clear()

    @property
    def by_fingerprint(self) -> Mapping[str, tuple[Query, ...]]:
        """The texts of each statement, the latest last."""
        return dict(self._texts)
