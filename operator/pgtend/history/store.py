"""The history port on SQL: one class for SQLite and Postgres, because both know ON CONFLICT."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from pgtend.domain.index import TableName
from pgtend.domain.record import ActionRecord, HourOfLoad
from pgtend.domain.workload import Load
from pgtend.history.connection import make_engine, parse_url, prepare_tables, probe_file, translated
from pgtend.history.tables import actions, databases, observed_hours, statement_hours, table_hours, watched_indexes

ACTIONS_LIVE_LONGER = timedelta(days=335)
"""How much older than the oldest rollup an action may get: with rollups of 30 days, a year of audit trail."""
LAST_SEEN_STEP = timedelta(hours=1)
"""How exactly it is known when a database was last looked at; a write each pass would tell nobody more."""
_ADDED = {
    statement_hours.name: ("calls", "total_ms", "rows", "blocks_hit", "blocks_read"),
    table_hours.name: ("rows_written",),
    observed_hours.name: ("seconds",),
}


@asynccontextmanager
async def open_history(url: str) -> AsyncIterator[SqlHistory]:
    """Open the history at this URL and make its tables; see ``connection.parse_url`` for what it may be.

    Raises HistoryUnavailable with a sentence: a URL that cannot be read, a file or server that cannot be used, tables
    that a newer pgtend made.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        await asyncio.to_thread(probe_file, parsed)
    engine = make_engine(parsed)
    history = SqlHistory(engine)
    try:
        async with history.transaction() as connection:
            await prepare_tables(connection)
        yield history
    finally:
        await engine.dispose()


class SqlHistory:
    """Implements ports.History. Every method may raise HistoryUnavailable."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that ends with the block."""
        async with translated(self._engine.url), self._engine.begin() as connection:
            yield connection

    async def see_indexes(self, database: str, names: Sequence[str], at: datetime) -> Mapping[str, datetime]:
        """See ports.History. An index that is missing from ``names`` is forgotten: if it comes back, it is watched anew."""
        mine = watched_indexes.c.database == database
        async with self.transaction() as connection:
            query = select(watched_indexes.c.name, watched_indexes.c.since).where(mine)
            known: dict[str, datetime] = {row.name: row.since for row in await connection.execute(query)}
            await self._note_database(connection, database, at)
            present = set(names)
            gone = [{"gone": name} for name in known if name not in present]
            if gone:
                await connection.execute(
                    delete(watched_indexes).where(mine, watched_indexes.c.name == bindparam("gone")), gone
                )
            new = [{"database": database, "name": name, "since": at} for name in present if name not in known]
            if new:
                await connection.execute(_insert_missing(connection, watched_indexes), new)
        return {name: known.get(name, at.astimezone(UTC)) for name in names}

    async def add_hour(self, database: str, hour: HourOfLoad) -> None:
        """See ports.History. The moment is cut to its full hour in UTC."""
        key = {"database": database, "hour": _full_hour(hour.hour)}
        statements = [
            {
                **key,
                "fingerprint": fingerprint,
                "calls": load.calls,
                "total_ms": load.total_ms,
                "rows": load.rows,
                "blocks_hit": load.blocks_hit,
                "blocks_read": load.blocks_read,
            }
            for fingerprint, load in hour.statements.items()
        ]
        tables = [
            {**key, "schema_name": table.schema, "table_name": table.table, "rows_written": rows}
            for table, rows in hour.rows_written.items()
        ]
        async with self.transaction() as connection:
            await _add(connection, observed_hours, [{**key, "seconds": hour.seconds}])
            await _add(connection, statement_hours, statements)
            await _add(connection, table_hours, tables)

    async def hours(self, database: str, since: datetime) -> tuple[HourOfLoad, ...]:
        """See ports.History."""
        start = _full_hour(since)
        async with self.transaction() as connection:

            async def rows(table: Table) -> Sequence[Any]:
                query = select(table).where(table.c.database == database, table.c.hour >= start).order_by(table.c.hour)
                return (await connection.execute(query)).all()

            observed, loads, written = await rows(observed_hours), await rows(statement_hours), await rows(table_hours)
        statements: dict[datetime, dict[str, Load]] = defaultdict(dict)
        for row in loads:
            statements[row.hour][row.fingerprint] = Load(
                calls=row.calls,
                total_ms=row.total_ms,
                rows=row.rows,
                blocks_hit=row.blocks_hit,
                blocks_read=row.blocks_read,
            )
        tables: dict[datetime, dict[TableName, int]] = defaultdict(dict)
        for row in written:
            tables[row.hour][TableName(schema=row.schema_name, table=row.table_name)] = row.rows_written
        return tuple(
            HourOfLoad(
                hour=row.hour, statements=statements[row.hour], rows_written=tables[row.hour], seconds=row.seconds
            )
            for row in observed
        )

    async def record(self, database: str, action: ActionRecord) -> None:
        """See ports.History."""
        async with self.transaction() as connection:
            await connection.execute(
                insert(actions).values(
                    database=database,
                    at=action.at,
                    policy=action.policy,
                    recommendation=action.recommendation,
                    action=action.action,
                    definition=action.definition,
                    outcome=action.outcome,
                    message=action.message,
                    approved_by=action.approved_by,
                )
            )

    async def actions(self, database: str, since: datetime) -> tuple[ActionRecord, ...]:
        """See ports.History."""
        query = (
            select(actions)
            .where(actions.c.database == database, actions.c.at >= since)
            .order_by(actions.c.at, actions.c.id)
        )
        async with self.transaction() as connection:
            found = (await connection.execute(query)).all()
        return tuple(
            ActionRecord(
                at=row.at,
                policy=row.policy,
                recommendation=row.recommendation,
                action=row.action,
                definition=row.definition,
                outcome=row.outcome,
                message=row.message,
                approved_by=row.approved_by,
            )
            for row in found
        )

    async def prune(self, before: datetime) -> int:
        """See ports.History. Databases that nobody looked at for as long as an action lives are forgotten as well."""
        long_before = before - ACTIONS_LIVE_LONGER
        forgotten = select(databases.c.database).where(databases.c.last_seen < long_before)
        async with self.transaction() as connection:
            removed = [
                await connection.execute(delete(table).where(table.c.hour < before))
                for table in (observed_hours, statement_hours, table_hours)
            ]
            removed.append(await connection.execute(delete(actions).where(actions.c.at < long_before)))
            removed.append(
                await connection.execute(delete(watched_indexes).where(watched_indexes.c.database.in_(forgotten)))
            )
            removed.append(await connection.execute(delete(databases).where(databases.c.last_seen < long_before)))
        return sum(result.rowcount for result in removed)

    async def _note_database(self, connection: AsyncConnection, database: str, at: datetime) -> None:
        query = select(databases.c.last_seen).where(databases.c.database == database)
        last_seen = (await connection.execute(query)).scalar_one_or_none()
        if last_seen is None or at - last_seen >= LAST_SEEN_STEP:
            statement = _dialect_insert(connection, databases)
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["database"], set_={"last_seen": statement.excluded.last_seen}
                ),
                [{"database": database, "last_seen": at}],
            )


def _full_hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _dialect_insert(connection: AsyncConnection, table: Table) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)


def _insert_missing(connection: AsyncConnection, table: Table) -> Any:
    return _dialect_insert(connection, table).on_conflict_do_nothing()


async def _add(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert, adding the numbers to those that are there."""
    if not rows:
        return
    statement = _dialect_insert(connection, table)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[column.name for column in table.primary_key],
            set_={name: table.c[name] + statement.excluded[name] for name in _ADDED[table.name]},
        ),
        rows,
    )
