"""From a text, as pg_stat_statements or a file has it, to a query with an identity, or to the sentence why it is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from pgtend.core.sql.assignments import assigned_in, target_of
from pgtend.core.sql.calls import functions_in, qualify_functions, stands_alone
from pgtend.core.sql.fields import SYSTEM_COLUMNS, doubtful_fields, unread_fields
from pgtend.core.sql.growth import grows_too_large
from pgtend.core.sql.identity import fingerprint_of, shown_text
from pgtend.core.sql.lexer import Kind, NotLexable, Token, Tokens, spell, tokenize
from pgtend.core.sql.mending import mend
from pgtend.core.sql.parameters import count_parameters, renumber
from pgtend.core.sql.planning_form import planning_form
from pgtend.core.sql.search_part import search_part
from pgtend.core.sql.tree import NotParsable, Tree, name_of, parse, tables_in
from pgtend.core.sql.wrapping import mask, unwrap
from pgtend.domain.catalog import Catalog, RelationKind, Table
from pgtend.domain.index import TableName
from pgtend.domain.workload import OWN_MARK, Query, StatementText

LONGEST_SHOWN = 200
"""Characters of a statement's text that are shown."""
_BEGINNINGS = ("select", "insert", "update", "delete", "merge", "with", "values", "table")
_RUNNING_OTHERS = ("call", "do", "fetch", "refresh", "execute")
"""First words of statements that run queries which their own text does not hold: an index may help them all the same."""
OWN = "a statement of pgtend"
SYSTEM_CATALOGS = "queries of the system catalogs"
_SYSTEM_SCHEMAS = frozenset({"pg_catalog", "information_schema", "pg_toast"})
_DOT = Token(Kind.SIGN, ".")


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """A text that nothing can be advised on; the sentence names no constant of it."""

    reason: str
    final: bool = False
    """Whether no change of the catalog can mend it: the text itself is cut off, too large, or no query."""
    other: str = ""
    """What it is where no index could ever help it: ``OWN``, ``SYSTEM_CATALOGS``, or the first word of a utility statement."""


class _Refused(Exception):
    """The statement is left out; carries the sentence, and what it is where no index could help it."""

    def __init__(self, reason: str, other: str = "") -> None:
        super().__init__(reason)
        self.other = other


def read_statement(text: str, catalog: Catalog, search_path: Sequence[str] | None = None) -> Query | Unusable:
    """The query that a text stands for, its names looked up in ``search_path`` (None: the catalog's own).

    ``plannable`` is the part of it that looks for rows, with qualified names, empty where it looks for nothing.
    """
    try:
        return _read(tokenize(text), catalog, search_path)
    except NotLexable as refusal:
        return Unusable(reason=str(refusal), final=True)


def _read(tokens: Tokens, catalog: Catalog, search_path: Sequence[str] | None) -> Query | Unusable:
    path = tuple(catalog.search_path if search_path is None else search_path)
    try:
        tokens = mend(_one_statement(tokens))
        tree = parse(tokens)
        return _query(tokens, tree, catalog, path)
    except (NotLexable, NotParsable) as refusal:
        return Unusable(reason=str(refusal), final=True)
    except _Refused as refusal:
        return Unusable(reason=str(refusal), other=refusal.other)


def read_entry(entry: StatementText, catalog: Catalog) -> Query | Unusable:
    """The query behind an entry of pg_stat_statements; pgtend's own are told by their mark, whoever ran them.

    The server puts parameters in place of constants, but for statements that wrap a query: there it is done here.
    """
    if OWN_MARK in entry.text:
        return Unusable(reason="It is pgtend's own.", final=True, other=OWN)
    try:
        return _read(mask(tokenize(entry.text)), catalog, entry.search_path)
    except NotLexable as refusal:
        return Unusable(reason=str(refusal), final=True)


def shorten(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The beginning of a text, with … where something was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _one_statement(tokens: Tokens) -> Tokens:
    end = len(tokens)
    while end and tokens[end - 1].sign(";"):
        end -= 1
    tokens = tokens[:end]
    if not tokens:
        raise _Refused("There is no statement in the text.")
    if any(token.sign(";") for token in tokens):
        raise _Refused("The text holds several statements.")
    tokens = unwrap(tokens)
    if not tokens:
        raise _Refused("There is no statement in the text.")
    if not (tokens[0].word(*_BEGINNINGS) or tokens[0].sign("(")):
        word = tokens[0].text.upper() if tokens[0].kind is Kind.WORD and len(tokens[0].text) < 20 else "It"
        if tokens[0].word(*_RUNNING_OTHERS):
            raise _Refused(f"{word} runs statements that its own text does not hold.")
        raise _Refused(f"{word} is no SELECT, INSERT, UPDATE, DELETE or MERGE.", "" if word == "It" else word)
    return tokens


def _query(tokens: Tokens, tree: Tree, catalog: Catalog, path: tuple[str, ...]) -> Query:
    if tree.root.find(exp.Into):
        raise _Refused("SELECT INTO creates a table.")
    resolved = [(table, _resolve(table, catalog, path)) for table in tables_in(tree)]
    relations = frozenset(name for _, name in resolved)
    if not relations:
        raise _Refused("It names no table; what the functions that it calls may read is not seen.")
    _check_columns(tokens, tree, resolved, catalog)
    if grows_too_large(tree, {id(table): name for table, name in resolved}, catalog):
        raise _Refused(
            "Its subqueries or views use columns of one another so often that planning it would take gigabytes."
        )
    tokens = _qualify_tables(tokens, tree, resolved)
    searching = renumber(planning_form(qualify_functions(search_part(tokens, tree.kind), catalog)))
    return Query(
        fingerprint=fingerprint_of(tokens, relations),
        text=shown_text(tokens),
        plannable=spell(searching),
        kind=tree.kind,
        relations=catalog.with_beneath(relations),
        functions=frozenset(functions_in(searching)),
        parameters=count_parameters(searching),
        search_path=() if stands_alone(searching, relations, catalog) else path,
        target=target_of(tree.root, {id(table): name for table, name in resolved}),
        assigned=assigned_in(tree.root),
    )


def _resolve(table: exp.Table, catalog: Catalog, path: tuple[str, ...]) -> TableName:
    name, schema = name_of(table.this), table.db
    if schema in _SYSTEM_SCHEMAS or (not schema and name.startswith("pg_")):
        raise _Refused("It reads the system catalogs.", SYSTEM_CATALOGS)
    candidates = [schema] if schema else path
    for each in candidates:
        found = catalog.tables.get(TableName(schema=each, table=name))
        if found is not None:
            if found.kind is RelationKind.FOREIGN_TABLE:
                raise _Refused(f"{found.name} is a foreign table: its plan is made elsewhere.")
            return found.name
    shown = f"{schema}.{name}" if schema else name
    where = "" if schema else f" in the search_path {', '.join(path) or '(empty)'}"
    raise _Refused(f"There is no table {shown}{where} (any more), or the observer cannot see it.")


def _check_columns(
    tokens: Tokens, tree: Tree, resolved: Sequence[tuple[exp.Table, TableName]], catalog: Catalog
) -> None:
    """Refuse ``alias.name`` where there is no such column: gone, or a function in the guise of a column."""
    names = {id(table): name for table, name in resolved}
    columns = {name: _columns_of(catalog.tables[name]) for _, name in resolved}
    for column in doubtful_fields(tree, names, columns):
        tables = {str(name) for table, name in resolved if column.table in (table.alias, name_of(table.this))}
        if len(tables) == 1:
            raise _Refused(f"{tables.pop()} has no column {column.name} (any more).")
        raise _Refused("It takes a field of a subquery or a function that may be a call in disguise.")
    if next(unread_fields(tokens, tree, names), None) is not None:
        raise _Refused("It takes a field of something that is not understood and may be a call in disguise.")


def _columns_of(table: Table) -> frozenset[str]:
    columns = frozenset(table.columns)
    return columns if table.kind is RelationKind.VIEW else columns | SYSTEM_COLUMNS


def _qualify_tables(tokens: Tokens, tree: Tree, resolved: Sequence[tuple[exp.Table, TableName]]) -> Tokens:
    schemas: dict[int, str] = {}
    for table, name in resolved:
        place = tree.place_of(table.this)
        if place is None:
            raise _Refused("The statement cannot be parsed well enough to tell its tables.")
        if not table.db:
            schemas[place] = name.schema
    qualified: list[Token] = []
    for place, token in enumerate(tokens):
        if place in schemas:
            qualified += [Token(Kind.QUOTED, schemas[place]), _DOT]
        qualified.append(token)
    return tuple(qualified)
