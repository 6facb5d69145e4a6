"""Expressions over the columns of one table, in typed form: those that an index may have as key.

Read from statements and from what Postgres prints of an existing index alike, so that both give the same value. Only what
is immutable for the very types at hand is read: date_trunc() is for timestamp and is not for timestamptz, text becomes an
integer the same way everywhere, but a date only by the session's DateStyle (pg_proc.provolatile).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from pgtend.domain.index import (
    DEEPEST_EXPRESSION,
    Argument,
    ColumnArgument,
    Constant,
    Expression,
    FunctionCall,
    OperatorCall,
    TypeCast,
    columns_in,
    depth_of,
)

_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")
"""What a constant of an expression may look like: a key of JSON or a unit of time, and hardly anybody's datum."""

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]{0,62}")
_NUMBER = re.compile(r"-?[0-9]{1,9}")

_SPELLINGS = {
    "int2": "smallint", "int": "integer", "int4": "integer", "int8": "bigint", "float4": "real",
    "float8": "double precision", "double": "double precision", "decimal": "numeric", "bool": "boolean",
    "varchar": "character varying", "bpchar": "character", "char": "character",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
    "timestampntz": "timestamp without time zone",
}  # fmt: skip
_TEXT, _INTEGER, _UNKNOWN = "text", "integer", ""
_TIMESTAMP, _TIMESTAMPTZ = "timestamp without time zone", "timestamp with time zone"
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")

Signature = tuple[tuple[str, ...], str]

_OF_TEXT: dict[str, tuple[Signature, ...]] = {
    **dict.fromkeys(("lower", "upper", "btrim", "ltrim", "rtrim", "md5", "reverse"), (((_TEXT,), _TEXT),)),
    **dict.fromkeys(("left", "right"), (((_TEXT, _INTEGER), _TEXT),)),
    "length": (((_TEXT,), _INTEGER),),
    "substr": (((_TEXT, _INTEGER), _TEXT), ((_TEXT, _INTEGER, _INTEGER), _TEXT)),
}
_OF_NUMBERS: dict[str, tuple[Signature, ...]] = {
    "abs": tuple(((each,), each) for each in _NUMBERS),
    **dict.fromkeys(
        ("ceil", "floor", "round"), ((("numeric",), "numeric"), (("double precision",), "double precision"))
    ),
}
_OF_TIME: dict[str, tuple[Signature, ...]] = {
    "date_trunc": (((_TEXT, _TIMESTAMP), _TIMESTAMP),),
    "date_part": (((_TEXT, "date"), "double precision"), ((_TEXT, _TIMESTAMP), "double precision")),
    "extract": (((_TEXT, "date"), "numeric"), ((_TEXT, _TIMESTAMP), "numeric")),
    "timezone": (((_TEXT, _TIMESTAMPTZ), _TIMESTAMP), ((_TEXT, _TIMESTAMP), _TIMESTAMPTZ)),
}
_OF_DOCUMENTS: dict[str, tuple[Signature, ...]] = {"to_tsvector": ((("regconfig", _TEXT), "tsvector"),)}
_FUNCTIONS = _OF_TEXT | _OF_NUMBERS | _OF_TIME | _OF_DOCUMENTS

_CASTS = frozenset(
    [(_TEXT, to) for to in ("smallint", "integer", "bigint", "numeric", "double precision", "boolean", "uuid")]
    + [(from_, _TEXT) for from_ in ("smallint", "integer", "bigint", "numeric", "uuid")]
    + [(from_, to) for from_ in _NUMBERS for to in _NUMBERS if from_ != to]
    + [(_TIMESTAMP, "date"), ("date", _TIMESTAMP)]
)


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A part of an expression and its type, as format_type() names it without a length; empty for a plain string constant."""

    argument: Argument
    type: str


TypedColumn = Callable[[exp.Column], tuple[str, str] | None]
"""Name and type of the column that a node is, or None where it is none of the table at hand."""


def read_expression(node: exp.Expr, column: TypedColumn) -> Expression | None:
    """The expression that a node is, None where it is no immutable one over columns, or a plain column."""
    found = _read(node, column, 0)
    if found is None or isinstance(found.argument, ColumnArgument | Constant):
        return None
    expression = found.argument
    has_column = next(columns_in(expression), None) is not None
    return expression if has_column and depth_of(expression) <= DEEPEST_EXPRESSION else None


def read_key(node: exp.Expr, column: TypedColumn) -> str | Expression | None:
    """What could be the key of an index: the name of a column, or an expression; casts that change nothing left out."""
    found = _read(node, column, 0)
    if found is not None and isinstance(found.argument, ColumnArgument):
        return found.argument.column
    return read_expression(node, column)


def base_type(name: str) -> str:
    """A type as format_type() names it, without length and precision: ``character varying(20)`` → ``character varying``."""
    return re.sub(r"\([0-9, ]*\)", "", name)


def _read(node: exp.Expr, column: TypedColumn, depth: int) -> Typed | None:
    if depth > 2 * DEEPEST_EXPRESSION + 2:
        return None
    if isinstance(node, exp.Paren):
        return _read(node.this, column, depth)
    if isinstance(node, exp.Column):
        found = column(node)
        return None if found is None else _as_text(ColumnArgument(column=found[0]), base_type(found[1]))
    if isinstance(node, exp.Literal | exp.Neg):
        return _read_constant(node)
    if isinstance(node, exp.Cast):
        return _read_cast(node, column, depth)
    if isinstance(node, exp.JSONExtractScalar | exp.JSONExtract):
        return _read_field(node, column, depth)
    call = _call_of(node)
    return None if call is None else _read_call(*call, column, depth)


def _as_text(argument: Argument, type_: str) -> Typed:
    """varchar and text are one to the planner, whatever stands between them."""
    return Typed(argument=argument, type=_TEXT if type_ == "character varying" else type_)


def _read_constant(node: exp.Expr) -> Typed | None:
    sign, inner = ("-", node.this) if isinstance(node, exp.Neg) else ("", node)
    if not isinstance(inner, exp.Literal):
        return None
    if inner.is_string:
        return None if sign else Typed(argument=Constant(type=_TEXT, value=inner.name), type=_UNKNOWN)
    value = sign + inner.name
    if not _NUMBER.fullmatch(value):
        return None
    return Typed(argument=Constant(type=_INTEGER, value=value), type=_INTEGER)


def _read_cast(node: exp.Cast, column: TypedColumn, depth: int) -> Typed | None:
    to = cast_type(node)
    inner = _read(node.this, column, depth + 1)
    if to is None or inner is None:
        return None
    to = _TEXT if to == "character varying" else to
    if isinstance(inner.argument, Constant):
        return Typed(argument=Constant(type=to, value=inner.argument.value), type=to)
    if inner.type == to:
        return inner
    if (inner.type, to) not in _CASTS:
        return None
    return Typed(argument=TypeCast(cast_to=to, arguments=(inner.argument,)), type=to)


def cast_type(node: exp.Cast) -> str | None:
    """The built-in type that is cast to, None where it is another or has a length."""
    to = node.args.get("to")
    if not isinstance(to, exp.DataType) or to.expressions or to.args.get("nested"):
        return None
    name = to.sql("postgres").lower()
    name = _SPELLINGS.get(name, name)
    return name if re.fullmatch(r"[a-z ]+", name) else None


def _read_field(node: exp.Expr, column: TypedColumn, depth: int) -> Typed | None:
    """``data -> 'key'`` and ``data ->> 'key'``."""
    document = _read(node.this, column, depth + 1)
    key = _key_of(node.args.get("expression"))
    if document is None or document.type not in ("json", "jsonb") or key is None:
        return None
    scalar = isinstance(node, exp.JSONExtractScalar)
    call = OperatorCall(
        operator="->>" if scalar else "->", arguments=(document.argument, Constant(type=_TEXT, value=key))
    )
    return Typed(argument=call, type=_TEXT if scalar else document.type)


def _key_of(node: object) -> str | None:
    if isinstance(node, exp.Cast):
        node = node.this
    if isinstance(node, exp.JSONPath):
        parts = [part for part in node.expressions if not isinstance(part, exp.JSONPathRoot)]
        key = parts[0].this if len(parts) == 1 and isinstance(parts[0], exp.JSONPathKey) else None
    else:
        key = node.name if isinstance(node, exp.Literal) and node.is_string else None
    return key if isinstance(key, str) and _PLAIN_WORD.fullmatch(key) else None


def _call_of(node: exp.Expr) -> tuple[str, list[exp.Expr]] | None:
    """Name and arguments of a call of a built-in function, in whatever syntax."""
    if isinstance(node, exp.Dot):
        call = node.expression
        schema = node.this
        if (
            isinstance(schema, exp.Identifier | exp.Column)
            and schema.name == "pg_catalog"
            and isinstance(call, exp.Anonymous)
        ):
            return call.name.lower(), call.expressions
        return None
    if isinstance(node, exp.Extract):
        unit = node.this.name.lower() if isinstance(node.this, exp.Expr) else ""
        return "extract", [exp.Literal.string(unit), node.expression]
    if isinstance(node, exp.AtTimeZone):
        return "timezone", [node.args["zone"], node.this]
    if isinstance(node, exp.Coalesce):
        return "coalesce", [node.this, *node.expressions]
    return None


def _read_call(name: str, nodes: list[exp.Expr], column: TypedColumn, depth: int) -> Typed | None:
    arguments = [_read(node, column, depth + 1) for node in nodes]
    known = [each for each in arguments if each is not None]
    if not known or len(known) < len(arguments):
        return None
    if name == "coalesce":
        return _read_coalesce(known)
    for types, result in _FUNCTIONS.get(name, ()):
        if len(types) == len(known) and all(map(_suits, known, types)) and all(map(_is_shape, known)):
            converted = tuple(_converted(each, type_) for each, type_ in zip(known, types, strict=True))
            return Typed(argument=FunctionCall(function=name, arguments=converted), type=result)
    return None


def _read_coalesce(known: list[Typed]) -> Typed | None:
    types = {each.type for each in known} - {_UNKNOWN}
    empty = all(
        each.argument.value == "" or _NUMBER.fullmatch(each.argument.value)
        for each in known
        if isinstance(each.argument, Constant)
    )
    if len(types) != 1 or not empty:
        return None
    (type_,) = types
    return Typed(
        argument=FunctionCall(function="coalesce", arguments=tuple(_converted(each, type_) for each in known)),
        type=type_,
    )


def _suits(each: Typed, type_: str) -> bool:
    return each.type in (type_, _UNKNOWN)


def _is_shape(each: Typed) -> bool:
    """Whether a constant says how something is computed (a unit, a zone, a count) rather than what somebody looked for."""
    argument = each.argument
    return not isinstance(argument, Constant) or bool(
        _ZONE.fullmatch(argument.value) or _NUMBER.fullmatch(argument.value)
    )


def _converted(each: Typed, type_: str) -> Argument:
    argument = each.argument
    return Constant(type=type_, value=argument.value) if isinstance(argument, Constant) else argument
