from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.domain.finding import TextsUnreadable
from pgtend.domain.workload import Load, Query, StatementKey, StatementText
from pgtend.pipeline import statements as module
from pgtend.pipeline.statements import Statements, TextRoom
from tests.unit.core.catalogs import catalog
from tests.unit.pipeline.fakes import HeldClock, Observed

SHOP = catalog()
COLUMNS = ("id", "couple_id", "vendor_id", "status", "note", "confirmed", "wedding_date")


class Texts(Observed):
    """A database whose statements each have a text of their own, and that counts how many it was asked for."""

    def __init__(self) -> None:
        super().__init__(clock=HeldClock(), catalog=lambda: SHOP)
        self.asked = 0

    async def read_texts(self, keys: Sequence[StatementKey]) -> tuple[StatementText, ...]:
        self.asked += len(keys)
        return tuple(StatementText(key=key, text=text_of(key.queryid)) for key in keys)


def text_of(number: int) -> str:
    columns = ", ".join(COLUMNS[(number + step) % len(COLUMNS)] for step in range(1 + number % 5))
    return f"select {columns}, {'id + ' * (number // 7)}id from bookings where id = $1"


def ran(*numbers: int, ms: float | None = None) -> dict[StatementKey, Load]:
    """The loads of these statements; the higher the number, the more time, unless it is given."""
    return {
        StatementKey(user=1, queryid=n): Load(calls=1, total_ms=float(n + 1) if ms is None else ms) for n in numbers
    }


def known(statements: Statements) -> set[str]:
    return {query.text for query in statements.queries.values()}


async def size_of(numbers: Sequence[int]) -> int:
    """Bytes that these statements take."""
    alone = Statements()
    await alone.learn(ran(*numbers), Texts(), SHOP)
    return alone.room.used


async def learnt(statements: Statements, loads: Mapping[StatementKey, Load]) -> Texts:
    database = Texts()
    await statements.learn(loads, database, SHOP)
    return database


class NoTexts(Texts):
    """A server that counts a statement which this database cannot read."""

    async def read_texts(self, keys: Sequence[StatementKey]) -> tuple[StatementText, ...]:
        raise TextsUnreadable("22021", "There is a bad text.")


def finding_of(statements: Statements) -> tuple[str, bool] | None:
    return None if statements.finding is None else (statements.finding.reason, statements.finding.fatal)


async def test_where_texts_cannot_be_read_what_is_known_stays_and_the_rest_is_tried_again_each_time() -> None:
    statements = Statements()
    await learnt(statements, ran(1))
    await statements.learn(ran(1, 2), NoTexts(), SHOP)
    assert finding_of(statements) == ("TextsUnreadable", False)
    assert set(statements.by_fingerprint(ran(1, 2)).values()) == set(ran(1).values())
    assert set(statements.unusable(ran(1, 2))) == {"queryid 2"}
    assert (await learnt(statements, ran(1, 2))).asked == 1
    assert finding_of(statements) is None
    assert set(statements.by_fingerprint(ran(1, 2)).values()) == set(ran(1, 2).values())
    assert statements.unusable(ran(1, 2)) == {}


async def test_a_text_is_read_once() -> None:
    statements = Statements()
    assert (await learnt(statements, ran(1, 2))).asked == 2
    assert (await learnt(statements, ran(1, 2, 3))).asked == 1
    assert len(known(statements)) == 3


async def test_where_the_room_is_full_those_with_the_most_time_stay_and_the_others_say_why() -> None:
    statements = Statements(TextRoom(await size_of((8, 9))))
    loads = ran(*range(1, 10))
    await learnt(statements, loads)
    assert len(known(statements)) == 2
    assert set(statements.by_fingerprint(loads).values()) == set(ran(8, 9).values())
    left_out = statements.unusable(loads)
    assert {reason for reason, _ in left_out.values()} == {
        "pgtend has no room in its memory for its text, beside those with more time."
    }
    assert (await learnt(statements, loads)).asked == 0, "what there is no room for is not read again at each pass"
    statements.forget_unusable()
    assert (await learnt(statements, loads)).asked == 7


async def test_what_has_not_run_lately_makes_room() -> None:
    statements = Statements(TextRoom(await size_of((1, 8))))
    await learnt(statements, ran(1, 8))
    await learnt(statements, ran(1))
    await learnt(statements, ran(1, 7))
    assert set(statements.by_fingerprint(ran(1, 7, 8))) == set(statements.by_fingerprint(ran(1, 7)))
    assert len(known(statements)) == 2


async def test_a_loop_takes_what_others_leave_and_gives_way_down_to_its_share() -> None:
    room = TextRoom(await size_of(range(8)))
    first, second = Statements(room), Statements(room)
    room.enter()
    room.enter()
    await learnt(first, ran(*range(8)))
    assert len(known(first)) == 8
    await learnt(second, ran(0, 1))
    assert len(known(second)) == 2
    await learnt(first, ran(*range(8)))
    assert 3 <= len(known(first)) < 8
    assert not room.is_full


async def test_room_is_given_back() -> None:
    room = TextRoom(await size_of((5,)))
    first, second = Statements(room), Statements(room)
    await learnt(first, ran(5))
    first.forget()
    assert known(first) == set()
    room.enter()
    room.enter()
    await learnt(second, ran(5))
    assert len(known(second)) == 1


async def test_entries_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_ENTRIES", 3)
    statements = Statements()
    await learnt(statements, ran(*range(6)))
    assert len(known(statements)) == 3


@settings(max_examples=40, deadline=None)
@given(
    passes=st.lists(st.tuples(st.integers(0, 1), st.sets(st.integers(0, 12))), min_size=1, max_size=8),
    places=st.integers(1, 12),
)
async def test_the_room_is_never_full_for_longer_than_a_pass_of_each_loop(
    passes: list[tuple[int, set[int]]], places: int
) -> None:
    room = TextRoom(places * 3_500)
    loops = Statements(room), Statements(room)
    for _ in loops:
        room.enter()
    for which, numbers in passes:
        await learnt(loops[which], ran(*numbers))
        assert all(isinstance(each, Query) for each in loops[which].queries.values())
    for loop in loops:
        await learnt(loop, {})
    assert not room.is_full
