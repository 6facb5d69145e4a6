"""Figures of indexes on what is inside of values, and on expressions: what is estimated of the documents, and what is built."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psycopg

from benchmarks.sizes.building import measure
from benchmarks.sizes.document_cases import expression_cases, inverted_cases
from benchmarks.sizes.documents import fill
from pgtend.core.looked_into import with_contents
from pgtend.core.size import estimate_size
from pgtend.domain.catalog import Catalog
from pgtend.domain.contents import Inside, LookedInto
from pgtend.domain.index import Index, TableName
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.ddl import describe
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import target_from_dsn

_LOOKED_INTO = (
    (Inside.DOCUMENT, ("state", "event")),
    (Inside.PIECES, ("title", "name", "email", "body")),
    (Inside.WORDS, ("body",)),
    (Inside.ELEMENTS, ("tags", "labels", "numbers", "words")),
    (Inside.TIMES, ("created_at", "paid_at")),
)
"""What statements that could use the indexes of ``document_cases`` look into."""
LOW, HIGH = 0.93, 1.10
"""B-trees on expressions whose estimated size over the built one is outside of this are listed one by one."""

Ratios = Mapping[str, Sequence[float]]
"""Estimated over built for each number of rows, by the index without its table."""


def print_figures(dsn: str, rows: Sequence[int], kept: Path | None) -> None:
    """Make the tables that are not there yet, build every index on them, and print the two tables of the README.

    What is built has the memory that the server gives it, for that is what the estimate reckons with.
    """
    _make_tables(dsn, rows)
    catalog = asyncio.run(_read_catalog(dsn, rows))
    inverted: dict[str, list[float]] = {}
    expressions: dict[str, list[float]] = {}
    last: dict[str, int] = {}
    for count in rows:
        table = _table(count)
        for cases, ratios in ((inverted_cases, inverted), (expression_cases, expressions)):
            for index, built in measure(dsn, cases(table), kept, memory=None):
                form = _form(index)
                ratios.setdefault(form, []).append(estimate_size(index, catalog) / built)
                last[form] = built
    print("\n".join([*_inverted_lines(rows, inverted, last), "", *_expression_lines(rows, expressions)]))


def _make_tables(dsn: str, rows: Sequence[int]) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create extension if not exists pg_trgm with schema public")
        for count in rows:
            row = connection.execute("select to_regclass(%s)", [f"public.{_table(count)}"]).fetchone()
            if row is None or row[0] is None:
                fill(connection, _table(count), count)


async def _read_catalog(dsn: str, rows: Sequence[int]) -> Catalog:
    wanted = [
        LookedInto(table=TableName(schema="public", table=_table(count)), column=column, inside=inside)
        for count in rows
        for inside, columns in _LOOKED_INTO
        for column in columns
    ]
    async with open_observer(target_from_dsn(dsn), ConnectionLimits(), own_roles=()) as observer:
        return with_contents(await observer.read_catalog(), await observer.read_contents(wanted))


def _inverted_lines(rows: Sequence[int], ratios: Ratios, last: Mapping[str, int]) -> Iterator[str]:
    yield f"| estimated / built | {' | '.join(f'{count:,} rows' for count in rows)} | built at {rows[-1]:,}, MB |"
    yield "|---|" + "---|" * (len(rows) + 1)
    for form, row in ratios.items():
        yield f"| {form} | {' | '.join(f'{ratio:.2f}' for ratio in row)} | {last[form] / 1e6:.1f} |"


def _expression_lines(rows: Sequence[int], ratios: Ratios) -> Iterator[str]:
    yield f"| B-trees on expressions | of | from {LOW} to {HIGH} | smallest | largest |"
    yield "|---|---|---|---|---|"
    for number, count in enumerate(rows):
        column = [row[number] for row in ratios.values()]
        within = sum(LOW <= ratio <= HIGH for ratio in column)
        yield f"| {count:,} rows | {len(column)} | {within} | {min(column):.2f} | {max(column):.2f} |"
    outside = {form: row for form, row in ratios.items() if not all(LOW <= ratio <= HIGH for ratio in row)}
    if outside:
        yield ""
        yield f"| outside of that | {' | '.join(f'{count:,} rows' for count in rows)} |"
        yield "|---|" + "---|" * len(rows)
        for form, row in outside.items():
            yield f"| {form} | {' | '.join(f'{ratio:.2f}' for ratio in row)} |"


def _table(rows: int) -> str:
    return f"documents_{rows}"


def _form(index: Index) -> str:
    """Its method, keys and classes: what is the same on the table of each number of rows."""
    return describe(index).partition(" USING ")[2]
