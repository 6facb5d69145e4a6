from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.core.plan_change import LONGEST, describe_plan_change
from pgtend.domain.plan import PlanShape
from tests.unit.core.catalogs import catalog, index_on
from tests.unit.core.plans import node, over, scan

BY_COUPLE = index_on("bookings", "couple_id")
READ = (scan("bookings", 4, 25_000, filtered=True),)
LOOKED_UP = (scan("bookings", 4, 20, kind="Index Scan", index=BY_COUPLE, conditions=1),)
BITMAP = over(
    scan("bookings", 4, 20, kind="Bitmap Heap Scan"),
    (replace(node("Bitmap Index Scan", 4, 10), index=BY_COUPLE, conditions=1),),
)
PAYMENTS = (scan("payments", 1e6, 30_000),)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        pytest.param(
            READ,
            LOOKED_UP,
            "Seq Scan on bookings → Index Scan, filter on 1.0 M rows gone",
            id="a filter becomes a search",
        ),
        pytest.param(READ, BITMAP, "Seq Scan on bookings → Bitmap Heap Scan, filter on 1.0 M rows gone", id="a bitmap"),
        pytest.param(
            (replace(LOOKED_UP[0], index="old_idx"),),
            (replace(LOOKED_UP[0], kind="Index Only Scan"),),
            "Index Scan on bookings using old_idx → Index Only Scan",
            id="from one index to another",
        ),
        pytest.param(
            over(node("Sort", 4, 30_000), READ),
            LOOKED_UP,
            "Seq Scan on bookings → Index Scan, filter on 1.0 M rows gone; Sort gone",
            id="a sort",
        ),
        pytest.param(
            over(node("Hash Join", 9, 60_000), PAYMENTS, over(node("Hash", 4, 25_000), READ)),
            over(node("Nested Loop", 9, 60_000), READ, (replace(LOOKED_UP[0], relation="payments", alias="payments"),)),
            "Seq Scan on payments → Index Scan; Hash Join → Nested Loop",
            id="another join",
        ),
        pytest.param(READ, READ, "", id="nothing"),
        pytest.param((), (), "", id="plans that are not known"),
    ],
)
def test_a_change_of_plans_is_said_in_one_line(before: PlanShape, after: PlanShape, text: str) -> None:
    assert describe_plan_change(before, after, catalog()) == text


def test_a_long_line_is_cut() -> None:
    old = (
        scan("t" * 63, 1, 9, kind="Index Scan", index="i" * 63),
        scan("u" * 63, 1, 9, kind="Index Scan", index="i" * 63),
    )
    new = tuple(replace(each, index=BY_COUPLE) for each in old)
    assert len(describe_plan_change(old, new, catalog())) == LONGEST
