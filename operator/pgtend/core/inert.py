"""May a query be planned? EXPLAIN is not inert: the planner evaluates functions of constants.

Judged are the tokens of the very text that the server gets. Everything is refused that is not known to compute from its
arguments alone: an unknown function keeps a statement from being planned, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.sql import builtins
from pgtend.core.sql.calls import Call, Cast, calls_in, casts_in, operators_in
from pgtend.core.sql.lexer import NotLexable, Tokens, tokenize
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.workload import Query


def problem_of(query: Query, catalog: Catalog) -> str | None:
    """Why the query must not be planned, as a sentence without any constant of it; None when it may be."""
    if not query.plannable:
        return "It looks for no rows, so there is nothing to plan."
    try:
        tokens = tokenize(query.plannable)
    except NotLexable as problem:
        return str(problem)
    return next(_problems(tokens, query, catalog), None)


def _problems(tokens: Tokens, query: Query, catalog: Catalog) -> Iterator[str]:
    yield from _problems_of_form(tokens)
    yield from _problems_of_relations(query, catalog)
    yield from _problems_of_code(tokens, catalog.extension_functions)


def problem_of_code(text: str) -> str | None:
    """Why the definition of a view, a policy or the like might do more than compute when it is expanded; None when it cannot.

    It is read as Postgres prints it with pg_catalog alone on the search_path: what is not built in comes qualified.
    """
    try:
        tokens = tokenize(text)
    except NotLexable as problem:
        return str(problem)
    return next(_problems_of_code(tokens, frozenset()), None)


def _problems_of_code(tokens: Tokens, extension_functions: frozenset[str]) -> Iterator[str]:
    for call in calls_in(tokens):
        if not _is_harmless_call(call, extension_functions):
            yield f"It calls {call}, which is not known to be harmless while planning."
    for cast in casts_in(tokens):
        if not _is_harmless_cast(cast):
            yield f"It casts to {cast.type or 'a type'}, which is not known to be harmless while planning."
    for operator in operators_in(tokens):
        if operator not in builtins.OPERATORS:
            yield f"It uses the operator {operator}, which is not known to be harmless while planning."


def _problems_of_form(tokens: Tokens) -> Iterator[str]:
    if not tokens or not (tokens[0].word("select", "with", "values", "table") or tokens[0].sign("(")):
        yield "It is no query."
    for place, token in enumerate(tokens):
        if token.sign(";"):
            yield "It is more than one statement."
        if token.word("insert", "update", "delete", "merge", "into"):
            yield "It changes rows within a query, which the observer may not even plan."
        following = tokens[place + 1 : place + 3]
        is_field = len(following) == 2 and following[0].sign(".") and following[1].is_name
        if is_field and not token.is_name:
            yield "It takes a field of a value, which may be a call in disguise."


def _problems_of_relations(query: Query, catalog: Catalog) -> Iterator[str]:
    for name in sorted(query.relations, key=str):
        table = catalog.tables.get(name)
        if table is None:
            yield f"There is no table {name} (any more), or the observer cannot see it."
        elif table.kind is RelationKind.FOREIGN_TABLE:
            yield f"{name} is a foreign table: planning it may ask another server."
        elif table.temporary:
            yield f"{name} is a temporary table of another session."


def _is_harmless_call(call: Call, extension_functions: frozenset[str]) -> bool:
    if call.schema not in (None, "pg_catalog"):
        return str(call) in extension_functions and call.name in builtins.EXTENSION_FUNCTIONS
    if call.name in builtins.FUNCTIONS:
        return True
    # A type with a length, in a cast or in a list of columns, looks like a call too.
    return call.schema is None and not call.quoted and call.name in builtins.SPECIAL_SYNTAX | builtins.TYPES


def _is_harmless_cast(cast: Cast) -> bool:
    """Only to types of pg_catalog: of a domain even a bare constant runs the CHECK, also within an array or a composite."""
    return cast.schema in (None, "pg_catalog") and cast.type in builtins.TYPES and not cast.of_user
