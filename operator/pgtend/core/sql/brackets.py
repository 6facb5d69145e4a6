"""Which brackets belong together, among the tokens of a statement."""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.sql.lexer import Tokens


def closing(tokens: Tokens, bracket: int) -> int:
    """The place of the bracket that closes this one; behind the last token where none does."""
    depth = 0
    for place in range(bracket, len(tokens)):
        depth += tokens[place].sign("(", "[") - tokens[place].sign(")", "]")
        if depth <= 0:
            return place
    return len(tokens)


def inside(tokens: Tokens, bracket: int) -> Iterator[tuple[int, int]]:
    """The places of all that is no bracket between this one and its closing one, with how deep each is: 1 in this one alone."""
    depth = 1
    for place in range(bracket + 1, closing(tokens, bracket)):
        if tokens[place].sign("(", "["):
            depth += 1
        elif tokens[place].sign(")", "]"):
            depth -= 1
        else:
            yield place, depth
