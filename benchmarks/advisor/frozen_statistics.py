"""One set of statistics for every run: pg_statistic and the sizes in pg_class, saved exactly and put back exactly.

ANALYZE reads a random sample, and that alone moves TPC-H's cost ratio at 500 MB by up to 1.5 %. Values of statistics are
arrays of the column's type, so they travel as text with the name of their element type, which an array's binary form
holds in bytes 9 to 12.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_SLOTS = range(1, 6)
_OURS = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"

_READ_SLOT = """
  stakind{n}, staop{n}::regoperator::text, stacoll{n}::regcollation::text, stanumbers{n}::text, stavalues{n}::text,
  case when stavalues{n} is not null then
    (('x' || encode(substr(array_send(stavalues{n}), 9, 4), 'hex'))::bit(32)::int)::oid::regtype::text end"""

_READ_COLUMNS = f"""
select n.nspname, c.relname, a.attname, s.stainherit, s.stanullfrac::text, s.stawidth, s.stadistinct::text,
  {", ".join(_READ_SLOT.format(n=n) for n in _SLOTS)}
from pg_statistic s
join pg_class c on c.oid = s.starelid
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = s.starelid and a.attnum = s.staattnum
where {_OURS}
order by 1, 2, 3, 4"""

_READ_RELATIONS = f"""
select n.nspname, c.relname, c.relpages, c.reltuples::text, c.relallvisible
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'i') and {_OURS}
order by 1, 2"""

_DELETE = f"""
delete from pg_statistic s using pg_class c, pg_namespace n
where c.oid = s.starelid and n.oid = c.relnamespace and {_OURS}"""

_COLUMNS = "starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct, " + ", ".join(
    f"stakind{n}, staop{n}, stacoll{n}, stanumbers{n}, stavalues{n}" for n in _SLOTS
)
_INSERT_SLOT = (
    "%s::int2, %s::regoperator::oid, coalesce(%s::regcollation::oid, 0), %s::float4[], "
    "case when %s::text is null then null else array_in(%s::text::cstring, %s::regtype, -1) end"
)
_INSERT = f"""
insert into pg_statistic ({_COLUMNS})
select c.oid, a.attnum, %s, %s::float4, %s, %s::float4, {", ".join(_INSERT_SLOT for _ in _SLOTS)}
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
where n.nspname = %s and c.relname = %s and a.attname = %s"""

_UPDATE_RELATION = """
update pg_class set relpages = %s, reltuples = %s::float4, relallvisible = %s
where relname = %s and relnamespace = (select oid from pg_namespace where nspname = %s)"""

Statistics = dict[str, list[list[Any]]]


def read_statistics(connection: psycopg.Connection) -> Statistics:
    """All statistics of a database's own tables. The connection is a superuser's."""
    return {
        "columns": [list(row) for row in connection.execute(sql.SQL(_READ_COLUMNS))],
        "relations": [list(row) for row in connection.execute(sql.SQL(_READ_RELATIONS))],
    }


def digest(statistics: Statistics) -> str:
    """16 hex digits that name this set of statistics."""
    return hashlib.sha256(json.dumps(statistics, sort_keys=True).encode()).hexdigest()[:16]


def freeze(connection: psycopg.Connection, path: Path) -> str:
    """Save the statistics as they are now; returns their digest."""
    statistics = read_statistics(connection)
    path.write_text(json.dumps(statistics))
    return digest(statistics)


def restore(connection: psycopg.Connection, path: Path) -> str:
    """Put the saved statistics back where others are there; returns the digest. Indexes that came since keep their sizes."""
    wanted: Statistics = json.loads(path.read_text())
    if read_statistics(connection)["columns"] != wanted["columns"]:
        with connection.transaction():
            connection.execute(sql.SQL(_DELETE))
            for schema, table, column, inherited, nulls, width, distinct, *rest in wanted["columns"]:
                values = [inherited, nulls, width, distinct]
                for n in range(len(_SLOTS)):
                    kind, operator, collation, numbers, stored, type_ = rest[6 * n : 6 * n + 6]
                    values += [kind, operator, collation if collation != "-" else None, numbers, stored, stored, type_]
                connection.execute(sql.SQL(_INSERT), [*values, schema, table, column])
    for schema, name, pages, tuples, visible in wanted["relations"]:
        connection.execute(sql.SQL(_UPDATE_RELATION), [pages, tuples, visible, name, schema])
    return digest(wanted)
