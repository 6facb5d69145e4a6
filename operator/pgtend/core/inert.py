"""May a query be planned? EXPLAIN is not inert: the planner evaluates functions of constants.

Judged are the tokens of the very text that the server gets. Everything is refused that is not known to compute from its
arguments alone: an unknown function keeps a statement from being planned, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgtend.core.sql import builtins
from pgtend.core.sql.calls import Call, Cast, calls_in, casts_in, operators_in, without_qualified_operators
from pgtend.core.sql.lexer import NotLexable, Tokens, tokenize
from pgtend.domain.catalog import Catalog, RelationKind
from pgtend.domain.index import TableName
from pgtend.domain.user_types import UserTypes
from pgtend.domain.workload import Query

_NO_TYPES = UserTypes()
_LONGEST_NAME = 63
"""Bytes (NAMEDATALEN - 1)."""
_SYSTEM_SCHEMAS = (None, "pg_catalog", "information_schema")


def problem_of(query: Query, catalog: Catalog, types: UserTypes = _NO_TYPES) -> str | None:
    """Why the query must not be planned, as a sentence without any constant of it; None when it may be.

    ``types`` are those outside pg_catalog; what is not known to be harmless is not cast to.
    """
    if not query.plannable:
        return "It looks for no rows, so there is nothing to plan."
    try:
        tokens = tokenize(query.plannable)
    except NotLexable as problem:
        return str(problem)
    return next(_problems(tokens, query, catalog, types), None)


def _problems(tokens: Tokens, query: Query, catalog: Catalog, types: UserTypes) -> Iterator[str]:
    yield from _problems_of_form(tokens)
    yield from _problems_of_relations(query, catalog)
    yield from _unrecognized_tables(tokens, query, catalog)
    for call in calls_in(tokens):
        if not _is_harmless_call(call, catalog.extension_functions):
            yield _not_harmless(f"calls {call}")
    for cast in casts_in(tokens):
        if not (_is_harmless_cast(cast) or _is_harmless_cast_to_user_type(cast, types, query.search_path)):
            yield _not_harmless(f"casts to {cast.type or 'a type'}")
    yield from _problems_of_operators(tokens)


def problem_of_code(text: str) -> str | None:
    """Why the definition of a view, a policy or the like might do more than compute when it is expanded; None when it cannot.

    It is read as Postgres prints it with pg_catalog alone on the search_path: what is not built in comes qualified, and
    whether that is harmless is told by what the catalog says that the definition depends on.
    """
    try:
        tokens = tokenize(text)
    except NotLexable as problem:
        return str(problem)
    return next(_problems_of_code(tokens), None)


def _problems_of_code(tokens: Tokens) -> Iterator[str]:
    for call in calls_in(tokens):
        by_schema = call.name == "operator" and not call.quoted
        if call.schema in _SYSTEM_SCHEMAS and not by_schema and not _is_harmless_call(call, frozenset()):
            yield _not_harmless(f"calls {call}")
    for cast in casts_in(tokens):
        if cast.schema in _SYSTEM_SCHEMAS and not _is_harmless_cast(cast):
            yield _not_harmless(f"casts to {cast.type or 'a type'}")
    yield from _problems_of_operators(without_qualified_operators(tokens))


def _problems_of_operators(tokens: Tokens) -> Iterator[str]:
    for operator in operators_in(tokens):
        if operator not in builtins.OPERATORS:
            yield _not_harmless(f"uses the operator {operator}")


def _not_harmless(what: str) -> str:
    return f"It {what}, which is not known to be harmless while planning."


def _problems_of_form(tokens: Tokens) -> Iterator[str]:
    if not tokens or not (tokens[0].word("select", "with", "values", "table") or tokens[0].sign("(")):
        yield "It is no query."
    for place, token in enumerate(tokens):
        if token.sign(";"):
            yield "It is more than one statement."
        if token.word("insert", "update", "delete", "merge", "into"):
            yield "It changes rows within a query, which the observer may not even plan."
        if token.is_name and len(token.text.encode()) > _LONGEST_NAME:
            yield "It holds a name that the server would cut, so that it may mean another one."
        if token.word("returning"):
            yield "It says RETURNING, which names a type that is not looked at."
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


def _unrecognized_tables(tokens: Tokens, query: Query, catalog: Catalog) -> Iterator[str]:
    """Tables behind their schemas that are not among those whose expansion was judged."""
    for schema, dot, table in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if schema.is_name and dot.sign(".") and table.is_name:
            name = TableName(schema=schema.text, table=table.text)
            if name in catalog.tables and name not in query.relations:
                yield f"It names {name} where no table was recognized."


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


def _is_harmless_cast_to_user_type(cast: Cast, types: UserTypes, path: tuple[str, ...]) -> bool:
    return not cast.of_user and types.admit(cast.type, path if cast.schema is None else (cast.schema,))
