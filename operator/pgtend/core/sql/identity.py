"""What makes two texts one statement: relations resolved, constants and the lengths of lists out of sight."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from pgtend.core.sql.lexer import Kind, Token, Tokens, spell_one
from pgtend.core.sql.tree import begins_operand
from pgtend.domain.index import TableName

FORM = "pgtend/statement/v1"
_CONSTANT = "\0"
"""Stands for any constant or parameter; no token can hold it."""
_ONE = r"(?:\0|default)(?: :: [a-z0-9_ ]+(?: \( \0 \))?(?: \[ \])?)?"
_LIST = re.compile(rf"(\bin \( |\barray \[ )({_ONE})(?: , {_ONE})+(?= [)\]])")
_ROWS = re.compile(rf"(\( {_ONE}(?: , {_ONE})* \))(?: , \( {_ONE}(?: , {_ONE})* \))+")


def fingerprint_of(tokens: Tokens, relations: Iterable[TableName]) -> str:
    """16 hex digits over the relations and the normal form of tokens in which the relations are qualified already."""
    names = "\n".join(sorted(f"{name.schema}\0{name.table}" for name in relations))
    return hashlib.sha256(f"{FORM}\n{names}\n{_normal_form(tokens)}".encode()).hexdigest()[:16]


def shown_text(tokens: Tokens) -> str:
    """The normal form as a person would write it, constants as $1, $2, …"""
    number = 0

    def next_parameter(_: re.Match[str]) -> str:
        nonlocal number
        number += 1
        return f"${number}"

    return re.sub(_CONSTANT, next_parameter, _tightened(_normal_form(tokens)))


def _normal_form(tokens: Tokens) -> str:
    text = " ".join(_normal_words(tokens))
    text = _LIST.sub(r"\1\2", text)
    return _ROWS.sub(r"\1", text)


def _normal_words(tokens: Tokens) -> list[str]:
    words: list[str] = []
    for place, token in enumerate(tokens):
        if token.is_constant or token.kind is Kind.PARAMETER or _is_constant_word(tokens, place):
            if words and words[-1] == "-" and begins_operand(tokens, place - 1):
                words.pop()  # a negative constant is one constant
            words.append(_CONSTANT)
        else:
            words.append(_plain(token))
    return words


def _is_constant_word(tokens: Tokens, place: int) -> bool:
    """TRUE, FALSE and NULL are constants like others, but for tests such as ``IS NOT NULL``; LIMIT ALL is LIMIT NULL."""
    before = tokens[place - 1] if place else None
    if tokens[place].word("all"):
        return before is not None and before.word("limit")
    if not tokens[place].word("true", "false", "null") or (before is not None and before.sign(".")):
        return False
    is_test = before is not None and (
        before.word("is") or (before.word("not") and place >= 2 and tokens[place - 2].word("is"))
    )
    return not is_test


def _plain(token: Token) -> str:
    if token.kind is Kind.QUOTED and re.fullmatch(r"[a-z_][a-z0-9_]*", token.text):
        return token.text
    return spell_one(token)


def _tightened(text: str) -> str:
    """Without the spaces that nobody writes. Quoted names that hold such spaces lose them too: it is for reading only."""
    text = re.sub(r" ([,)\].;])", r"\1", text)
    text = re.sub(r"([(\[.]) ", r"\1", text)
    text = re.sub(r" ?:: ?", "::", text)
    return re.sub(
        r"\b(?!in\b|values\b|and\b|or\b|as\b|on\b|not\b|from\b|where\b|select\b|over\b|by\b|any\b)([a-z0-9_]+) \((?!select)",
        r"\1(",
        text,
    )
