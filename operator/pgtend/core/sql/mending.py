"""Mend what pg_stat_statements makes unreadable when it puts ``$n`` in the place of a constant.

``interval '1 day'`` becomes ``interval $1``, ``extract(year from t)`` becomes ``extract($1 from t)``, ``N'x'`` becomes ``N$1``:
no server parses those. A literal text is mended in the same way, so that it and its normalised form are one statement. Seen on
PostgreSQL 15 and 18.
"""

from __future__ import annotations

import re

from pgtend.core.sql.builtins import BEFORE_CONSTANT, RESERVED
from pgtend.core.sql.lexer import Kind, Token, Tokens

_MANY_WORDS = (
    ("double", "precision"),
    ("national", "character", "varying"),
    ("national", "char", "varying"),
    ("national", "character"),
    ("national", "char"),
    ("character", "varying"),
    ("char", "varying"),
    ("bit", "varying"),
)
_FIRST_WORDS = frozenset(words[0] for words in _MANY_WORDS)
_WITH_LENGTH_WORDS = """
    interval time timetz timestamp timestamptz numeric decimal dec float varchar bpchar char character bit varbit
"""
_WITH_LENGTH = frozenset(_WITH_LENGTH_WORDS.split())
_ZONES = (("with", "time", "zone"), ("without", "time", "zone"))
_NO_TYPE_WORDS = """
    asc by collate content desc do document end escape first groups ilike into is join like next passing placing range return
    returning rows set similar to uescape value version zone
"""
_NO_TYPE = frozenset((*RESERVED, *BEFORE_CONSTANT, *_NO_TYPE_WORDS.split())) - {"interval"}
"""Keywords that a constant may follow."""
_CAST = Token(Kind.SIGN, "::")
_COMMA = Token(Kind.SIGN, ",")
_EXTRACT = (Token(Kind.QUOTED, "pg_catalog"), Token(Kind.SIGN, "."), Token(Kind.QUOTED, "extract"))
_NATIONAL = re.compile(r"n(\$[0-9]+)")


def mend(tokens: Tokens) -> Tokens:
    """The same statement in a form that Postgres parses."""
    for repair in (_mend_strings, _mend_typed_constants, _mend_extract, _mend_substring):
        tokens = repair(tokens)
    return tokens


def _mend_strings(tokens: Tokens) -> Tokens:
    """``N$1`` → ``$1``; ``$1 UESCAPE '!'`` → ``$1``."""
    mended: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        national = _NATIONAL.fullmatch(token.text) if token.kind is Kind.WORD else None
        if national and not (place and tokens[place - 1].sign(".")):
            mended.append(Token(Kind.PARAMETER, national[1]))
        elif token.word("uescape") and mended and mended[-1].kind is Kind.PARAMETER:
            place += 1
        else:
            mended.append(token)
        place += 1
    return tuple(mended)


def _mend_typed_constants(tokens: Tokens) -> Tokens:
    """``interval $1`` → ``$1 :: interval``, for every type, built in or not."""
    mended: list[Token] = []
    place = 0
    while place < len(tokens):
        end = _end_of_type(tokens, place)
        after = tokens[end] if place < end < len(tokens) else None
        if after is not None and after.kind in (Kind.PARAMETER, Kind.STRING, Kind.BITS):
            mended += [after, _CAST, *_type_as_parsed(tokens[place:end])]
            place = end + 1
            if tokens[place - 2].word("interval"):  # a precision behind the field only rounds
                place = _keep_field(tokens, place, mended)
        else:
            mended.append(tokens[place])
            place += 1
    return tuple(mended)


def _type_as_parsed(name: Tokens) -> Tokens:
    """BIT VARYING by the name of pg_catalog: not every parser knows the other."""
    if [token.text for token in name[:2]] == ["bit", "varying"]:
        return (Token(Kind.WORD, "varbit"), *name[2:])
    return name


def _end_of_type(tokens: Tokens, place: int) -> int:
    """The place behind a type's name that begins here, or ``place`` where none does."""
    token = tokens[place]
    if not token.is_name or (token.kind is Kind.WORD and token.text in _NO_TYPE) or _is_qualified(tokens, place):
        return place
    many = None
    if token.text in _FIRST_WORDS:
        many = next((words for words in _MANY_WORDS if _words(tokens, place, len(words)) == words), None)
    if many is None and tokens[place + 1 : place + 2] and tokens[place + 1].sign("."):
        return place + 3 if tokens[place + 2 : place + 3] and tokens[place + 2].is_name else place
    end = place + (len(many) if many else 1)
    if tokens[end : end + 1] and tokens[end].sign("("):  # timestamp(3), numeric(10, 2)
        close = _end_of_length(tokens, end)
        if close is None or not (many or tokens[place].word(*_WITH_LENGTH)):
            return place
        end = close
    if tokens[place].word("time", "timestamp") and _words(tokens, end, 3) in _ZONES:
        end += 3
    return end


def _end_of_length(tokens: Tokens, place: int) -> int | None:
    kinds = [token.kind for token in tokens[place + 1 : place + 5]]
    for length in (1, 3):
        numbers = [Kind.NUMBER, Kind.SIGN, Kind.NUMBER][:length]
        close = place + 1 + length
        if kinds[:length] == numbers and close < len(tokens) and tokens[close].sign(")"):
            return close + 1
    return None


def _keep_field(tokens: Tokens, place: int, mended: list[Token]) -> int:
    """Take ``day to second(3)`` over without the precision."""
    while place < len(tokens) and tokens[place].word("year", "month", "day", "hour", "minute", "second", "to"):
        mended.append(tokens[place])
        place += 1
    if mended[-1].word("second") and tokens[place : place + 1] and tokens[place].sign("("):
        place = _end_of_length(tokens, place) or place
    return place


def _words(tokens: Tokens, place: int, count: int) -> tuple[str, ...]:
    return tuple(token.text if token.kind is Kind.WORD else "" for token in tokens[place : place + count])


def _is_qualified(tokens: Tokens, place: int) -> bool:
    """Whether the name at this place is a column or an alias rather than a type: behind a dot, AS or a double colon."""
    return place > 0 and (tokens[place - 1].sign(".", "::") or tokens[place - 1].word("as"))


def _mend_extract(tokens: Tokens) -> Tokens:
    """``extract($1 from t)`` → ``pg_catalog.extract($1, t)``, the function that it is; the field's name is a constant."""
    mended: list[Token] = []
    place = 0
    while place < len(tokens):
        piece = tokens[place : place + 4]
        if (
            len(piece) == 4
            and piece[0].word("extract")
            and piece[1].sign("(")
            and piece[3].word("from")
            and (piece[2].is_name or piece[2].kind in (Kind.PARAMETER, Kind.STRING))
            and not (place and tokens[place - 1].sign("."))
        ):
            field = Token(Kind.STRING, piece[2].text) if piece[2].is_name else piece[2]
            mended += [*_EXTRACT, piece[1], field, _COMMA]
            place += 4
        else:
            mended.append(tokens[place])
            place += 1
    return tuple(mended)


def _mend_substring(tokens: Tokens) -> Tokens:
    """``substring(x similar $1 escape $2)`` → ``substring(x, $1, $2)``, which is how Postgres understands it."""
    mended = list(tokens)
    open_: list[bool] = []  # for each open bracket, whether it is of such a call
    for place, token in enumerate(tokens):
        if token.sign("(", "["):
            open_.append(place > 0 and tokens[place - 1].word("substring"))
        elif token.sign(")", "]") and open_:
            open_.pop()
        elif open_ and open_[-1] and token.word("similar", "escape") and not _is_to(tokens, place):
            mended[place] = _COMMA
    return tuple(mended)


def _is_to(tokens: Tokens, place: int) -> bool:
    """Whether this is SIMILAR TO, a comparison."""
    return tokens[place + 1 : place + 2] != () and tokens[place + 1].word("to")
