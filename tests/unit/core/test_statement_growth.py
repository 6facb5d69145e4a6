"""What reading a statement costs as it gets longer, in steps and not in time: a long one may not hold up all the others."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from pgtend.core.sql import lexer
from pgtend.core.sql.lexer import LONGEST_TEXT, MOST_READ, NotLexable, tokenize
from pgtend.core.statement import Unusable, read_statement
from tests.unit.core.catalogs import catalog

SHOP = catalog()
PLACES = 4_000


def steps_of(text: str) -> int:
    """Calls of functions, those of the libraries included, until a statement is read."""
    count = 0

    def profile(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        read_statement(text, SHOP)
    finally:
        sys.setprofile(before)
    return count


RUNS: dict[str, Callable[[int], str]] = {
    "one sign": lambda n: "select " + "+" * n + "1",
    "two signs": lambda n: "select " + "+-" * (n // 2) + "+1",
    "signs apart": lambda n: "select " + "- " * n + "1",
    "signs before a comment": lambda n: "select " + "+" * n + "/**/1",
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_run_of_signs_is_looked_at_in_pieces_of_bounded_length(
    monkeypatch: pytest.MonkeyPatch, run: Callable[[int], str]
) -> None:
    real, looked_at = lexer._operator, [0]

    def counted(signs: str) -> str:
        looked_at[0] += len(signs)
        return real(signs)

    monkeypatch.setattr(lexer, "_operator", counted)
    tokens = tokenize(run(PLACES))
    assert PLACES <= len(tokens) <= PLACES + 5
    assert looked_at[0] <= 65 * len(tokens)


@pytest.mark.parametrize("piece", ["+", "- ", "1,", "a ", "()", "'a',", "$1 ", "::"])
def test_a_text_of_too_many_words_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    real, read = lexer._next, [0]

    def counted(text: str, place: int) -> tuple[lexer.Token | None, int]:
        read[0] += 1
        return real(text, place)

    monkeypatch.setattr(lexer, "_next", counted)
    with pytest.raises(NotLexable, match="more than 8,000 words"):
        tokenize("select " + piece * ((LONGEST_TEXT - 10) // len(piece)))
    assert read[0] <= 2 * MOST_READ + 10


@pytest.mark.parametrize(
    ("text", "operator"),
    [("1 " + "*" * 63 + "/**/ 2", "*" * 63), ("1 *" + "-" * 200 + "\n 2", "*"), ("1 *" + "+" * 200 + " 2", "*")],
)
def test_an_operator_of_the_greatest_length_is_told_from_a_comment_behind_it(text: str, operator: str) -> None:
    assert tokenize(text)[1].text == operator


def test_an_operator_that_postgres_would_not_take_is_refused() -> None:
    with pytest.raises(NotLexable, match="more than 63 signs"):
        tokenize("1 " + "*" * 64 + " 2")


GROWING: dict[str, Callable[[int], str]] = {
    "signs": lambda n: "select id from bookings where id = " + "+" * n + "1",
    "minus": lambda n: "select id from bookings where id = " + "- " * n + "1",
    "not": lambda n: "select id from bookings where " + "not " * n + "confirmed",
    "or": lambda n: "select id from bookings where " + " or ".join(["id = 1"] * (n // 4)),
    "in": lambda n: "select id from bookings where id in (" + ", ".join(["1"] * (n // 2)) + ")",
    "unions": lambda n: " union all ".join(["select id from bookings where id = 1"] * (n // 10)),
    "joins": lambda n: (
        "select 1 from bookings a0"
        + "".join(f" join bookings a{i} on a{i}.id = a{i - 1}.id" for i in range(1, n // 14))
    ),
    "with": lambda n: (
        "with c0 as (select id from bookings)"
        + "".join(f", c{i} as (select id from c{i - 1})" for i in range(1, n // 9))
        + " select id from c0"
    ),
    "concatenations": lambda n: "select " + " || ".join(["note"] * (n // 2)) + " from bookings",
    "casts": lambda n: "select id from bookings where id = 1" + "::int" * (n // 2),
    "lines of a string": lambda n: "select id from bookings where note = 'a'" + "\n'b'" * n,
    "semicolons": lambda n: "select id from bookings" + ";" * n,
    "arrows": lambda n: "select details" + "->'a'" * (n // 2) + " from bookings",
    "explain": lambda n: "explain " * n,
    "comments": lambda n: "select " + "/* */" * n + "id from bookings",
}


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_twice_the_words_take_at_most_four_times_the_steps(text: Callable[[int], str]) -> None:
    read_statement(text(100), SHOP)  # what is made on the first use
    small, large = steps_of(text(400)), steps_of(text(800))
    assert large <= 4 * small


def test_the_longest_text_is_answered_within_bounded_steps() -> None:
    text = "select id from bookings where id in (" + ",".join("+" * 1440 + str(i) for i in range(130)) + ")"
    assert len(text) < LONGEST_TEXT
    assert isinstance(read_statement(text, SHOP), Unusable)
    assert steps_of(text) <= 100 * MOST_READ
