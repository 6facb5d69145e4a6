"""Code of the database's own users, which planning a statement might run. Pure.

Functions of the allow-list are Postgres' own only as long as nobody has made another one of that name: with other argument
types, a user's ``lower`` is preferred to the built-in. And a view may call anything. What is left (casts, functions in
index expressions, operators of users' types) runs as the observer, who may read and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pgtend.core.inert import problem_of_code
from pgtend.domain.index import TableName
from pgtend.domain.workload import Query
from pgtend.postgres.connection import Row


@dataclass(frozen=True, kw_only=True)
class UserCode:
    """What of a database is neither Postgres' nor an extension's."""

    functions: frozenset[str] = frozenset()
    operator_schemas: frozenset[str] = frozenset()
    relations: frozenset[TableName] = frozenset()
    """Those whose expansion calls such functions, or built-in ones that are not known to be harmless."""


def user_code_from(rows: Iterable[Row]) -> UserCode:
    """From the rows of user_code.sql."""
    found = list(rows)
    return UserCode(
        functions=frozenset(row["name"] for row in found if row["kind"] == "function"),
        operator_schemas=frozenset(row["schema_name"] for row in found if row["kind"] == "operator"),
        relations=frozenset(
            TableName(schema=row["schema_name"], table=row["name"])
            for row in found
            if row["kind"] == "relation"
            or (row["kind"] == "definition" and (row["text"] is None or problem_of_code(row["text"])))
        ),
    )


def reason_not_to_plan(query: Query, code: UserCode) -> str | None:
    """Why planning this query might run a user's code, or None when it would not."""
    shadowed = sorted({name.rpartition(".")[2] for name in query.functions} & code.functions)
    if shadowed:
        return (
            f"This database has a function of its own called {shadowed[0]}, which might run while the statement is merely "
            "planned."
        )
    relations = sorted(str(name) for name in query.relations & code.relations)
    if relations:
        return f"{relations[0]} calls functions that are not known to be harmless while it is merely planned."
    if code.operator_schemas & set(query.search_path):
        return "A schema of the search_path has operators of its own, which might run while the statement is merely planned."
    return None
