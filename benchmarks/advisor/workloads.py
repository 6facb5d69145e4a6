"""Workloads that are made up: queries with up to ten joins over a schema's foreign keys, the same for the same seed.

Constants come from the frozen statistics (most common values and histograms), so that a filter is as selective as it is meant
to be, and nothing is drawn from the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import psycopg

from benchmarks.advisor.schemas import Key

_STATISTICS = """
select s.tablename, s.attname, format_type(a.atttypid, null), s.null_frac, s.most_common_vals::text::text[],
  s.histogram_bounds::text::text[], s.n_distinct
from pg_stats s
join pg_class c on c.relname = s.tablename and c.relnamespace = 'public'::regnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname = s.attname
where s.schemaname = 'public' order by s.tablename, a.attnum"""

LARGEST_COST = 1_000_000.0
"""Estimated cost of a query, minutes to an hour: what joins more than that is no query that anybody asks, and would be all of
the workload's cost."""

_ROWS = "select relname, reltuples from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"

_TEXT = ("text", "character varying", "character")
MOST_CHILDREN = 2
"""Joins from a parent to its children in one query: each multiplies rows."""
WIDEST_FAN = 50
"""Children of a parent on average, above which nobody joins from the parent to them."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column to filter, group and order by."""

    name: str
    type: str
    nulls: float
    common: tuple[str, ...]
    bounds: tuple[str, ...]
    distinct: float


def made_up(
    connection: psycopg.Connection, keys: Sequence[Key], *, count: int, joins: int, seed: int
) -> dict[str, str]:
    """``count`` queries by name, each with up to ``joins`` joins."""
    columns: dict[str, list[Column]] = {}
    for table, name, type_, nulls, common, bounds, distinct in connection.execute(_STATISTICS.encode()):
        columns.setdefault(table, []).append(
            Column(
                name=name,
                type=type_,
                nulls=nulls,
                common=tuple(common or ()),
                bounds=tuple(bounds or ()),
                distinct=distinct,
            )
        )
    draw = Random(seed)
    rows: dict[str, float] = dict(connection.execute(_ROWS.encode()).fetchall())
    texts: dict[str, str] = {}
    while len(texts) < count:
        text = _Writer(draw, columns, keys, rows).write(joins)
        row = connection.execute(b"explain (format json) " + text.encode()).fetchone()
        if row is not None and row[0][0]["Plan"]["Total Cost"] <= LARGEST_COST:
            texts[f"m{len(texts) + 1:03}"] = text
    return texts


class _Writer:
    """One query in the making."""

    def __init__(
        self, draw: Random, columns: Mapping[str, list[Column]], keys: Sequence[Key], rows: Mapping[str, float]
    ) -> None:
        self._draw = draw
        self._columns = columns
        self._keys = keys
        self._rows = rows
        self._tables: list[str] = []
        self._conditions: list[str] = []
        self._children = 0

    def write(self, most_joins: int) -> str:
        """The text of a query."""
        draw = self._draw
        # Facts are asked more often than dimensions: a key's child more often than its parent.
        self._tables.append(draw.choice([key.child for key in self._keys] + sorted(self._columns)))
        for _ in range(min(draw.randint(0, most_joins), draw.randint(0, most_joins) + 2)):
            self._join()
        for _ in range(draw.choice((1, 1, 2, 2, 3, 4))):
            self._filter()
        chosen = [self._some_column() for _ in range(draw.randint(1, 3))]
        listed = ", ".join(dict.fromkeys(chosen))
        source = ", ".join(f"{table} t{number}" for number, table in enumerate(self._tables))
        where = f" where {' and '.join(self._conditions)}" if self._conditions else ""
        shape = draw.random()
        if shape < 0.5:
            return f"select {listed}, count(*) from {source}{where} group by {listed} order by {listed}"
        if shape < 0.75:
            way = draw.choice(("", " desc"))
            return f"select {listed} from {source}{where} order by {chosen[0]}{way} limit {draw.choice((10, 100))}"
        if shape < 0.9:
            return f"select {listed} from {source}{where}"
        return f"select count(*), count(distinct {chosen[0]}) from {source}{where}"

    def _join(self) -> None:
        draw = self._draw
        ways: list[tuple[int, Key, bool]] = []
        for number, table in enumerate(self._tables):
            for key in self._keys:
                if key.child == table and not any(
                    condition.startswith(f"t{number}.{key.child_columns[0]} = ") for condition in self._conditions
                ):
                    ways.append((number, key, True))
                fan = self._rows[key.child] / max(self._rows[key.parent], 1.0)
                if key.parent == table and self._children < MOST_CHILDREN and fan <= WIDEST_FAN:
                    ways.append((number, key, False))
        if not ways:
            return
        number, key, upwards = draw.choice(ways)
        other = len(self._tables)
        self._tables.append(key.parent if upwards else key.child)
        self._children += not upwards
        child, parent = (number, other) if upwards else (other, number)
        for child_column, parent_column in zip(key.child_columns, key.parent_columns, strict=True):
            self._conditions.append(f"t{child}.{child_column} = t{parent}.{parent_column}")

    def _some_column(self) -> str:
        number = self._draw.randrange(len(self._tables))
        return f"t{number}.{self._draw.choice(self._columns[self._tables[number]]).name}"

    def _filter(self) -> None:
        draw = self._draw
        number = draw.randrange(len(self._tables))
        column = draw.choice(self._columns[self._tables[number]])
        name = f"t{number}.{column.name}"
        kind = draw.random()
        if column.nulls > 0 and kind < 0.3:
            self._conditions.append(f"{name} is {draw.choice(('', 'not '))}null")
        elif column.bounds and kind < 0.55 and column.type != "boolean":
            span = max(1, int(len(column.bounds) * draw.choice((0.01, 0.03, 0.1, 0.3))))
            start = draw.randrange(max(1, len(column.bounds) - span))
            low, high = column.bounds[start], column.bounds[min(start + span, len(column.bounds) - 1)]
            self._conditions.append(f"{name} >= {_spell(low, column)} and {name} < {_spell(high, column)}")
        elif column.type in _TEXT and column.bounds and kind < 0.65:
            prefix = draw.choice(column.bounds)[: draw.randint(2, 6)].replace("%", "").replace("_", "")
            self._conditions.append(f"{name} like '{_escape(prefix)}%'")
        else:
            known = column.common or column.bounds
            if known:
                values = [_spell(draw.choice(known), column) for _ in range(draw.choice((1, 1, 1, 2, 4)))]
                distinct = list(dict.fromkeys(values))
                test = f"= {distinct[0]}" if len(distinct) == 1 else f"in ({', '.join(distinct)})"
                self._conditions.append(f"{name} {test}")


def _spell(value: str, column: Column) -> str:
    if column.type in ("integer", "bigint", "numeric"):
        return value
    return f"'{_escape(value)}'" if column.type in _TEXT else f"'{_escape(value)}'::{column.type}"


def _escape(text: str) -> str:
    return text.replace("'", "''")
