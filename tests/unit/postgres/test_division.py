"""How a batch of plans is divided among sessions."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pgtend.postgres.division import WORTH_SHARING, Division

SIZES = st.lists(st.integers(1, 12), max_size=8)


def by_set(sizes: list[int]) -> dict[int, list[int]]:
    numbers = iter(range(sum(sizes)))
    return {number: [next(numbers) for _ in range(size)] for number, size in enumerate(sizes)}


@given(sizes=SIZES, turns=st.lists(st.integers(0, 3), max_size=200))
def test_whoever_is_quick_every_plan_is_given_out_once_with_its_own_set(sizes: list[int], turns: list[int]) -> None:
    given_sets = by_set(sizes)
    division = Division(given_sets)
    made: dict[int, int | None] = dict.fromkeys(range(4))
    given_out: list[tuple[int, int]] = []
    for session in [*turns, *(4 * [0, 1, 2, 3] * (1 + sum(sizes)))]:
        chosen = division.next_for(made[session])
        if chosen is not None:
            made[session] = chosen[0]
            given_out.append(chosen)
    assert sorted(given_out) == [(one, number) for one, numbers in given_sets.items() for number in numbers]
    assert len(division) == 0


@given(sizes=SIZES, turns=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_whoever_is_lost_the_last_session_makes_what_is_left(sizes: list[int], turns: list[tuple[int, bool]]) -> None:
    given_sets = by_set(sizes)
    division = Division(given_sets)
    made: dict[int, int | None] = dict.fromkeys(range(4))
    lost: set[int] = set()
    done: list[tuple[int, int]] = []
    last = 0
    for session, is_lost in [
        *((each, gone and each != last) for each, gone in turns),
        *((last, False) for _ in range(1 + sum(sizes))),
    ]:
        chosen = None if session in lost else division.next_for(made[session])
        if chosen is not None and is_lost:
            lost.add(session)
            division.give_back(*chosen)
        elif chosen is not None:
            made[session] = chosen[0]
            done.append(chosen)
    # The others that are left go on with what they have begun.
    for session in {1, 2, 3} - lost:
        while (chosen := division.next_for(made[session])) is not None:
            made[session] = chosen[0]
            done.append(chosen)
    assert sorted(done) == [(one, number) for one, numbers in given_sets.items() for number in numbers]


@given(sizes=SIZES)
def test_one_session_makes_each_set_once(sizes: list[int]) -> None:
    division = Division(by_set(sizes))
    made: list[int] = []
    while (chosen := division.next_for(made[-1] if made else None)) is not None:
        if not made or made[-1] != chosen[0]:
            made.append(chosen[0])
    assert Counter(made) == Counter(range(len(sizes)))


def test_the_largest_set_is_begun_first_and_each_by_one_session() -> None:
    division = Division(by_set([1, 5, 3]))
    firsts = [division.next_for(None) for _ in range(3)]
    assert [chosen and chosen[0] for chosen in firsts] == [1, 2, 0]


def test_a_set_is_made_a_second_time_only_where_enough_of_it_is_left() -> None:
    division = Division(by_set([WORTH_SHARING + 1]))
    assert division.next_for(None) == (0, 0)
    assert division.next_for(None) == (0, 1)  # as many are left as are worth it
    assert division.next_for(None) is None
    assert division.next_for(0) == (0, 2)
