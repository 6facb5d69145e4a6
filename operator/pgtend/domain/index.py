"""An index as typed data: the only form from which pgtend ever builds DDL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

DEEPEST_EXPRESSION = 3
"""Calls within calls of one key: ``(data -> 'a' ->> 'b')::int`` has three."""


class AccessMethod(StrEnum):
    """Postgres index access methods."""

    BTREE = "btree"
    HASH = "hash"
    GIN = "gin"
    GIST = "gist"
    SPGIST = "spgist"
    BRIN = "brin"


class SortOrder(StrEnum):
    """Sort order of one B-tree key."""

    ASC = "Asc"
    DESC = "Desc"


class NullsOrder(StrEnum):
    """Where NULLs sort in one B-tree key."""

    FIRST = "First"
    LAST = "Last"


class ComparisonOperator(StrEnum):
    """Operators that a predicate of a partial index may use."""

    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    IS_NULL = "IsNull"
    IS_NOT_NULL = "IsNotNull"
    IS_TRUE = "IsTrue"
    IS_FALSE = "IsFalse"


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A typed constant: ``value`` in the text input syntax of the Postgres type ``type``."""

    type: str
    value: str


@dataclass(frozen=True, kw_only=True)
class ColumnArgument:
    """A column within an expression."""

    column: str


@dataclass(frozen=True, kw_only=True)
class FunctionCall:
    """An immutable built-in function; ``coalesce`` and ``extract`` count as such."""

    function: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OperatorCall:
    """A built-in operator between two arguments."""

    operator: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TypeCast:
    """One argument cast to a built-in type, named as by format_type()."""

    cast_to: str
    arguments: tuple[Argument, ...] = ()


Expression = FunctionCall | OperatorCall | TypeCast
"""What an expression index may have as key: immutable built-ins over columns and constants."""
Argument = ColumnArgument | Constant | Expression


def columns_in(argument: Argument) -> Iterator[str]:
    """The columns that an expression names, in order."""
    if isinstance(argument, ColumnArgument):
        yield argument.column
    elif not isinstance(argument, Constant):
        for each in argument.arguments:
            yield from columns_in(each)


def depth_of(argument: Argument) -> int:
    """How many calls are within each other; 0 for a column or a constant."""
    if isinstance(argument, ColumnArgument | Constant):
        return 0
    return 1 + max(map(depth_of, argument.arguments), default=0)


@dataclass(frozen=True, kw_only=True)
class IndexColumn:
    """One key of an index: a column or an expression, never both.

    ``nulls`` None means the default of the order (Last for Asc, First for Desc); ``opclass`` and ``collation`` None mean
    the column's defaults.
    """

    column: str | None = None
    expression: Expression | None = None
    order: SortOrder = SortOrder.ASC
    nulls: NullsOrder | None = None
    opclass: str | None = None
    collation: str | None = None

    def __post_init__(self) -> None:
        if (self.column is None) == (self.expression is None):
            raise ValueError("an index key is either a column or an expression")
        if self.expression is not None and depth_of(self.expression) > DEEPEST_EXPRESSION:
            raise ValueError(f"an expression has no more than {DEEPEST_EXPRESSION} calls within each other")

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that this key is made of."""
        if self.expression is not None:
            return tuple(columns_in(self.expression))
        return (self.column or "",)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One conjunct of a partial index's predicate; ``constant`` is None exactly for the Is… operators."""

    column: str
    operator: ComparisonOperator
    constant: Constant | None = None


@dataclass(frozen=True, kw_only=True)
class TableName:
    """A qualified table name, unquoted as in pg_class."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, kw_only=True)
class Index:
    """An index definition. ``name`` is no part of what an index is: two definitions that differ in it alone are one index."""

    schema: str
    table: str
    columns: tuple[IndexColumn, ...]
    method: AccessMethod = AccessMethod.BTREE
    include: tuple[str, ...] = ()
    predicate: tuple[Comparison, ...] = ()
    unique: bool = False
    name: str | None = None

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Made once: sets of indexes are what the advisor reckons with, millions of times."""
        fields = (self.columns, self.method, self.include, self.predicate, self.unique, self.name)
        return hash((self.schema, self.table, fields))

    @property
    def table_name(self) -> TableName:
        """The table that the index is on."""
        return TableName(schema=self.schema, table=self.table)
