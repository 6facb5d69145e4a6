"""Views put into a statement as the subqueries that they are, as the planner does it."""

from __future__ import annotations

from sqlglot import exp

from pgtend.core.sql.calls import qualify_functions
from pgtend.core.sql.lexer import NotLexable, tokenize
from pgtend.core.sql.tree import NotParsable, Tree, name_of, parse, tables_in
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.index import TableName

_DEEPEST = 5
"""Views on views."""
_MOST = 30
"""Views put into one statement."""


def expand_views(tree: Tree, catalog: Catalog) -> None:
    """Replace each view of a tree by its query, in place; what cannot be parsed stays a table without columns of its own."""
    left = _MOST
    layer = list(tables_in(tree))
    for _ in range(_DEEPEST):
        inner: list[exp.Table] = []
        for table in layer:
            query = _query_of(table, catalog) if left else None
            if query is None:
                continue
            left -= 1
            alias = exp.TableAlias(this=exp.to_identifier(table.alias_or_name), columns=_renamed(table))
            table.replace(exp.Subquery(this=query.root, alias=alias, joins=table.args.get("joins")))
            inner += tables_in(query)
        layer = inner


def _query_of(table: exp.Table, catalog: Catalog) -> Tree | None:
    view = catalog.tables.get(TableName(schema=table.db, table=name_of(table.this)))
    if view is None or view.kind is not RelationKind.VIEW or not view.definition:
        return None
    try:
        return parse(qualify_functions(tokenize(view.definition), catalog))
    except (NotLexable, NotParsable):
        return None


def _renamed(table: exp.Table) -> list[exp.Expr]:
    alias = table.args.get("alias")
    return list(alias.columns) if isinstance(alias, exp.TableAlias) else []
