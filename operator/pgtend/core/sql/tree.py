"""A statement's structure: sqlglot's tree over the tokens of our own lexer."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.parser import logger as parser_logger

from pgtend.core.sql import builtins
from pgtend.core.sql.lexer import Kind, Tokens, spell_one
from pgtend.domain.workload import StatementKind

MOST_TOKENS = 2_000
MOST_SUBSCRIPTS = 10
"""One behind the other: the parser takes more than quadratic time for them."""
DEEPEST_ARRAYS = 6
"""The parser tries each nested ARRAY[…] in two ways: 16 take it seconds, 20 minutes."""
DEEPEST = 50
"""Nested brackets and CASEs; the parser recurses, and Postgres itself stops at max_stack_depth."""

parser_logger.disabled = True  # it writes texts, constants and all, of what it does not understand

_KINDS: tuple[tuple[type[exp.Expr], StatementKind], ...] = (
    (exp.Insert, StatementKind.INSERT),
    (exp.Update, StatementKind.UPDATE),
    (exp.Delete, StatementKind.DELETE),
    (exp.Merge, StatementKind.MERGE),
    (exp.Query, StatementKind.SELECT),
    (exp.Values, StatementKind.SELECT),
)
_SHOWN_OF_STRING = 200
_BEFORE_OPERAND = frozenset((*builtins.RESERVED, *builtins.BEFORE_CONSTANT, "by", "returning"))
_UNKNOWN_OPERATORS_SIGNS = """
    !! ## %> %>> &<| *< *<= *<> *= *> *>= <#> <% <+> <<% <<= <<| <^ >>= >^ ?# ?-| ?|| @ @-@ |&> |/ |>> ||/ ~<=~ ~<~ ~= ~>=~
    ~>~
"""
_UNKNOWN_OPERATORS = frozenset(_UNKNOWN_OPERATORS_SIGNS.split())
"""Operators that the parser does not know; none of them is one that a B-tree could serve but ~<~ and its like."""


class NotParsable(Exception):
    """The statement is not understood, or larger than what is looked at; the sentence says why."""


@dataclass(frozen=True)
class Tree:
    """The tree of a statement with the places of its tokens."""

    root: exp.Expr
    kind: StatementKind
    starts: tuple[int, ...]

    def place_of(self, identifier: exp.Expr) -> int | None:
        """The number of the token that an identifier of the tree was made from."""
        start = identifier.meta.get("start")
        if not isinstance(start, int):
            return None
        place = bisect.bisect_left(self.starts, start)
        return place if place < len(self.starts) and self.starts[place] == start else None


def parse(tokens: Tokens) -> Tree:
    """The tree of one statement. Raises NotParsable."""
    if len(tokens) > MOST_TOKENS:
        raise NotParsable(f"The statement has more than {MOST_TOKENS:,} words.")
    if _depth(tokens) > DEEPEST:
        raise NotParsable(f"The statement is nested more than {DEEPEST} deep.")
    if _brackets(tokens) > DEEPEST_ARRAYS:
        raise NotParsable(f"The statement has arrays nested more than {DEEPEST_ARRAYS} deep.")
    if _subscripts(tokens) > MOST_SUBSCRIPTS:
        raise NotParsable(f"The statement has more than {MOST_SUBSCRIPTS} subscripts in a row.")
    starts: list[int] = []
    words: list[str] = []
    length = 0
    for place in range(len(tokens)):
        starts.append(length)
        words.append(_spell_for_parser(tokens, place))
        length += len(words[-1]) + 1
    try:
        root = sqlglot.parse_one(" ".join(words), dialect="postgres")
    except SqlglotError:
        raise NotParsable(
            "The statement cannot be parsed: it is cut off, or not SQL that pgtend understands."
        ) from None
    except RecursionError:
        raise NotParsable("The statement is nested too deep.") from None
    for kind, statement_kind in _KINDS:
        if isinstance(root, kind):
            return Tree(root, statement_kind, tuple(starts))
    raise NotParsable("The statement is no SELECT, INSERT, UPDATE, DELETE or MERGE.")


def tables_in(tree: Tree) -> Iterator[exp.Table]:
    """The tables and views that a statement names, without CTEs, functions, and what FOR UPDATE OF repeats."""
    for table in tree.root.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.find_ancestor(exp.Lock):
            continue
        if not table.db and _is_cte(table):
            continue
        yield table


def name_of(identifier: exp.Expr | None) -> str:
    """An identifier's name as in pg_class: tokens are folded already."""
    return identifier.name if identifier is not None else ""


def _is_cte(table: exp.Table) -> bool:
    """Whether the name is that of a WITH query that is visible here."""
    name = table.name
    inside: exp.Expr = table
    node = table.parent
    while node is not None:
        with_ = node.args.get("with_")
        if isinstance(with_, exp.With):
            for cte in with_.expressions:
                if inside is with_ and cte is _child_of(with_, table):
                    if with_.args.get("recursive") and cte.alias == name:
                        return True
                    if not with_.args.get("recursive"):
                        break  # a query sees only those before itself
                    continue
                if cte.alias == name:
                    return True
        inside, node = node, node.parent
    return False


def _child_of(ancestor: exp.Expr, node: exp.Expr) -> exp.Expr:
    while node.parent is not None and node.parent is not ancestor:
        node = node.parent
    return node


def _is_of_array_type(tokens: Tokens, place: int) -> bool:
    """Whether this is a bracket of ``[]``, which says nothing of the structure and is not always understood."""
    token = tokens[place]
    return (
        token.sign("[") and place + 1 < len(tokens) and tokens[place + 1].sign("]") and not _makes_array(tokens, place)
    ) or (token.sign("]") and tokens[place - 1].sign("[") and not _makes_array(tokens, place - 1))


def _makes_array(tokens: Tokens, place: int) -> bool:
    return place > 0 and tokens[place - 1].word("array")


def _spell_for_parser(tokens: Tokens, place: int) -> str:
    """Strings plainly quoted and cut: of their content no more than a pattern's begin matters to the tree.

    Operators that the parser does not know become ||, or nothing in front of an operand: a value is a value.
    """
    token = tokens[place]
    if _is_of_array_type(tokens, place):
        return ""
    if token.kind is Kind.SIGN and token.text in _UNKNOWN_OPERATORS:
        return "" if begins_operand(tokens, place) else "||"
    if token.kind is Kind.STRING:
        return "'" + token.text[:_SHOWN_OF_STRING].replace("\\", "/").replace("'", "''") + "'"
    if token.kind is Kind.BITS:
        return "'0'"
    return spell_one(token)


def begins_operand(tokens: Tokens, place: int) -> bool:
    """Whether the sign at this place stands in front of its only operand."""
    before = tokens[place - 1] if place else None
    if before is None or (before.kind is Kind.WORD and before.text in _BEFORE_OPERAND):
        return before is None or not before.text.startswith(("current_", "local"))
    return before.kind is Kind.SIGN and not before.sign(")", "]")


def _subscripts(tokens: Tokens) -> int:
    """The longest chain of ``[…][…]``."""
    longest = chain = 0
    for place, token in enumerate(tokens):
        if token.sign("["):
            chain = chain + 1 if place and tokens[place - 1].sign("]") else 1
            longest = max(longest, chain)
    return longest


def _brackets(tokens: Tokens) -> int:
    depth = deepest = 0
    for token in tokens:
        if token.sign("["):
            depth += 1
            deepest = max(deepest, depth)
        elif token.sign("]") and depth:
            depth -= 1
    return deepest


def _depth(tokens: Tokens) -> int:
    depth = deepest = 0
    for token in tokens:
        if token.sign("(", "[") or token.word("case"):
            depth += 1
            deepest = max(deepest, depth)
        elif (token.sign(")", "]") or token.word("end")) and depth:
            depth -= 1
    return deepest
