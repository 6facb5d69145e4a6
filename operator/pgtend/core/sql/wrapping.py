"""The query within a statement that runs one: a cursor, a prepared statement, a table made from a query, an export.

pg_stat_statements has these under the text that declares, prepares or creates, and counts under PREPARE what is executed.
"""

from __future__ import annotations

from pgtend.core.sql.brackets import closing
from pgtend.core.sql.lexer import Kind, Token, Tokens

_QUERY = ("select", "with", "values", "table")
_MAY_BE_PREPARED = (*_QUERY, "insert", "update", "delete", "merge")


def unwrap(tokens: Tokens) -> Tokens:
    """The query that the statement runs; the tokens themselves where it is none of these."""
    begin = tokens[0]
    if begin.word("declare"):
        return _after(tokens, "for", _QUERY)
    if begin.word("prepare"):
        return _after(tokens, "as", _MAY_BE_PREPARED)
    if begin.word("create") and _creates_from_query(tokens):
        return _without_data(_after(tokens, "as", _QUERY))
    if begin.word("copy") and tokens[1:2] and tokens[1].sign("("):
        end = closing(tokens, 1)
        return (
            tokens[2:end] if end < len(tokens) and tokens[end + 1 : end + 2] and tokens[end + 1].word("to") else tokens
        )
    return tokens


def mask(tokens: Tokens) -> Tokens:
    """With parameters in place of constants, in a statement that runs a query: the server counts such a one with its constants.

    Texts are masked, and numbers behind an operator; others may be positions, as in ORDER BY 1, and are in no definition of an index.
    """
    if not tokens or unwrap(tokens) is tokens:
        return tokens
    number = max((int(token.text[1:]) for token in tokens if token.kind is Kind.PARAMETER), default=0)
    masked: list[Token] = []
    for token in tokens:
        is_compared = token.kind is Kind.NUMBER and bool(masked) and _is_operator(masked[-1])
        if token.kind in (Kind.STRING, Kind.BITS) or is_compared:
            number += 1
            masked.append(Token(Kind.PARAMETER, f"${number}"))
        else:
            masked.append(token)
    return tuple(masked)


def _is_operator(token: Token) -> bool:
    return token.kind is Kind.SIGN and not token.sign("(", ")", "[", "]", ",", ".", ";", ":", "::")


def _after(tokens: Tokens, word: str, beginnings: tuple[str, ...]) -> Tokens:
    """What is behind the first such word outside brackets, where a query is."""
    depth = 0
    for place, token in enumerate(tokens[:-1]):
        depth += token.sign("(", "[") - token.sign(")", "]")
        if depth == 0 and place and token.word(word):
            following = tokens[place + 1]
            return tokens[place + 1 :] if following.word(*beginnings) or following.sign("(") else tokens
    return tokens


def _creates_from_query(tokens: Tokens) -> bool:
    for place, token in enumerate(tokens[1:4], 1):
        if token.word("table"):
            return True
        if token.word("view"):
            return tokens[place - 1].word("materialized")
    return False


def _without_data(tokens: Tokens) -> Tokens:
    """Without WITH DATA at the end; WITH NO DATA runs nothing."""
    return tokens[:-2] if len(tokens) > 2 and tokens[-1].word("data") and tokens[-2].word("with") else tokens
