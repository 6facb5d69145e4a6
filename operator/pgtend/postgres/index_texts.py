"""Read what Postgres prints of an index's expressions and predicate into typed form. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from pgtend.core.sql.calls import qualify_functions
from pgtend.core.sql.comparisons import conjuncts, read_comparison
from pgtend.core.sql.expressions import TypedColumn, read_expression
from pgtend.core.sql.lexer import Kind, NotLexable, Token, Tokens, spell, tokenize
from pgtend.core.sql.tree import NotParsable, parse
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Comparison, Expression

_BRACKET = Token(Kind.SIGN, "(")
_NO_EXTENSIONS = Catalog(tables={}, indexes=())


def expression_from(text: str, types: Mapping[str, str]) -> Expression | None:
    """The typed form of a key that is an expression, None where that cannot say it; ``types`` are those of the columns."""
    node = _parse(text)
    return None if node is None else read_expression(node, _columns(types))


def predicate_from(definition: str, types: Mapping[str, str]) -> tuple[Comparison, ...] | None:
    """The typed form of the predicate in an index's definition, None where that cannot say it."""
    node = _parse(_after_where(definition))
    if node is None:
        return None
    found = [read_comparison(each, _columns(types)) for each in conjuncts(node)]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else None


def _after_where(definition: str) -> str:
    """What stands behind the WHERE of CREATE INDEX … ON … (…) WHERE …; nothing where there is none."""
    try:
        tokens = tokenize(definition)
    except NotLexable:
        return ""
    depth = 0
    for place, token in enumerate(tokens):
        if token.sign("(", "["):
            depth += 1
        elif token.sign(")", "]"):
            depth -= 1
        elif depth == 0 and token.word("where"):
            return spell(tokens[place + 1 :])
    return ""


def _parse(text: str) -> exp.Expr | None:
    """The tree of an expression; printed with pg_catalog alone on the search_path, so that what is not built in is qualified."""
    try:
        tokens = qualify_functions(_plain_calls(tokenize(f"select {text}")), _NO_EXTENSIONS)
        root = parse(tokens).root
    except (NotLexable, NotParsable):
        return None
    outputs = root.expressions if isinstance(root, exp.Select) else []
    return outputs[0] if len(outputs) == 1 and not isinstance(outputs[0], exp.Alias) else None


def _plain_calls(tokens: Tokens) -> Tokens:
    """``"extract"('doy'::text, x)`` calls the function, and has not the grammar of EXTRACT(doy FROM x)."""
    plain: list[Token] = []
    for place, token in enumerate(tokens):
        called = token.kind is Kind.QUOTED and tokens[place + 1 : place + 2] == (_BRACKET,)
        if called and not tokens[place - 1].sign("."):
            plain += [Token(Kind.WORD, "pg_catalog"), Token(Kind.SIGN, ".")]
        plain.append(token)
    return tuple(plain)


def _columns(types: Mapping[str, str]) -> TypedColumn:
    def column(node: exp.Column) -> tuple[str, str] | None:
        plain = isinstance(node.this, exp.Identifier) and not node.table
        return (node.name, types[node.name]) if plain and node.name in types else None

    return column
