"""What makes DDL wait on a server, held by sessions of somebody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg

from tests.e2e.stage import Shop, condition_of

OLD_SNAPSHOT = "select count(*) from warehouses"
"""A snapshot that a concurrent build has to outwait, without a lock on its table."""
SHARE_LOCK = "lock table orders in share mode"
"""A lock that keeps a concurrent build from even beginning, and readers do not notice."""
READ_LOCK = "select id from orders limit 1"
"""A reader's lock, which holds up a concurrent drop."""

_YOUNG_SECONDS = 4.0
"""Transactions younger than ten seconds are expected to end by themselves: a build begins in spite of them."""


class Held:
    """Transactions that are open."""

    def __init__(self, shop: Shop, statement: str) -> None:
        self._shop, self._statement = shop, statement
        self._open: list[psycopg.Connection] = []

    def renew(self) -> None:
        """Open one more transaction, and then end all but the last two."""
        self.add()
        for connection in self._open[:-2]:
            connection.close()
        self._open = self._open[-2:]

    def add(self) -> None:
        """Open a transaction that holds what the statement takes."""
        connection = self._shop.connect()
        self._open.append(connection)
        connection.execute("begin isolation level repeatable read")
        connection.execute(self._statement.encode())

    def release(self) -> None:
        """End all of them."""
        for connection in self._open:
            connection.close()
        self._open.clear()


@contextmanager
def holding(shop: Shop, statement: str) -> Iterator[Held]:
    """Hold what a statement takes until the end of the block or a release."""
    held = Held(shop, statement)
    try:
        held.add()
        yield held
    finally:
        held.release()


@contextmanager
def blocked_build(shop: Shop, statement: str) -> Iterator[Held]:
    """An approved build that has begun and waits: the transactions before it were always too young to keep it from beginning."""
    with holding(shop, statement) as held:
        renewed = time.monotonic()

        def begun() -> bool:
            nonlocal renewed
            if condition_of(shop.recommendation(), "Applied").get("reason") == "Building":
                return True
            if time.monotonic() - renewed > _YOUNG_SECONDS:
                held.renew()
                renewed = time.monotonic()
            return False

        shop.until("a build", begun)
        shop.until("a build that waits on the server", lambda: builders(shop))
        yield held


def builders(shop: Shop) -> list[int]:
    """The backends that build or drop an index of the shop now and wait for others."""
    with shop.connect() as connection:
        rows = connection.execute(
            "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' "
            "and query ~* '^(create|drop) index concurrently'"
        ).fetchall()
    return [pid for (pid,) in rows]


def end_backends(shop: Shop) -> None:
    """Terminate the backends that build."""
    with shop.connect() as connection:
        for pid in builders(shop):
            connection.execute("select pg_terminate_backend(%s, 10000)", (pid,))


@contextmanager
def slow_updates(shop: Shop) -> Iterator[None]:
    """Make the updates of the load wait for row locks most of the time."""
    over = threading.Event()

    def lock_again_and_again() -> None:
        with shop.connect() as connection:
            while not over.is_set():
                with connection.transaction():
                    connection.execute("select id from orders where id <= 20 for update")
                    over.wait(0.12)
                over.wait(0.03)

    with ExitStack() as stack:
        thread = threading.Thread(target=lock_again_and_again, name=f"locks of {shop.namespace}")
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        yield
