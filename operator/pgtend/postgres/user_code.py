"""Code of the database's own users, which planning a statement might run. Pure.

Functions of the allow-list are Postgres' own only as long as nobody has made another one of that name: with other argument
types, a user's ``lower`` is preferred to the built-in. A view or a policy may call anything, and the planner computes the
constant parts of CHECK constraints, index expressions, partition keys and extended statistics as well, those of child
tables included. A constant becomes a value of a column's type, which for a domain runs its CHECK; comparing ranges may run
their subtype_diff. The name of a table alone is a row of it, and a cast of rows, which their owner may make, runs a function
wherever the row meets another type. So a relation is planned only where all that it needs is known to be harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pgtend.core.inert import problem_of_code
from pgtend.core.sql.builtins import EXTENSION_FUNCTIONS
from pgtend.core.sql.calls import possible_functions_in
from pgtend.core.sql.lexer import tokenize
from pgtend.domain.index import TableName
from pgtend.domain.user_types import UserTypes
from pgtend.domain.workload import Query
from pgtend.postgres.connection import Row

PARAMETERS = {"harmless": sorted(EXTENSION_FUNCTIONS), "past_locked": False}
"""Of user_code.sql."""

_CALLS = "calls functions that are not known to be harmless while it is merely planned."
_TYPED = "has a column of a type that may run code of the database's own users while a statement is merely planned."
_ROWS = "has rows of a type that may run code of the database's own users while a statement is merely planned."
_LOCKED = "is held exclusively by another session, so that what planning it would run cannot be looked at."
_FOREIGN = "reads a foreign table: planning it may ask another server."

_Edges = dict[int, set[int]]


@dataclass(frozen=True, kw_only=True)
class UserCode:
    """What of a database is neither Postgres' nor an extension's."""

    functions: frozenset[str] = frozenset()
    operator_schemas: frozenset[str] = frozenset()
    relations: Mapping[TableName, str] = field(default_factory=dict)
    """Those that must not be planned, with what they do."""
    types: UserTypes = field(default_factory=UserTypes)
    casts: bool = False
    """Whether there are casts between built-in types by a function of an ordinary role."""


def user_code_from(rows: Iterable[Row]) -> UserCode:
    """From the rows of user_code.sql."""
    facts: dict[str, list[Row]] = {}
    for row in rows:
        facts.setdefault(row["kind"], []).append(row)

    def edges(kind: str) -> _Edges:
        found: _Edges = {}
        for row in facts.get(kind, ()):
            found.setdefault(row["other"], set()).add(row["oid"])
        return found

    def oids(kind: str) -> set[int]:
        return {row["oid"] for row in facts.get(kind, ())}

    running = oids("type runs") | _refused(facts.get("type check", ()))
    type_parts = edges("type part")
    types = _closure(running | oids("type hidden"), type_parts)
    typed, rows_of = edges("of type"), edges("row type")
    reasons = (
        (_LOCKED, oids("locked")),
        (_CALLS, oids("runs") | _refused(facts.get("definition", ()))),
        (_TYPED, {relation for type_ in types for relation in typed.get(type_, ())}),
        (_ROWS, {relation for type_ in _closure(running, type_parts) for relation in rows_of.get(type_, ())}),
        (_FOREIGN, oids("foreign")),
    )
    parts = edges("part")
    reached = [(reason, _closure(relations, parts)) for reason, relations in reasons]
    relations: dict[TableName, str] = {}
    for row in facts.get("relation", ()):
        reason = next((reason for reason, harmful in reached if row["oid"] in harmful), None)
        if reason is not None:
            relations[TableName(schema=row["schema_name"], table=row["name"])] = reason
    harmless: dict[str, dict[str, bool]] = {}
    for row in facts.get("type", ()):
        harmless.setdefault(row["name"], {})[row["schema_name"]] = row["oid"] not in types
    return UserCode(
        functions=frozenset(row["name"] for row in facts.get("function", ())),
        operator_schemas=frozenset(row["schema_name"] for row in facts.get("operator", ())),
        relations=relations,
        types=UserTypes(harmless=harmless),
        casts=bool(facts.get("cast")),
    )


def reason_not_to_plan(query: Query, code: UserCode) -> str | None:
    """Why planning this query might run a user's code, or None when it would not. Raises NotLexable."""
    if code.casts:
        return "This database has casts of its own between built-in types, which might run while a statement is merely planned."
    called = {name.rpartition(".")[2] for name in query.functions} | set(
        possible_functions_in(tokenize(query.plannable))
    )
    shadowed = sorted(called & code.functions)
    if shadowed:
        return (
            f"This database has a function of its own called {shadowed[0]}, which might run while the statement is merely "
            "planned."
        )
    relations = sorted(query.relations & code.relations.keys(), key=str)
    if relations:
        return f"{relations[0]} {code.relations[relations[0]]}"
    if code.operator_schemas & {*query.search_path, "pg_catalog"}:
        return "A schema of the search_path has operators of its own, which might run while the statement is merely planned."
    return None


def _refused(rows: Iterable[Row]) -> set[int]:
    """What has a definition that is unknown, or that calls what is not known to be harmless."""
    judged: dict[str | None, bool] = {}
    for row in rows:
        text = row["text"]
        if text not in judged:
            judged[text] = text is None or problem_of_code(text.rstrip(";")) is not None
    return {row["oid"] for row in rows if judged[row["text"]]}


def _closure(harmful: set[int], users: _Edges) -> set[int]:
    """These, and whatever is made of them."""
    found = set(harmful)
    waiting = list(harmful)
    while waiting:
        new = users.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found
