"""Render DDL from typed fields: the only place where an index becomes SQL.

Every name is quoted by psycopg, every constant is a literal cast to a type of a fixed list, every function is a built-in
of a fixed list. No text of anybody else gets into a statement.
"""

from __future__ import annotations

import re

from psycopg import sql

from pgtend.domain.finding import DefinitionRefused
from pgtend.domain.index import (
    AccessMethod,
    Argument,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    Expression,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    SortOrder,
    TableName,
    TypeCast,
)
from pgtend.domain.type_names import schema_and_name

LONGEST_NAME = 63
"""Bytes (NAMEDATALEN - 1): Postgres cuts longer names without a word."""

_FUNCTION_WORDS = """
    abs btrim ceil coalesce date_part date_trunc extract floor jsonb_extract_path jsonb_extract_path_text left length
    lower ltrim md5 replace reverse right round rtrim split_part starts_with substr timezone to_tsvector upper
"""
FUNCTIONS = frozenset(_FUNCTION_WORDS.split())
"""Built-ins of pg_catalog that an expression index may use; Postgres itself refuses those that are not immutable."""
OPERATORS = {"->": "->", "->>": "->>"}
"""Built-ins of pg_catalog that an expression index may use: a field of json, as json and as text."""

_TYPES = {
    "smallint": "int2",
    "integer": "int4",
    "bigint": "int8",
    "numeric": "numeric",
    "real": "float4",
    "double precision": "float8",
    "boolean": "bool",
    "text": "text",
    "character varying": "varchar",
    "character": "bpchar",
    "date": "date",
    "time without time zone": "time",
    "time with time zone": "timetz",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "interval": "interval",
    "uuid": "uuid",
    "json": "json",
    "jsonb": "jsonb",
    "regconfig": "regconfig",
}
_TYPES |= {internal: internal for internal in _TYPES.values()}

_OPERATORS = {
    ComparisonOperator.EQ: "=",
    ComparisonOperator.NE: "<>",
    ComparisonOperator.LT: "<",
    ComparisonOperator.LE: "<=",
    ComparisonOperator.GT: ">",
    ComparisonOperator.GE: ">=",
}
_TESTS = {
    ComparisonOperator.IS_NULL: "IS NULL",
    ComparisonOperator.IS_NOT_NULL: "IS NOT NULL",
    ComparisonOperator.IS_TRUE: "IS TRUE",
    ComparisonOperator.IS_FALSE: "IS FALSE",
}

# pg_get_keywords() of PostgreSQL 18 but for the unreserved ones: words that a person has to quote.
_KEYWORD_WORDS = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default
    deferrable desc distinct do else end except exists extract false fetch float for foreign freeze from full grant
    greatest group grouping having ilike in initially inner inout int integer intersect interval into is isnull join
    json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize
    json_table json_value lateral leading least left like limit localtime localtimestamp merge_action national
    natural nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay
    placing position precision primary real references returning right row select session_user setof similar
    smallint some substring symmetric system_user table tablesample then time timestamp to trailing treat trim true
    union unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat
    xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
"""
_KEYWORDS = frozenset(_KEYWORD_WORDS.split())


def create_index(index: Index, name: str | None, *, concurrently: bool = True) -> sql.Composed:
    """CREATE INDEX of this definition under this name (None: Postgres chooses). Raises DefinitionRefused."""
    parts: list[sql.Composable] = [sql.SQL("CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX")]
    if concurrently:
        parts.append(sql.SQL("CONCURRENTLY"))
    if name is not None:
        parts.append(identifier(name))
    keys = sql.SQL(", ").join(_key(column, index.method) for column in index.columns)
    parts += [sql.SQL("ON"), identifier(index.schema, index.table)]
    parts += [sql.SQL("USING"), identifier(index.method.value), sql.SQL("({})").format(keys)]
    if index.include:
        parts.append(sql.SQL("INCLUDE ({})").format(sql.SQL(", ").join(map(identifier, index.include))))
    if index.predicate:
        parts.append(sql.SQL("WHERE {}").format(sql.SQL(" AND ").join(map(_comparison, index.predicate))))
    return sql.SQL(" ").join(parts)


def drop_index(schema: str, name: str, *, concurrently: bool = True) -> sql.Composed:
    """DROP INDEX IF EXISTS of this name in this schema."""
    how = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS" if concurrently else "DROP INDEX IF EXISTS")
    return sql.SQL("{} {}").format(how, identifier(schema, name))


def rows_of_partial(index: Index) -> sql.Composed:
    """SELECT of the rows that a partial index holds, without their columns: to be planned, not run."""
    predicate = sql.SQL(" AND ").join(map(_comparison, index.predicate))
    return sql.SQL("SELECT FROM {} WHERE {}").format(identifier(index.schema, index.table), predicate)


def comment_on_index(schema: str, name: str, comment: str) -> sql.Composed:
    """COMMENT ON INDEX."""
    return sql.SQL("COMMENT ON INDEX {} IS {}").format(identifier(schema, name), sql.Literal(comment.replace("\0", "")))


def is_built_in(type_: str) -> bool:
    """Whether a type, as format_type() writes it, is one of the built-in ones of which constants are written."""
    return type_.partition("(")[0].rstrip() in _TYPES


def analyze_table(table: TableName) -> sql.Composed:
    """ANALYZE of one table."""
    return sql.SQL("ANALYZE {}").format(identifier(table.schema, table.table))


def describe(index: Index, name: str | None = None, *, concurrently: bool = False) -> str:
    """The CREATE INDEX statement as a person would write it, with quotes only where they are needed."""
    return readable(create_index(index, name if name is not None else index.name, concurrently=concurrently))


def describe_key(key: IndexColumn) -> str:
    """One key of a B-tree as a person would write it."""
    return readable(_key(key, AccessMethod.BTREE))


def describe_drop(schema: str, name: str, *, concurrently: bool = False) -> str:
    """The DROP INDEX statement as a person would write it."""
    return readable(drop_index(schema, name, concurrently=concurrently))


def describe_analyze(table: TableName) -> str:
    """The ANALYZE statement as a person would write it."""
    return readable(analyze_table(table))


def readable(statement: sql.Composable) -> str:
    """A composed statement as text, identifiers unquoted where Postgres would read them the same."""
    if isinstance(statement, sql.Composed):
        return "".join(readable(part) for part in statement)
    text = statement.as_string(None)
    if not isinstance(statement, sql.Identifier):
        return text
    return re.sub(r'"((?:[^"]|"")*)"', lambda match: match[1] if _is_plain(match[1]) else match[0], text)


def identifier(*names: str) -> sql.Identifier:
    """A quoted, possibly qualified name. Raises DefinitionRefused where Postgres would cut or refuse it."""
    for name in names:
        if not name or "\0" in name:
            raise DefinitionRefused("A name in the index definition is empty or holds a zero byte.")
        if len(name.encode()) > LONGEST_NAME:
            raise DefinitionRefused(
                f"The name {name[:20]}… is longer than {LONGEST_NAME} bytes, and Postgres would cut it without a word."
            )
    return sql.Identifier(*names)


def _is_plain(name: str) -> bool:
    return re.fullmatch(r"[a-z_][a-z0-9_]*", name) is not None and name not in _KEYWORDS


def _key(key: IndexColumn, method: AccessMethod) -> sql.Composable:
    if key.expression is not None:
        base: sql.Composable = sql.SQL("({})").format(_expression(key.expression))
    else:
        base = identifier(key.column or "")
    parts = [base]
    if key.collation is not None:
        parts.append(sql.SQL("COLLATE {}").format(_of_catalog(key.collation)))
    if key.opclass is not None:
        parts.append(_of_catalog(key.opclass))
    if method is AccessMethod.BTREE:
        if key.order is SortOrder.DESC:
            parts.append(sql.SQL("DESC"))
        if key.nulls is not None:
            parts.append(sql.SQL("NULLS FIRST" if key.nulls is NullsOrder.FIRST else "NULLS LAST"))
    return sql.SQL(" ").join(parts)


def _of_catalog(name: str) -> sql.Identifier:
    """A collation or operator class: ``name`` of pg_catalog, or ``schema.name``."""
    schema, dot, rest = name.partition(".")
    return identifier(schema, rest) if dot else identifier("pg_catalog", name)


def _expression(expression: Expression) -> sql.Composable:
    if isinstance(expression, FunctionCall):
        return _call(expression)
    arguments = [_argument(each) for each in expression.arguments]
    if isinstance(expression, TypeCast):
        if len(arguments) != 1:
            raise DefinitionRefused("A cast in the index definition has one argument.")
        return sql.SQL("CAST({} AS {})").format(arguments[0], _type(expression.cast_to))
    if expression.operator not in OPERATORS or len(arguments) != 2:
        raise DefinitionRefused(
            f"The operator {expression.operator[:LONGEST_NAME]} is not one that pgtend builds expression indexes with: "
            f"{', '.join(sorted(OPERATORS))}, each between two arguments."
        )
    operator = sql.SQL(OPERATORS[expression.operator])
    return sql.SQL("({} OPERATOR({}.{}) {})").format(arguments[0], identifier("pg_catalog"), operator, arguments[1])


def _call(call: FunctionCall) -> sql.Composable:
    if call.function not in FUNCTIONS:
        raise DefinitionRefused(
            f"The function {call.function[:LONGEST_NAME]} is not one that pgtend builds expression indexes with: "
            f"{', '.join(sorted(FUNCTIONS))}."
        )
    arguments = sql.SQL(", ").join(_argument(each) for each in call.arguments)
    if call.function == "coalesce":  # of the grammar, and no function of pg_catalog
        return sql.SQL("COALESCE({})").format(arguments)
    return sql.SQL("{}({})").format(identifier("pg_catalog", call.function), arguments)


def _argument(argument: Argument) -> sql.Composable:
    if isinstance(argument, ColumnArgument):
        return identifier(argument.column)
    if isinstance(argument, Constant):
        return _constant(argument)
    return _expression(argument)


def _type(name: str) -> sql.Identifier:
    internal = _TYPES.get(name)
    if internal is None:
        raise DefinitionRefused(f"The type {name[:LONGEST_NAME]} is not one that pgtend writes.")
    return identifier("pg_catalog", internal)


def _constant(constant: Constant, type_: sql.Identifier | None = None) -> sql.Composable:
    if "\0" in constant.value:
        raise DefinitionRefused("A constant in the index definition holds a zero byte.")
    return sql.SQL("{}::{}").format(sql.Literal(constant.value), type_ or _type(constant.type))


def _comparison(comparison: Comparison) -> sql.Composable:
    column = identifier(comparison.column)
    test = _TESTS.get(comparison.operator)
    if test is not None:
        return sql.SQL("{} {}").format(column, sql.SQL(test))
    if comparison.constant is None:
        raise DefinitionRefused(
            f"The predicate on {comparison.column[:LONGEST_NAME]} lacks the constant to compare with."
        )
    if comparison.operator is ComparisonOperator.EQ and comparison.constant.type in ("boolean", "bool"):
        # HypoPG does not simplify predicates as the planner does with conditions, where `x = true` is `x`.
        return column if comparison.constant.value == "true" else sql.SQL("NOT {}").format(column)
    operator = sql.SQL(_OPERATORS[comparison.operator])
    enum = schema_and_name(comparison.constant.type)
    constant = _constant(comparison.constant, None if enum is None else identifier(*enum))
    return sql.SQL("{} {} {}").format(column, operator, constant)
