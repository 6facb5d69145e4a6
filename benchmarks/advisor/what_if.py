"""A session with HypoPG for the optimum, where a query is planned thousands of times with one index more or less.

pgtend's own edge makes the wanted indexes anew for each set; here only the difference to the last set is made or dropped.
"""

from __future__ import annotations

import json
import re

import psycopg

from benchmarks.advisor.problems import IndexSet
from pgtend.domain.index import Index
from pgtend.postgres.ddl import create_index

_HYPOTHETICAL = re.compile(rb'"Index Name": "<(\d+)>')
_COST = re.compile(rb'"Total Cost": ([0-9.]+)')


class WhatIf:
    """Plans under sets of hypothetical indexes; the connection is this object's alone."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._made: dict[Index, int] = {}
        self._names: dict[int, Index] = {}
        self.explains = 0
        connection.execute("select hypopg_reset()")

    def plan(self, text: str, shown: IndexSet) -> tuple[float, IndexSet]:
        """(cost, indexes used) of a statement without parameters."""
        self._show(shown)
        self.explains += 1
        cursor = self._connection.cursor(binary=True)
        cursor.adapters.register_loader("json", psycopg.types.string.ByteaBinaryLoader)
        row = cursor.execute(b"explain (format json) " + text.encode()).fetchone()
        plan = bytes(row[0]) if row else b""
        cost = _COST.search(plan)
        assert cost is not None, json.dumps(str(plan[:200]))
        return float(cost[1]), frozenset(self._names[int(match)] for match in _HYPOTHETICAL.findall(plan))

    def _show(self, wanted: IndexSet) -> None:
        gone = [self._made.pop(each) for each in list(self._made) if each not in wanted]
        if gone:
            self._connection.execute(
                "select count(hypopg_drop_index(o::oid)) from unnest(%s::bigint[]) o", [gone], prepare=True
            )
        new = (
            sorted(
                (create_index(each, None, concurrently=False).as_string(None), each)
                for each in wanted
                if each not in self._made
            )
            if len(self._made) < len(wanted)
            else []
        )
        if new:
            rows = self._connection.execute(
                "select made.indexrelid::bigint from unnest(%s::text[]) with ordinality as w (t, n) "
                "cross join lateral hypopg_create_index(w.t) made order by w.n",
                [[text for text, _ in new]],
                prepare=True,
            ).fetchall()
            for (oid,), (_, index) in zip(rows, new, strict=True):
                self._made[index] = oid
                self._names[oid] = index
