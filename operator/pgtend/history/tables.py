"""The tables of the history, the same on SQLite and on Postgres.

A database of the history is made by the first pgtend that opens it. ``VERSION`` names the shape of the tables; a pgtend
that meets a newer shape than its own refuses to write into it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

VERSION = 1


class Moment(TypeDecorator[datetime]):
    """An aware moment, kept in UTC: SQLite knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy calls it so
        """Turn it into UTC; a naive one is a mistake of the caller's."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the history takes aware moments only")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy calls it so
        """Give it back in UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

schema_version = Table(
    "pgtend_schema_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

databases = Table(
    "pgtend_databases",
    metadata,
    Column("database", String(64), primary_key=True),
    Column("last_seen", Moment, nullable=False),
)

watched_indexes = Table(
    "pgtend_watched_indexes",
    metadata,
    Column("database", String(64), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("since", Moment, nullable=False),
)

observed_hours = Table(
    "pgtend_observed_hours",
    metadata,
    Column("database", String(64), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("seconds", Float, nullable=False),
)

statement_hours = Table(
    "pgtend_statement_hours",
    metadata,
    Column("database", String(64), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("total_ms", Float, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("blocks_hit", BigInteger, nullable=False),
    Column("blocks_read", BigInteger, nullable=False),
)

table_hours = Table(
    "pgtend_table_hours",
    metadata,
    Column("database", String(64), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("schema_name", Text, primary_key=True),
    Column("table_name", Text, primary_key=True),
    Column("rows_written", BigInteger, nullable=False),
)

actions = Table(
    "pgtend_actions",
    metadata,
    # SQLite numbers rows by itself in a column of type INTEGER only.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("database", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("policy", Text, nullable=False),
    Column("recommendation", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Index("pgtend_actions_database_at", "database", "at"),
)
