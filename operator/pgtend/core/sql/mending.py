"""Mend what pg_stat_statements makes unplannable when it puts ``$n`` in the place of a constant.

``interval '1 day'`` becomes ``interval $1``, ``extract(year from t)`` becomes ``extract($1 from t)``, and so on: no server
parses those. Seen on PostgreSQL 15.
"""

from __future__ import annotations

from pgtend.core.sql.lexer import Kind, Token, Tokens

_TYPES_WORDS = """
    interval date time timetz timestamp timestamptz numeric decimal float4 float8 real int2 int4 int8 integer
    bigint smallint bool boolean text varchar bpchar char uuid json jsonb bytea inet cidr macaddr money point
    line lseg box path polygon circle bit varbit tsvector tsquery int4range int8range numrange tsrange tstzrange
    daterange
"""
_TYPES = frozenset(_TYPES_WORDS.split())
_WITH_ZONE = ("with", "time", "zone")
_WITHOUT_ZONE = ("without", "time", "zone")
_CAST = Token(Kind.SIGN, "::")
_COMMA = Token(Kind.SIGN, ",")
_NUMERIC = (_CAST, Token(Kind.WORD, "numeric"))


def mend(tokens: Tokens) -> Tokens:
    """The same statement in a form that Postgres parses."""
    return _type_sums_of_cases(_mend_extract(_mend_typed_constants(tokens)))


def _mend_typed_constants(tokens: Tokens) -> Tokens:
    """``interval $1`` → ``$1 :: interval``; constants likewise, so that a text and its normalised form are one statement."""
    mended: list[Token] = []
    place = 0
    while place < len(tokens):
        end = _end_of_type(tokens, place)
        after = tokens[end] if end > place and end < len(tokens) else None
        if after is not None and (after.kind in (Kind.PARAMETER, Kind.STRING)) and not _is_qualified(tokens, place):
            mended += [after, _CAST, *tokens[place:end]]
            place = end + 1
        else:
            mended.append(tokens[place])
            place += 1
    return tuple(mended)


def _end_of_type(tokens: Tokens, place: int) -> int:
    """The place behind a type's name that begins here, or ``place`` where none does."""
    if tokens[place].word("double") and place + 1 < len(tokens) and tokens[place + 1].word("precision"):
        return place + 2
    if not tokens[place].word(*_TYPES):
        return place
    end = place + 1
    if tokens[end : end + 1] == (Token(Kind.SIGN, "("),):  # timestamp(3), interval(6)
        if [token.kind for token in tokens[end + 1 : end + 3]] != [Kind.NUMBER, Kind.SIGN]:
            return place
        end += 3
    words = tuple(token.text if token.kind is Kind.WORD else "" for token in tokens[end : end + 3])
    if tokens[place].word("time", "timestamp") and words in (_WITH_ZONE, _WITHOUT_ZONE):
        end += 3
    return end


def _is_qualified(tokens: Tokens, place: int) -> bool:
    """Whether the name at this place is a column or an alias rather than a type: behind a dot, AS or a double colon."""
    return place > 0 and (tokens[place - 1].sign(".", "::") or tokens[place - 1].word("as"))


def _mend_extract(tokens: Tokens) -> Tokens:
    """``extract($1 from t)`` → ``date_part($1, t)``."""
    mended = list(tokens)
    for place in range(len(tokens) - 3):
        first, bracket, field, separator = tokens[place : place + 4]
        if (
            first.word("extract")
            and bracket.sign("(")
            and field.kind in (Kind.PARAMETER, Kind.STRING)
            and separator.word("from")
        ):
            mended[place] = Token(Kind.WORD, "date_part")
            mended[place + 3] = _COMMA
    return tuple(mended)


def _type_sums_of_cases(tokens: Tokens) -> Tokens:
    """``sum(case when … then $1 else $2 end)``: a CASE of parameters alone would be text, which has no sum."""
    summed: list[bool] = []  # for each open CASE, whether it is what sum() or avg() adds up
    mended: list[Token] = []
    for place, token in enumerate(tokens):
        mended.append(token)
        if token.word("case"):
            before = tokens[max(place - 2, 0) : place]
            summed.append(len(before) == 2 and before[0].word("sum", "avg") and before[1].sign("("))
        elif token.word("end") and summed:
            summed.pop()
        elif (
            token.kind is Kind.PARAMETER
            and summed
            and summed[-1]
            and tokens[place - 1].word("then", "else")
            and tokens[place + 1 : place + 2]
            and tokens[place + 1].word("when", "else", "end")
        ):
            mended += _NUMERIC
    return tuple(mended)
