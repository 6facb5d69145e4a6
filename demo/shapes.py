"""What the marketplace asks of its database: the shapes of its statements, how often, and with which values.

The slow ones read whole tables of one or two million rows because nothing but primary keys is there. Their rates are
low, so that the untuned database takes well under one core. The ones by primary key are what nothing needs to help.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log
from random import Random
from typing import LiteralString

VENDORS = 20_000
COUPLES = 250_000
BOOKINGS = 1_000_000
TIMELINES = 1_000_000
GUESTS = 2_000_000

_CATEGORIES = ("venue", "catering", "photography", "music", "flowers", "cake", "dress", "planner")

Values = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One statement of the marketplace.

    `per_second` is how often it is asked, `values` draws one set of parameters.
    """

    name: str
    sql: LiteralString
    per_second: float
    values: Callable[[Random], Values]


def _vendor(draw: Random) -> int:
    """A vendor as the bookings have them: few have most (the inverse of a Zipf-Mandelbrot distribution)."""
    return int(exp(draw.uniform(log(50), log(50 + VENDORS)))) - 50 + 1


def _booking(draw: Random) -> int:
    return draw.randint(1, BOOKINGS)


def _month(draw: Random) -> Values:
    first = date(2027, draw.randint(4, 10), 1)
    return {"vendor": _vendor(draw), "first": first, "last": first + timedelta(days=30)}


def _new_booking(draw: Random) -> Values:
    return {
        "couple": draw.randint(1, COUPLES),
        "vendor": _vendor(draw),
        "day": date(2027, 4, 3) + timedelta(weeks=draw.randint(0, 80)),
        "total": draw.randint(100, 9000),
    }


SHAPES: tuple[Shape, ...] = (
    Shape(
        name="payments of a booking",
        sql="select id, amount, method, status, created_at from payments where booking_id = %(booking)s",
        per_second=2,
        values=lambda draw: {"booking": _booking(draw)},
    ),
    Shape(
        name="guest list of a booking",
        sql="select id, name, rsvp, seat from guests where booking_id = %(booking)s order by name",
        per_second=1,
        values=lambda draw: {"booking": _booking(draw)},
    ),
    Shape(
        name="bookings of a couple",
        sql=(
            "select id, vendor_id, wedding_date, status, total from bookings"
            " where couple_id = %(couple)s order by wedding_date"
        ),
        per_second=1.6,
        values=lambda draw: {"couple": draw.randint(1, COUPLES)},
    ),
    Shape(
        name="a vendor's calendar",
        sql=(
            "select wedding_date, status from bookings"
            " where vendor_id = %(vendor)s and wedding_date between %(first)s and %(last)s and status <> 'cancelled'"
        ),
        per_second=1.6,
        values=_month,
    ),
    Shape(
        name="timeline of a booking",
        sql="select starts_at, minutes, title from timelines where booking_id = %(booking)s order by starts_at",
        per_second=1.2,
        values=lambda draw: {"booking": _booking(draw)},
    ),
    Shape(
        name="vendor search",
        sql=(
            "select id, name, rating, price_from from vendors"
            " where category = %(category)s and city = %(city)s and active order by rating desc limit 20"
        ),
        per_second=6,
        values=lambda draw: {
            "category": draw.choice(_CATEGORIES),
            "city": f"City {int(exp(draw.uniform(0, log(120))))}",
        },
    ),
    Shape(
        name="one booking",
        sql="select id, status, total, wedding_date from bookings where id = %(booking)s",
        per_second=15,
        values=lambda draw: {"booking": _booking(draw)},
    ),
    Shape(
        name="one vendor",
        sql="select name, category, city, rating, price_from from vendors where id = %(vendor)s",
        per_second=20,
        values=lambda draw: {"vendor": _vendor(draw)},
    ),
    Shape(
        name="one couple",
        sql="select email, city from couples where id = %(couple)s",
        per_second=15,
        values=lambda draw: {"couple": draw.randint(1, COUPLES)},
    ),
    Shape(
        name="book",
        sql=(
            "insert into bookings (couple_id, vendor_id, wedding_date, status, channel, total, created_at)"
            " values (%(couple)s, %(vendor)s, %(day)s, 'pending', 'web', %(total)s, now())"
        ),
        per_second=4,
        values=_new_booking,
    ),
    Shape(
        name="confirm a booking",
        sql="update bookings set status = 'confirmed' where id = %(booking)s",
        per_second=4,
        values=lambda draw: {"booking": _booking(draw)},
    ),
    Shape(
        name="pay",
        sql=(
            "insert into payments (booking_id, amount, method, status, created_at)"
            " values (%(booking)s, %(amount)s, 'card', 'settled', now())"
        ),
        per_second=6,
        values=lambda draw: {"booking": _booking(draw), "amount": draw.randint(50, 900)},
    ),
    Shape(
        name="answer an invitation",
        sql="update guests set rsvp = %(rsvp)s where id = %(guest)s",
        per_second=6,
        values=lambda draw: {"guest": draw.randint(1, GUESTS), "rsvp": draw.choice(("yes", "no"))},
    ),
    Shape(
        name="move a timeline's entry",
        sql="update timelines set minutes = %(minutes)s where id = %(entry)s",
        per_second=3,
        values=lambda draw: {"entry": draw.randint(1, TIMELINES), "minutes": draw.choice((15, 30, 45))},
    ),
)
