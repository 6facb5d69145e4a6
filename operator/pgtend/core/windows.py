"""Freeze windows in time: which one is open, until when no change can begin, and which opens next. Time is an argument.

Cron schedules are read by cronsim, which follows Debian's cron at a change of the clocks: an opening in the hour that is
skipped happens right after it, one in the hour that comes twice happens in the first of the two. A duration is elapsed time, so a
window of 24 hours ends at another time of the day where the clocks changed in between. (On Lord Howe Island, where they move by
half an hour, ``next_opening`` may be half an hour late on that night for an hourly schedule; ``active_window`` is right there too.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim

from pgtend.domain.policy import AbsoluteWindow, RecurringWindow, Window

_LONGEST_CLOCK_CHANGE = timedelta(hours=3)
"""No zone of the tz database moves its clocks by more than this at once, changes of the date line apart."""

FORESEEN = timedelta(days=366)
"""How far ahead the end of windows that follow one another without a gap is looked for."""
MOST_OPENINGS = 200
"""How many of their openings are followed: enough for a week of windows of an hour each."""


@dataclass(frozen=True, kw_only=True)
class OpenSpan:
    """Windows that overlap or adjoin, from now on: together they are open without a gap until ``end``."""

    windows: tuple[Window, ...]
    """Those that it takes to come to the end, in the order in which they were given."""
    end: datetime | None
    """UTC, outside; None when there is none within FORESEEN or MOST_OPENINGS openings."""


def open_span(windows: Sequence[Window], now: datetime) -> OpenSpan | None:
    """How long windows stay open from now on, whichever of them: the end of their union, which does not move as time goes by.

    None when all are closed. Raises as ``active_window`` does.
    """
    opened = active_window(windows, now)
    if opened is None:
        return None
    passed: list[Window] = []
    for _ in range(MOST_OPENINGS):
        window, end = opened
        if window not in passed:
            passed.append(window)
        opened = active_window(windows, end)
        if opened is None:
            return OpenSpan(windows=_as_listed(passed, windows), end=end)
        if end - now > FORESEEN:
            break
    return OpenSpan(windows=_as_listed(passed, windows), end=None)


def active_window(windows: Sequence[Window], now: datetime) -> tuple[Window, datetime] | None:
    """The open window that ends last, with its end (UTC); None when all are closed.

    ``now`` must be aware. A window is open from its start (inclusive) to its end (exclusive).
    Raises cronsim.CronSimError for a schedule that means nothing: policies are validated before.
    """
    is_open = [(window, end) for window in windows if (end := _open_until(window, now)) is not None]
    return max(is_open, key=lambda pair: pair[1], default=None)


def next_opening(windows: Sequence[Window], now: datetime) -> tuple[Window, datetime] | None:
    """The window that opens first after ``now``, with that moment (UTC); None when none ever does."""
    openings = [(window, start) for window in windows if (start := _opens_after(window, now)) is not None]
    return min(openings, key=lambda pair: pair[1], default=None)


def _as_listed(some: Sequence[Window], windows: Sequence[Window]) -> tuple[Window, ...]:
    return tuple(each for each in windows if each in some)


def _open_until(window: Window, now: datetime) -> datetime | None:
    if isinstance(window, AbsoluteWindow):
        return window.end.astimezone(UTC) if window.start <= now < window.end else None
    opening = _last_opening(window, now)
    if opening is None or now >= opening + window.duration:
        return None
    return opening + window.duration


def _opens_after(window: Window, now: datetime) -> datetime | None:
    if isinstance(window, AbsoluteWindow):
        return window.start.astimezone(UTC) if window.start > now else None
    # Inside the hour that comes twice the first candidates may lie before now.
    for opening in CronSim(window.schedule, now.astimezone(window.zone)):
        if opening.astimezone(UTC) > now:
            return opening.astimezone(UTC)
    return None


def _last_opening(window: RecurringWindow, now: datetime) -> datetime | None:
    """The last opening at or before now. All openings last equally long, so no earlier one ends later."""
    # cronsim walks on the wall clock, where an opening of the past may read later than now: so start a little ahead.
    ahead = (now + _LONGEST_CLOCK_CHANGE).astimezone(window.zone)
    for opening in CronSim(window.schedule, ahead, reverse=True):
        if opening.astimezone(UTC) <= now:
            return opening.astimezone(UTC)
    return None
