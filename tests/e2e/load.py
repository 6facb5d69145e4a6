"""A small steady load on any number of databases, made in one thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import psycopg

APPLICATION_NAME = "shop"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One kind of statement, how often it is asked, and the values it is asked with."""

    sql: str
    values: Callable[[Random], tuple[object, ...]]
    per_second: float = 2.5


def by_number(statement: str, most: int, per_second: float = 2.5) -> Shape:
    """A statement with one number from 1 to `most`."""
    return Shape(sql=statement, values=lambda draw: (draw.randint(1, most),), per_second=per_second)


def count_from(table: str, rows: int, most: int) -> Shape:
    """A statement that counts so many rows by their primary keys."""

    def values(draw: Random) -> tuple[object, ...]:
        first = draw.randint(1, most - rows)
        return first, first + rows

    return Shape(sql=f"select count(*) from {table} where id between %s and %s", values=values, per_second=4.0)


TREATED = by_number("select id, product, placed from orders where customer = %s", 500)
"""The one shape of the shop that an index would help: before it some milliseconds, with it some tenths of one."""
SHOP: tuple[Shape, ...] = (
    TREATED,
    count_from("customers", 2500, 20000),
    count_from("products", 2500, 5000),
    count_from("warehouses", 900, 1000),
)
"""The other shapes are controls: primary keys of other tables, and enough work that a busy machine does not drown it in noise."""
UPDATE = by_number("update orders set note = 'y' where id = %s", 20)
"""Touches the treated table, in twenty rows that somebody else can lock to make it slow."""


class Load:
    """Asks each shape of each database on a connection of its own; connections that break are opened again."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="load", daemon=True)
        self._thread.start()
        self._running: list[Future[None]] = []

    def put_on(self, dsn: str, shapes: Sequence[Shape] = SHOP) -> Callable[[], None]:
        """Start asking these shapes; what is returned ends it."""
        mine = [asyncio.run_coroutine_threadsafe(_ask_for_ever(dsn, shape), self._loop) for shape in shapes]
        self._running += mine

        def end() -> None:
            for each in mine:
                each.cancel()
            for each in mine:
                with suppress(CancelledError):
                    each.result(timeout=30)

        return end

    def close(self) -> None:
        """End all of it."""
        for each in self._running:
            each.cancel()
        asyncio.run_coroutine_threadsafe(_settle(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()


async def _settle() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


async def _ask_for_ever(dsn: str, shape: Shape) -> None:
    draw = Random(f"{dsn}/{shape.sql}")
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                dsn, autocommit=True, application_name=APPLICATION_NAME, connect_timeout=10
            ) as connection:
                await _ask(connection, shape, draw)
        except psycopg.Error:
            await asyncio.sleep(0.3)


async def _ask(connection: psycopg.AsyncConnection, shape: Shape, draw: Random) -> None:
    pace = 1 / shape.per_second
    due = time.monotonic() + pace * draw.random()
    while True:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        async with connection.cursor() as cursor:
            await cursor.execute(shape.sql.encode(), shape.values(draw))
            if cursor.description is not None:
                await cursor.fetchall()
        due = max(due + pace * draw.uniform(0.8, 1.2), time.monotonic())
