"""Windows of time in which nothing may be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from pgtend.kube.resources.fields import DNS_LABEL, DURATION_LENGTH, Declared, duration_between, rules

FIVE_FIELDS = "^[0-9A-Za-z*,/#-]+( +[0-9A-Za-z*,/#-]+){4}$"
ZONE = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"


class FreezeWindow(Declared):
    """Either recurring (schedule, duration and timeZone) or absolute (start and end)."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "has(self.schedule) != (has(self.start) || has(self.end))",
                "a window either recurs (schedule, duration, timeZone) or is absolute (start, end): give one of the two",
            ),
            (
                "!has(self.schedule) || (has(self.duration) && has(self.timeZone))",
                "a window with a schedule needs a duration and a timeZone",
            ),
            (
                "has(self.schedule) || !(has(self.duration) || has(self.timeZone))",
                "duration and timeZone belong to a window with a schedule; an absolute window has start and end",
            ),
            (
                "has(self.schedule) || has(self.start) == has(self.end)",
                "an absolute window needs both start and end",
            ),
            (
                "!has(self.start) || !has(self.end) || self.start < self.end",
                "the end of a window must be after its start",
            ),
            (
                "(!has(self.start) || (self.start.getFullYear() >= 2000 && self.start.getFullYear() < 3000)) "
                "&& (!has(self.end) || (self.end.getFullYear() >= 2000 && self.end.getFullYear() < 3000))",
                "start and end of a window lie in the years 2000 to 2999",
            ),
        )
    )

    name: Annotated[
        str,
        Field(
            max_length=63,
            description="What messages call this window; no two windows of a policy share a name.",
            json_schema_extra=rules(
                (
                    f"self.matches('{DNS_LABEL}')",
                    "a window's name consists of lower-case letters, digits and dashes, and begins and ends with a letter or digit",
                )
            ),
        ),
    ]
    schedule: Annotated[
        str | None,
        Field(
            max_length=100,
            description=(
                "When the window opens, as cron writes it: minute, hour, day of month, month, day of week, in timeZone. "
                '"0 0 * * 6" is every Saturday at midnight.'
            ),
            json_schema_extra=rules(
                (
                    f"self.matches('{FIVE_FIELDS}')",
                    "a schedule has five fields like cron's (minute, hour, day of month, month, day of week): "
                    '"0 0 * * 6" is every Saturday at midnight',
                )
            ),
        ),
    ] = None
    duration: Annotated[
        str | None,
        Field(
            max_length=DURATION_LENGTH,
            description="How long the window stays open, 24h say; from 1m to 744h (31 days).",
            json_schema_extra=duration_between("1m", "744h"),
        ),
    ] = None
    time_zone: Annotated[
        str | None,
        Field(
            max_length=64,
            description="The time zone in which the schedule is read, by its IANA name: Europe/London or UTC. Clock changes are followed.",
            json_schema_extra=rules(
                (f"self.matches('{ZONE}')", "timeZone is the IANA name of a time zone, like Europe/London or UTC")
            ),
        ),
    ] = None
    start: Annotated[
        datetime | None,
        Field(
            description='When an absolute window opens, with a time zone: "2026-11-27T00:00:00Z". This moment is inside.'
        ),
    ] = None
    end: Annotated[datetime | None, Field(description="When an absolute window closes. This moment is outside.")] = None
