from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.sql.lexer import LONGEST_TEXT, Kind, NotLexable, spell, tokenize


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("$1,$2", [(Kind.PARAMETER, "$1"), (Kind.SIGN, ","), (Kind.PARAMETER, "$2")]),
        ("SELECT Ünder", [(Kind.WORD, "select"), (Kind.WORD, "Ünder")]),
        ('"A ""b"""', [(Kind.QUOTED, 'A "b"')]),
        ("'it''s'", [(Kind.STRING, "it's")]),
        (r"E'a\'b\n\x41\u00e9'", [(Kind.STRING, "a'b\nAé")]),
        (r"'a\'", [(Kind.STRING, "a\\")]),
        ("$$ it's $x $$", [(Kind.STRING, " it's $x ")]),
        ("$a$ $$ $a$", [(Kind.STRING, " $$ ")]),
        (r"U&'d\0061t\+000061'", [(Kind.STRING, "data")]),
        (r'U&"d\0061t"', [(Kind.QUOTED, "dat")]),
        ("B'01' x'fF'", [(Kind.BITS, "B'01'"), (Kind.BITS, "x'fF'")]),
        ("N'x'", [(Kind.STRING, "x")]),
        (
            "1 1.5 .5 1e-3 1_000 0xff",
            [(Kind.NUMBER, each) for each in ("1", "1.5", ".5", "1e-3", "1_000", "0xff")],
        ),
        ("a/* /* nested */ */b -- end", [(Kind.WORD, "a"), (Kind.WORD, "b")]),
        ("a--b\nc", [(Kind.WORD, "a"), (Kind.WORD, "c")]),
        ("a<-1", [(Kind.WORD, "a"), (Kind.SIGN, "<"), (Kind.SIGN, "-"), (Kind.NUMBER, "1")]),
        ("a@-1", [(Kind.WORD, "a"), (Kind.SIGN, "@-"), (Kind.NUMBER, "1")]),
        ("a=/*c*/b", [(Kind.WORD, "a"), (Kind.SIGN, "="), (Kind.WORD, "b")]),
        ("a->>'k'", [(Kind.WORD, "a"), (Kind.SIGN, "->>"), (Kind.STRING, "k")]),
        ("x::int[]", [(Kind.WORD, "x"), (Kind.SIGN, "::"), (Kind.WORD, "int"), (Kind.SIGN, "["), (Kind.SIGN, "]")]),
        ("a$b", [(Kind.WORD, "a$b")]),
    ],
)
def test_texts_are_split_as_postgres_splits_them(text: str, tokens: list[tuple[Kind, str]]) -> None:
    assert [(token.kind, token.text) for token in tokenize(text)] == tokens


@pytest.mark.parametrize(
    "text", ["'open", '"open', "/* open", "/* /* */", "$a$ open", "\\", "a\0b", "\ud800", "E'\\x00'", '""', "$x"]
)
def test_what_postgres_could_not_read_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(NotLexable, match=r"\.$"):
        tokenize(text)


def test_a_text_may_not_be_endless() -> None:
    with pytest.raises(NotLexable, match="longer than"):
        tokenize("x" * (LONGEST_TEXT + 1))


@settings(deadline=None)
@given(st.text(max_size=60) | st.text("$1a'\"/*-+<> \n\\(),.:;[]eEuU&xX_", max_size=40))
def test_a_spelled_text_reads_as_the_same_tokens(text: str) -> None:
    try:
        tokens = tokenize(text)
    except NotLexable:
        return
    assert tokenize(spell(tokens)) == tokens


def test_a_backslash_is_spelled_so_that_no_setting_changes_its_meaning() -> None:
    assert spell(tokenize(r"'a\'")) == r"E'a\\'"
