"""Split SQL into tokens exactly as Postgres does.

sqlglot's tokenizer takes ``$1,$2`` for the begin of a dollar-quoted string, and whether a statement may be planned must not
hang on two lexers that disagree. So texts are split here, sqlglot is given a text made from these tokens, and so is the
server. Rules: https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

LONGEST_TEXT = 200_000
"""Characters; track_activity_query_size does not bound pg_stat_statements, and generated statements get large."""
MOST_READ = 8_000
"""Tokens; a text of more is not read to its end. The parser takes fewer, but what is mended or unwrapped before has some to spare."""
LONGEST_OPERATOR = 63
"""Characters of an operator: it is a name (NAMEDATALEN - 1)."""


class Kind(Enum):
    """Kinds of tokens."""

    WORD = auto()
    """A keyword or an identifier, folded to lower case, without quotes."""
    QUOTED = auto()
    """A quoted identifier, without its quotes."""
    STRING = auto()
    """A string constant, decoded."""
    BITS = auto()
    """A bit string constant, as written."""
    NUMBER = auto()
    PARAMETER = auto()
    """``$n``."""
    SIGN = auto()
    """An operator or a punctuation mark."""


@dataclass(frozen=True)
class Token:
    """One token; ``text`` is its meaning (see Kind), not its spelling."""

    kind: Kind
    text: str

    @property
    def is_name(self) -> bool:
        """Whether it can name something."""
        return self.kind in (Kind.WORD, Kind.QUOTED)

    @property
    def is_constant(self) -> bool:
        """Whether it is a literal constant."""
        return self.kind in (Kind.STRING, Kind.BITS, Kind.NUMBER)

    def word(self, *words: str) -> bool:
        """Whether it is one of these keywords."""
        return self.kind is Kind.WORD and self.text in words

    def sign(self, *signs: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind is Kind.SIGN and self.text in signs


Tokens = tuple[Token, ...]


class NotLexable(Exception):
    """The text is not SQL that Postgres could read; the sentence says why."""


_NO_TEXT = re.compile("[\\0\ud800-\udfff]")
_SPACE = re.compile(r"(?:[ \t\n\r\f\v]+|--[^\n\r]*)+")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ESCAPED = re.compile(r"[eE]'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_UNICODE_STRING = re.compile(r"[uU]&'((?:[^']|'')*)'")
_UNICODE_NAME = re.compile(r'[uU]&"((?:[^"]|"")*)"')
_BITS = re.compile(r"[bBxX]'[0-9a-fA-F]*'")
_STRING = re.compile(r"[nN]?'((?:[^']|'')*)'")
_CONTINUED = re.compile(r"[ \t\f\v]*[\n\r]\s*'((?:[^']|'')*)'")
"""A string goes on behind a line break."""
_CONTINUED_ESCAPED = re.compile(r"[ \t\f\v]*[\n\r]\s*'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_UESCAPE = re.compile(r"\s*uescape\s*'([^0-9a-fA-F+'\"\s])'", re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_DOLLAR = re.compile(r"\$((?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?)\$")
_PARAMETER = re.compile(r"\$[0-9]{1,5}(?![0-9A-Za-z_])")
_WORD = re.compile(r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:[0-9][0-9_]*(?:\.(?!\.)[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?"
)
_MARK = re.compile(r"::|:=|\.\.|[()\[\],;:.]")
# As much of a run as an operator and the begin of a comment may take: of a longer one each sign would look at all that follow.
_MOST_SIGNS = LONGEST_OPERATOR + 2
_OPERATOR = re.compile(rf"[-+*/<>=~!@#%^&|`?]{{1,{_MOST_SIGNS}}}")
_COMMENT_BEGIN = re.compile(r"--|/\*")
_NOT_STANDARD = re.compile(r"[~!@#%^&|`?]")
_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))", re.DOTALL)
_UNICODE_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6})|(\\))")


def tokenize(text: str, longest: int = LONGEST_TEXT, most: int = MOST_READ) -> Tokens:
    """The tokens of a text of at most ``longest`` characters and ``most`` tokens, comments left out. Raises NotLexable."""
    if len(text) > longest:
        raise NotLexable(f"The statement is longer than {longest:,} characters.")
    if _NO_TEXT.search(text):
        raise NotLexable("The statement holds a zero byte or half a character.")
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        token, place = _next(text, place)
        if token is not None:
            tokens.append(token)
            if len(tokens) > most:
                raise NotLexable(f"The statement has more than {most:,} words.")
    return tuple(tokens)


def _next(text: str, place: int) -> tuple[Token | None, int]:
    if match := _SPACE.match(text, place):
        return None, match.end()
    if text.startswith("/*", place):
        return None, _after_comment(text, place)
    if match := _ESCAPED.match(text, place):
        content, end = _continued(text, match, _CONTINUED_ESCAPED)
        return Token(Kind.STRING, _ESCAPE.sub(_unescape, content.replace("''", "'"))), end
    if match := _UNICODE_STRING.match(text, place):
        content, end = _continued(text, match, _CONTINUED)
        content = content.replace("''", "'")
        if sign := _UESCAPE.match(text, end):
            content, end = content.replace("\\", "\\\\").replace(sign[1], "\\"), sign.end()
        return Token(Kind.STRING, _UNICODE_ESCAPE.sub(_unescape_unicode, content)), end
    if match := _UNICODE_NAME.match(text, place):
        return Token(Kind.QUOTED, _UNICODE_ESCAPE.sub(_unescape_unicode, match[1].replace('""', '"'))), match.end()
    if match := _BITS.match(text, place):
        return Token(Kind.BITS, match[0]), match.end()
    if match := _STRING.match(text, place):
        content, end = _continued(text, match, _CONTINUED)
        return Token(Kind.STRING, content.replace("''", "'")), end
    if match := _QUOTED.match(text, place):
        return Token(Kind.QUOTED, match[1].replace('""', '"')), match.end()
    if match := _DOLLAR.match(text, place):
        end = text.find(match[0], match.end())
        if end < 0:
            raise NotLexable("A dollar-quoted string is not closed.")
        return Token(Kind.STRING, text[match.end() : end]), end + len(match[0])
    if match := _PARAMETER.match(text, place):
        return Token(Kind.PARAMETER, match[0]), match.end()
    if match := _WORD.match(text, place):
        return Token(Kind.WORD, match[0].translate(_FOLD)), match.end()
    if match := _NUMBER.match(text, place):
        return Token(Kind.NUMBER, match[0]), match.end()
    if match := _MARK.match(text, place):
        return Token(Kind.SIGN, match[0]), match.end()
    if match := _OPERATOR.match(text, place):
        operator = _operator(match[0])
        return Token(Kind.SIGN, operator), place + len(operator)
    raise NotLexable("The statement holds a sign or an open quote that is no SQL.")


def _continued(text: str, match: re.Match[str], more: re.Pattern[str]) -> tuple[str, int]:
    """The content of a string with that of its further lines, and the place behind it."""
    lines, end = [match[1]], match.end()
    while following := more.match(text, end):
        lines.append(following[1])
        end = following.end()
    return "".join(lines), end


def _after_comment(text: str, place: int) -> int:
    """The place behind a block comment; Postgres lets them nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, place):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    raise NotLexable("A comment is not closed.")


def _operator(run: str) -> str:
    """The operator at the begin of a run of operator signs.

    A comment ends it; and it ends in + or - only where it has a sign that is no part of an SQL standard operator.
    """
    comment = _COMMENT_BEGIN.search(run)
    if comment:
        run = run[: comment.start()]
    elif len(run) == _MOST_SIGNS:
        run = run.removesuffix("/")  # which may be half of a comment's begin
    if not _NOT_STANDARD.search(run):
        run = run[0] + run[1:].rstrip("+-")
    if len(run) > LONGEST_OPERATOR:
        raise NotLexable(f"The statement has an operator of more than {LONGEST_OPERATOR} signs.")
    return run


def _unescape(match: re.Match[str]) -> str:
    hexadecimal = match[1] or match[2] or match[3]
    if hexadecimal is not None or match[4] is not None:
        code = int(hexadecimal, 16) if hexadecimal is not None else int(match[4], 8)
        return _character(code)
    return _ESCAPES.get(match[5], match[5])


def _unescape_unicode(match: re.Match[str]) -> str:
    return "\\" if match[3] else _character(int(match[1] or match[2], 16))


def _character(code: int) -> str:
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise NotLexable("A string escape stands for no character.")
    return chr(code)


def spell(tokens: Iterable[Token]) -> str:
    """A text that Postgres reads as these tokens again, whatever its settings; tokens apart by one space."""
    return " ".join(map(spell_one, tokens))


def spell_one(token: Token) -> str:
    """One token as Postgres reads it."""
    if token.kind is Kind.QUOTED:
        return '"' + token.text.replace('"', '""') + '"'
    if token.kind is Kind.STRING:
        if "\\" in token.text:  # a plain string with a backslash depends on standard_conforming_strings
            return "E'" + token.text.replace("\\", "\\\\").replace("'", "''") + "'"
        return "'" + token.text.replace("'", "''") + "'"
    return token.text
