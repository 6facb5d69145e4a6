from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtend.core.windows import active_window, next_opening, open_span
from pgtend.domain.policy import AbsoluteWindow, RecurringWindow, Window

LONDON = ZoneInfo("Europe/London")


def recurring(schedule: str, hours: float, zone: ZoneInfo = LONDON) -> RecurringWindow:
    return RecurringWindow(name="recurring", schedule=schedule, duration=timedelta(hours=hours), zone=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SATURDAYS = recurring("0 0 * * 6", 24)
AT_HALF_PAST_ONE = recurring("30 1 * * *", 4)
LAUNCH = AbsoluteWindow(name="launch", start=utc("2026-11-27T00:00"), end=utc("2026-12-01T00:00"))


@pytest.mark.parametrize(
    ("window", "now", "end"),
    [
        pytest.param(SATURDAYS, "2026-11-28T00:00", "2026-11-29T00:00", id="a Saturday from its first minute"),
        pytest.param(SATURDAYS, "2026-11-28T23:59", "2026-11-29T00:00", id="a Saturday to its last minute"),
        pytest.param(SATURDAYS, "2026-11-29T00:00", None, id="but not the Sunday"),
        pytest.param(SATURDAYS, "2026-07-03T22:59", None, id="in summer not before midnight in London"),
        pytest.param(SATURDAYS, "2026-07-03T23:00", "2026-07-04T23:00", id="in summer from midnight in London"),
        pytest.param(
            recurring("0 0 * * 0", 24), "2026-03-29T22:59", "2026-03-30T00:00", id="24 hours of a day that has 23"
        ),
        pytest.param(
            recurring("0 0 * * 0", 24), "2026-10-25T23:30", None, id="24 hours are over before a day of 25 hours is"
        ),
        pytest.param(
            AT_HALF_PAST_ONE, "2026-03-29T01:00", "2026-03-29T05:00", id="the skipped hour opens right after the gap"
        ),
        pytest.param(AT_HALF_PAST_ONE, "2026-03-29T00:59", None, id="and not before it"),
        pytest.param(
            AT_HALF_PAST_ONE, "2026-10-25T00:30", "2026-10-25T04:30", id="the double hour opens the first time"
        ),
        pytest.param(
            AT_HALF_PAST_ONE, "2026-10-25T01:15", "2026-10-25T04:30", id="and is open when the clock shows less again"
        ),
        pytest.param(
            recurring("30 1 * * *", 0.5), "2026-10-25T01:45", None, id="and does not open the second time as well"
        ),
        pytest.param(
            recurring("0 0 1 * *", 31 * 24), "2026-03-31T22:30", "2026-04-01T00:00", id="a month of 31 days' hours"
        ),
        pytest.param(
            recurring("0 0 29 2 *", 24, ZoneInfo("UTC")), "2028-02-29T12:00", "2028-03-01T00:00", id="a leap day"
        ),
        pytest.param(LAUNCH, "2026-11-27T00:00", "2026-12-01T00:00", id="absolute from its start"),
        pytest.param(LAUNCH, "2026-12-01T00:00", None, id="absolute to before its end"),
    ],
)
def test_a_window_is_open_from_its_opening_for_its_duration(window: Window, now: str, end: str | None) -> None:
    expected = None if end is None else (window, utc(end))
    assert active_window([window], utc(now)) == expected


def test_of_several_open_windows_the_one_that_ends_last_is_named() -> None:
    assert active_window([SATURDAYS, LAUNCH], utc("2026-11-28T12:00")) == (LAUNCH, LAUNCH.end)
    assert active_window([], utc("2026-11-28T12:00")) is None


def absolute(name: str, start: str, end: str) -> AbsoluteWindow:
    return AbsoluteWindow(name=name, start=utc(start), end=utc(end))


STOCKTAKING = absolute("stocktaking", "2026-11-30T12:00", "2026-12-03T00:00")
AFTERWARDS = absolute("afterwards", "2026-12-01T00:00", "2026-12-02T00:00")
LONG = absolute("long", "2026-01-01T00:00", "2029-01-01T00:00")


@pytest.mark.parametrize(
    ("windows", "names", "end"),
    [
        pytest.param([LAUNCH], ["launch"], "2026-12-01T00:00", id="one alone"),
        pytest.param([LAUNCH, STOCKTAKING], ["launch", "stocktaking"], "2026-12-03T00:00", id="one that overlaps"),
        pytest.param([AFTERWARDS, LAUNCH], ["afterwards", "launch"], "2026-12-02T00:00", id="one that adjoins"),
        pytest.param([SATURDAYS, LAUNCH], ["launch"], "2026-12-01T00:00", id="one inside another"),
        pytest.param([recurring("0 0 * 11 *", 24)], ["recurring"], "2026-12-01T00:00", id="one that adjoins itself"),
        pytest.param([recurring("0 0 * * *", 26)], ["recurring"], None, id="one that never closes"),
        pytest.param([recurring("* * * * *", 1)], ["recurring"], None, id="one that opens every minute"),
        pytest.param([LONG], ["long"], "2029-01-01T00:00", id="years that are one window"),
        pytest.param([SATURDAYS, AFTERWARDS], None, None, id="all closed"),
    ],
)
def test_windows_without_a_gap_have_the_end_of_the_last(
    windows: list[Window], names: list[str] | None, end: str | None
) -> None:
    span = open_span(windows, utc("2026-11-27T01:30"))
    if names is None:
        assert span is None
    else:
        assert span is not None
        assert [each.name for each in span.windows] == names
        assert span.end == (None if end is None else utc(end))


@pytest.mark.parametrize(
    ("window", "now", "opening"),
    [
        pytest.param(SATURDAYS, "2026-11-27T12:00", "2026-11-28T00:00", id="the coming Saturday"),
        pytest.param(SATURDAYS, "2026-11-28T00:00", "2026-12-05T00:00", id="strictly after now"),
        pytest.param(AT_HALF_PAST_ONE, "2026-10-25T01:15", "2026-10-26T01:30", id="not the opening that has been"),
        pytest.param(LAUNCH, "2026-11-26T00:00", "2026-11-27T00:00", id="absolute"),
        pytest.param(LAUNCH, "2026-11-27T00:00", None, id="absolute only once"),
    ],
)
def test_the_next_opening_comes_after_now(window: Window, now: str, opening: str | None) -> None:
    expected = None if opening is None else (window, utc(opening))
    assert next_opening([window], utc(now)) == expected


@pytest.mark.parametrize("schedule", ["* * * * *", "0 0 1 * *", "0 0 29 2 *", "59 23 31 12 *", "*/7 3-5 * * 1"])
def test_a_look_takes_few_steps_whatever_the_schedule(schedule: str) -> None:
    window = recurring(schedule, 31 * 24)
    assert active_window([window], utc("2027-02-28T12:34")) is not None or schedule in ("0 0 29 2 *", "59 23 31 12 *")
    assert next_opening([window], utc("2027-02-28T12:34")) is not None


schedules = st.builds(
    "{} {} {} {} {}".format,
    st.sampled_from(["0", "30", "*/20", "5,45", "*"]),
    st.sampled_from(["0", "1", "2", "1,2", "*", "*/6", "3"]),
    st.sampled_from(["*", "1", "25", "29", "L"]),
    st.sampled_from(["*", "3", "10", "3,10"]),
    st.sampled_from(["*", "0", "6", "1-5"]),
)
zones = st.sampled_from(
    [ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kathmandu", "UTC")]
)
durations = st.integers(min_value=1, max_value=60 * 24 * 31).map(lambda minutes: timedelta(minutes=minutes))
recurring_windows = st.builds(RecurringWindow, name=st.just("w"), schedule=schedules, duration=durations, zone=zones)
moments = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 (made aware below)
    st.datetimes(datetime(2026, 3, 28, 20), datetime(2026, 3, 29, 6)),  # noqa: DTZ001
    st.datetimes(datetime(2026, 10, 24, 20), datetime(2026, 10, 25, 6)),  # noqa: DTZ001
).map(lambda moment: moment.replace(tzinfo=UTC))


@given(recurring_windows, moments)
def test_every_window_is_open_at_its_next_opening_for_its_whole_duration(
    window: RecurringWindow, now: datetime
) -> None:
    opened = next_opening([window], now)
    assert opened is not None
    _, opening = opened
    assert opening > now
    active = active_window([window], opening)
    assert active == (window, opening + window.duration)
    later = next_opening([window], opening)
    last_moment = opening + window.duration - timedelta(microseconds=1)
    assert later is not None
    if later[1] > last_moment:
        assert active_window([window], last_moment) == active
        if later[1] > opening + window.duration:
            assert active_window([window], opening + window.duration) is None


@given(recurring_windows, moments)
def test_nothing_opens_between_now_and_the_next_opening(window: RecurringWindow, now: datetime) -> None:
    opened = next_opening([window], now)
    assert opened is not None
    before = active_window([window], opened[1] - timedelta(microseconds=1))
    assert before is None or before == active_window([window], now)


@given(st.lists(recurring_windows, max_size=4), moments)
def test_more_windows_never_open_less(windows: list[Window], now: datetime) -> None:
    alone = [active_window([window], now) for window in windows]
    together = active_window(windows, now)
    assert (together is None) == all(each is None for each in alone)
    if together is not None:
        assert together[1] == max(each[1] for each in alone if each is not None)
        assert together[1] > now


@given(recurring_windows, moments, zones)
def test_the_zone_in_which_now_is_told_does_not_matter(window: RecurringWindow, now: datetime, zone: ZoneInfo) -> None:
    assert active_window([window], now.astimezone(zone)) == active_window([window], now)


@given(st.lists(recurring_windows, min_size=1, max_size=3), moments)
def test_the_end_of_a_span_stays_where_it_is_until_it_comes(windows: list[Window], now: datetime) -> None:
    span = open_span(windows, now)
    if span is None or span.end is None:
        return
    assert active_window(windows, span.end) is None
    for share in (0.3, 0.9):
        later = open_span(windows, now + share * (span.end - now))
        assert later is not None
        assert later.end == span.end
