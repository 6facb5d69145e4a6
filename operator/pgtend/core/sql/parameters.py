"""Numbers of parameters."""

from __future__ import annotations

from pgtend.core.sql.lexer import Kind, Token, Tokens


def renumber(tokens: Tokens) -> Tokens:
    """Parameters as $1, $2, … without gaps: a server cannot tell the type of one that does not occur."""
    numbers: dict[str, int] = {}
    return tuple(
        Token(Kind.PARAMETER, f"${numbers.setdefault(token.text, len(numbers) + 1)}")
        if token.kind is Kind.PARAMETER
        else token
        for token in tokens
    )


def count_parameters(tokens: Tokens) -> int:
    """How many there are, each number once."""
    return len({token.text for token in tokens if token.kind is Kind.PARAMETER})
