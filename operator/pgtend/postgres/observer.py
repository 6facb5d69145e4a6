"""The target as the observer role sees it: who it is, what is missing, counters, texts, catalog."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pgtend.domain.catalog import Catalog, DatabaseIdentity
from pgtend.domain.contents import ContentsOfColumns, Inside, LookedInto
from pgtend.domain.finding import Aspect, ConnectionRefusedByTarget, Finding, StatementFailed, TextsUnreadable
from pgtend.domain.index import TableName
from pgtend.domain.values import ColumnValues, ValuesOfColumns
from pgtend.domain.workload import CounterSnapshot, StatementCounters, StatementKey, StatementText
from pgtend.postgres.asking import fetch, identify
from pgtend.postgres.catalog_rows import effective_search_path, existing_index_from, foreign_key_from, tables_from
from pgtend.postgres.connection import (
    LOCK_TIMEOUT,
    READ_TIMEOUT,
    ConnectionLimits,
    Lane,
    Row,
    Session,
    SessionKind,
    open_session,
)
from pgtend.postgres.contents_rows import contents_from
from pgtend.postgres.failures import LOCK_NOT_AVAILABLE, translated
from pgtend.postgres.observer_findings import findings_from
from pgtend.postgres.secret import ConnectionTarget, find_weakness

OBSERVING = SessionKind(
    lane=Lane.OBSERVE,
    aspect=Aspect.CONNECTED,
    settings={
        "search_path": "pg_catalog",
        # Compiling a query of the catalog takes a second where running it takes a few milliseconds.
        "jit": "off",
        "statement_timeout": READ_TIMEOUT,
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": "60s",
        "default_transaction_read_only": "on",
    },
)

PLATFORM_DATABASES = frozenset({"rdsadmin", "cloudsqladmin", "azure_maintenance", "azure_sys"})
"""Databases that belong to a cloud provider and are none of the user's."""
_BRIEF_LOCK_TIMEOUT = "SET LOCAL lock_timeout TO '100ms'"
_SIZE_ATTEMPTS = 3
_NO_TEXT_HERE = frozenset({"22021", "22P05"})
"""Bytes that are no text in the encoding of the database or of the session, and characters that it does not have."""
_NAMED_DATABASES = 5


class Observer:
    """One session as the observer; implements ports.Database. Opened by ``open_observer``."""

    def __init__(self, session: Session, target: ConnectionTarget, own_roles: Collection[str]) -> None:
        self._session = session
        self._target = target
        self._own_roles = sorted(own_roles)
        self._statements_schema: str | None = None

    async def identify(self) -> DatabaseIdentity:
        """Which database this is."""
        return await identify(self._session, Aspect.CONNECTED)

    async def inspect(self) -> tuple[Finding, ...]:
        """What is missing for the observer."""
        facts = await self._one("observer_facts")
        tables = await self._all("unreadable_tables")
        weakness = find_weakness(self._target)
        findings = [] if weakness is None else [weakness]
        if facts["database"] in PLATFORM_DATABASES:
            message = f"{facts['database']} belongs to the platform and is not tuned: name another database."
            findings.append(Finding(aspect=Aspect.CONNECTED, reason="PlatformDatabase", message=message))
        findings += findings_from(facts, tables)
        if facts["statements_schema"] is not None and facts["statements_usable"]:
            preloaded = await self._statements_answer(facts["statements_schema"])
            findings += [] if preloaded is None else [preloaded]
        return tuple(findings)

    async def read_counters(self) -> CounterSnapshot:
        """The statement counters of this database, without the observer's and the tuner's own statements."""
        rows = await self._all(
            "statement_counters", {"own_roles": self._own_roles}, schema=await self._find_statements_schema()
        )
        counters = {
            _key(row): StatementCounters(
                calls=row["calls"],
                total_ms=row["total_ms"],
                rows=row["rows"],
                blocks_hit=row["blocks_hit"],
                blocks_read=row["blocks_read"],
            )
            for row in rows
            if row["queryid"] is not None
        }
        first = rows[0]
        return CounterSnapshot(
            at=first["at"],
            counters=counters,
            stats_reset=first["stats_reset"],
            dealloc=first["dealloc"],
            server_started=first["server_started"],
        )

    async def read_texts(self, keys: Sequence[StatementKey]) -> tuple[StatementText, ...]:
        """The texts of these entries with their roles' search paths; what is gone or hidden is left out.

        Raises TextsUnreadable where one statement of the server, of whatever database, cannot be converted to this one's encoding:
        pg_stat_statements converts all texts that the role may see before a query can choose among them.
        """
        if not keys:
            return ()
        wanted = {
            "users": [key.user for key in keys],
            "queryids": [key.queryid for key in keys],
            "toplevels": [key.toplevel for key in keys],
        }
        schema = await self._find_statements_schema()
        try:
            rows = await self._all("statement_texts", wanted, schema=schema)
        except StatementFailed as failure:
            if failure.sqlstate not in _NO_TEXT_HERE:
                raise
            (facts,) = await self._all("other_encodings", {}, schema=schema)
            raise TextsUnreadable(failure.sqlstate, _no_texts(facts["encoding"], facts["databases"])) from None
        paths = await self._read_search_paths({key.user for key in keys})
        return tuple(
            StatementText(key=_key(row), text=row["text"], search_path=paths.get(row["userid"], ("public",)))
            for row in rows
            if row["text"] is not None
        )

    async def read_activity(self) -> tuple[StatementText, ...]:
        """Statements of other sessions as they were sent, with their roles' search paths."""
        rows = await self._all_of_one_encoding("activity", {"own_roles": self._own_roles})
        paths = await self._read_search_paths({row["userid"] for row in rows})
        return tuple(
            StatementText(
                key=StatementKey(user=row["userid"], queryid=row["queryid"]),
                text=row["text"],
                search_path=paths.get(row["userid"], ("public",)),
            )
            for row in rows
        )

    async def read_column_values(self, columns: Sequence[tuple[TableName, str]]) -> ValuesOfColumns:
        """What pg_stats lists of these columns' values; columns without statistics are left out."""
        wanted = {
            "schemas": [table.schema for table, _ in columns],
            "tables": [table.table for table, _ in columns],
            "columns": [column for _, column in columns],
        }
        return {
            (TableName(schema=row["schema_name"], table=row["table_name"]), row["column_name"]): ColumnValues(
                common=tuple(row["common"] or ()),
                frequencies=tuple(row["frequencies"] or ()),
                bounds=tuple(row["bounds"] or ()),
            )
            for row in await self._all_of_one_encoding("column_values", wanted)
        }

    async def read_contents(self, columns: Sequence[LookedInto]) -> ContentsOfColumns:
        """Counts of what is inside of the values that pg_stats lists of these columns; the values stay at the server."""
        if not columns:
            return {}
        elements = _wanted(each for each in columns if each.inside is Inside.ELEMENTS)
        times = _wanted(each for each in columns if each.inside is Inside.TIMES)
        counted = _wanted(each for each in columns if each.inside is not Inside.TIMES)
        return contents_from(
            await self._all_of_one_encoding("column_contents", counted),
            await self._all_of_one_encoding("element_statistics", elements),
            await self._all_of_one_encoding("time_gaps", times),
        )

    async def read_catalog(self) -> Catalog:
        """Tables, columns with statistics, indexes, foreign keys and extensions' functions, of one moment's snapshot; sizes are of just before."""
        sizes = await self._relation_sizes()
        with translated(Aspect.CONNECTED):
            async with self._session.transaction():
                await self._session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                tables = tables_from(
                    await self._all("tables"),
                    await self._all("columns"),
                    await self._all("distinct_combinations"),
                    await self._view_definitions(),
                    sizes,
                )
                indexes = tuple(existing_index_from(row, sizes) for row in await self._indexes())
                keys = tuple(foreign_key_from(row) for row in await self._all("foreign_keys"))
                functions = await self._all("extension_functions")
                paths = await self._all("search_paths", {"users": []})
                reset = await self._one("stats_reset")
        return Catalog(
            tables=tables,
            indexes=tuple(index for index in indexes if index.table in tables),
            search_path=effective_search_path(paths[0]),
            extension_functions=frozenset(f"{row['schema_name']}.{row['name']}" for row in functions),
            stats_reset=reset["stats_reset"],
            build_memory=reset["build_memory"],
            foreign_keys=tuple(key for key in keys if key.table in tables and key.parent in tables),
        )

    async def fingerprint_settings(self) -> str:
        """A digest (16 hex digits) of the settings that change plans, and of the server's version."""
        rows = await self._all("planner_settings")
        text = "\n".join(f"{row['name']}={row['setting']}" for row in rows)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    async def _read_search_paths(self, users: Collection[int]) -> dict[int, tuple[str, ...]]:
        rows = await self._all("search_paths", {"users": sorted(users)})
        return {row["userid"]: effective_search_path(row) for row in rows}

    async def _view_definitions(self) -> list[Row]:
        """Nothing while somebody alters a view or a table under one: the rest of the catalog is worth reading without."""
        try:
            async with self._session.transaction():
                return await self._all("view_definitions")
        except StatementFailed as failure:
            if failure.sqlstate != LOCK_NOT_AVAILABLE:
                raise
            return []

    async def _indexes(self) -> list[Row]:
        """All indexes; without the definitions on tables that somebody goes on holding exclusively."""
        everything = {"schema": None, "name": None}
        try:
            async with self._session.transaction():
                return await self._all("indexes", {**everything, "past_locked": False})
        except StatementFailed as failure:
            if failure.sqlstate != LOCK_NOT_AVAILABLE:
                raise
        return await self._all("indexes", {**everything, "past_locked": True})

    async def _relation_sizes(self) -> dict[int, int]:
        """Bytes of tables and indexes now by OID, without those that somebody holds or wants exclusively.

        Nothing where such locks come again and again between looking for them and asking: what VACUUM and ANALYZE saw has to do.
        """
        for _ in range(_SIZE_ATTEMPTS):
            try:
                with translated(Aspect.CONNECTED):
                    async with self._session.transaction():
                        await self._session.execute(_BRIEF_LOCK_TIMEOUT)
                        rows = await self._all("relation_sizes")
            except StatementFailed as failure:
                if failure.sqlstate != LOCK_NOT_AVAILABLE:
                    raise
            else:
                return {row["oid"]: row["bytes"] for row in rows if row["bytes"] is not None}
        return {}

    async def _find_statements_schema(self) -> str:
        if self._statements_schema is None:
            rows = await self._all("extension_schema", {"extension": "pg_stat_statements"})
            if not rows:
                raise ConnectionRefusedByTarget(
                    next(
                        finding
                        for finding in findings_from(await self._one("observer_facts"), ())
                        if finding.reason == "StatementsMissing"
                    )
                )
            self._statements_schema = str(rows[0]["schema_name"])
        return self._statements_schema

    async def _statements_answer(self, schema: str) -> Finding | None:
        """A finding where the extension is there but its library was not preloaded (SQLSTATE 55000)."""
        try:
            await self._all("statement_counters", {"own_roles": self._own_roles}, schema=schema)
        except StatementFailed as failure:
            if failure.sqlstate != "55000":
                raise
            message = (
                "pg_stat_statements is not loaded: add it to shared_preload_libraries and restart the server, "
                "then pgtend sees what the database does."
            )
            return Finding(aspect=Aspect.PERMITTED, reason="StatementsNotLoaded", message=message)
        return None

    async def _all(self, name: str, values: Mapping[str, Any] | None = None, schema: str | None = None) -> list[Row]:
        return await fetch(self._session, Aspect.CONNECTED, name, values, schema)

    async def _all_of_one_encoding(self, name: str, values: Mapping[str, Any]) -> list[Row]:
        """No row where one of them is no text: a database in SQL_ASCII holds whatever bytes it was sent. For what can be done without."""
        try:
            return await self._all(name, values)
        except StatementFailed as failure:
            if failure.sqlstate not in _NO_TEXT_HERE:
                raise
            return []

    async def _one(self, name: str) -> Row:
        return (await self._all(name))[0]


@asynccontextmanager
async def open_observer(
    target: ConnectionTarget, limits: ConnectionLimits, *, own_roles: Collection[str] | None = None
) -> AsyncIterator[Observer]:
    """A session as the observer, for one pass.

    ``own_roles`` are the roles whose statements are pgtend's own and are not counted; None means the target's user.
    Raises ConnectionRefusedByTarget.
    """
    async with open_session(target, limits, OBSERVING) as session:
        yield Observer(session, target, (target.user,) if own_roles is None else own_roles)


def _no_texts(encoding: str, databases: Sequence[int]) -> str:
    resets = "; ".join(f"SELECT pg_stat_statements_reset(0, {oid}, 0)" for oid in databases[:_NAMED_DATABASES])
    return (
        f"A statement that this server has counted is not valid text in this database's encoding, {encoding}, and while it is there "
        "pg_stat_statements gives out no text at all. It was run in another database of another encoding, or in one of SQL_ASCII; what "
        f"forgets the statements of those databases, said by a superuser: {resets or 'SELECT pg_stat_statements_reset()'}."
    )


def _wanted(columns: Iterable[LookedInto]) -> dict[str, list[str]]:
    listed = list(columns)
    return {
        "schemas": [each.table.schema for each in listed],
        "tables": [each.table.table for each in listed],
        "columns": [each.column for each in listed],
        "whats": [each.inside.value for each in listed],
    }


def _key(row: Row) -> StatementKey:
    return StatementKey(user=row["userid"], queryid=row["queryid"], toplevel=row["toplevel"])
