"""Tests that mostly wait are run all at once, each in a thread; pytest then collects their outcomes one by one.

A test marked ``side_by_side`` may ask for session fixtures only. Those that also have ``meets="…"`` share an event: see Meeting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

MARK = "side_by_side"
PATIENCE = 1000.0


class Meeting:
    """Something that happens once, when all who are to be there have arrived or have gone.

    Each arrives with what it wants done in the middle of it: `begin`, then everybody's wish, then `finish`.
    """

    def __init__(self, begin: Callable[[], None], finish: Callable[[], None]) -> None:
        self._begin, self._finish = begin, finish
        self._expected: set[str] = set()
        self._arrived: dict[str, Callable[[], object]] = {}
        self._changed = threading.Condition()
        self._is_over = False
        self._error: Exception | None = None

    def expect(self, names: Iterable[str]) -> None:
        """Say who will come."""
        self._expected |= set(names)

    def arrive(self, name: str, wish: Callable[[], object] = lambda: None) -> None:
        """Wait for the others; returns when it has happened. Raises what went wrong in it."""
        with self._changed:
            self._arrived[name] = wish
            self._changed.notify_all()
            while not self._is_over:
                if self._expected <= set(self._arrived):
                    self._happen()
                else:
                    self._changed.wait(timeout=1)
            assert self._error is None, f"the meeting failed: {self._error}"

    def wait_to_be_last(self, name: str) -> None:
        """Wait until all others have arrived or have gone."""
        with self._changed:
            while not self._expected <= {*self._arrived, name}:
                self._changed.wait(timeout=1)

    def leave(self, name: str) -> None:
        """This one will not come (any more)."""
        with self._changed:
            self._expected.discard(name)
            self._changed.notify_all()

    def _happen(self) -> None:
        try:
            self._begin()
            for wish in self._arrived.values():
                wish()
            self._finish()
        except Exception as error:
            self._error = error
            raise
        finally:
            self._is_over = True
            self._changed.notify_all()


class SideBySide:
    """The running tests."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=64, thread_name_prefix="test")
        self._futures: dict[str, Future[None]] = {}

    def start(self, nodeid: str, run: Callable[[], None]) -> None:
        """Begin a test."""
        self._futures[nodeid] = self._pool.submit(run)

    def outcome(self, nodeid: str) -> None:
        """Wait for a test; raises what it raised."""
        self._futures[nodeid].result(timeout=PATIENCE)

    def close(self) -> None:
        """Wait for all."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def selected(session: pytest.Session) -> list[pytest.Function]:
    """The tests of this session that run side by side."""
    return [each for each in session.items if isinstance(each, pytest.Function) and each.get_closest_marker(MARK)]
