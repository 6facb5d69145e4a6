"""Which indexes are built: what the advisor thinks of for a workload, what it might, and what is hard to estimate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import combinations, permutations

from pgtend.core.candidates import candidates
from pgtend.domain.advice import Constraints
from pgtend.domain.catalog import Catalog, Table
from pgtend.domain.index import (
    AccessMethod,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    SortOrder,
)
from pgtend.domain.workload import Query, Workload

_WORD = re.compile(r"\w+")
_IS = ComparisonOperator


def index(table: str, *keys: str | IndexColumn, **more: object) -> Index:
    """An index of the schema public."""
    columns = tuple(IndexColumn(column=key) if isinstance(key, str) else key for key in keys)
    return Index(schema="public", table=table, columns=columns, **more)  # type: ignore[arg-type]  # checked by the class


def workload_cases(workload: Workload, catalog: Catalog, width: int) -> Iterator[Index]:
    """The advisor's own candidates up to this width, and every ordered choice of up to two columns that a query names."""
    for each in workload.queries:
        yield from candidates(each.query, catalog, Constraints(max_width=width))
    for each in workload.queries:
        yield from _named_together(each.query, catalog)


def _named_together(query: Query, catalog: Catalog) -> Iterator[Index]:
    words = set(_WORD.findall(query.plannable))
    for name in sorted(query.relations, key=str):
        table = catalog.tables[name]
        named = [column for column in table.columns if column in words]
        if table.rows >= _FEWEST_ROWS:
            for count in (1, 2):
                for keys in permutations(named, count):
                    yield index(name.table, *keys)


_FEWEST_ROWS = 1_000


def table_cases(tables: Iterable[Table]) -> Iterator[Index]:
    """Each column and each pair of columns, some with INCLUDE, and some by other access methods."""
    for table in tables:
        name, columns = table.name.table, [each for each in table.columns.values() if each.btree_opclass]
        names = [column.name for column in columns]
        for column in names:
            yield index(name, column)
            yield index(name, column, method=AccessMethod.BRIN)
        for left, right in combinations(names, 2):
            yield index(name, left, right)
        for column in names[1:6]:
            yield index(name, column, include=(names[0],))
            yield index(name, column, method=AccessMethod.HASH)


def tpch_extras() -> Iterator[Index]:
    """INCLUDE, DESC, three columns, and columns that no query names."""
    shipped, price = IndexColumn(column="l_shipdate", order=SortOrder.DESC), "l_extendedprice"
    yield index("lineitem", "l_shipdate", include=(price, "l_discount"))
    yield index("lineitem", "l_orderkey", include=("l_suppkey",))
    yield index("lineitem", "l_partkey", include=("l_quantity", price))
    yield index("lineitem", "l_suppkey", include=("l_comment",))
    yield index("orders", "o_custkey", include=("o_orderdate",))
    yield index("orders", "o_orderdate", include=("o_custkey", "o_orderpriority"))
    yield index("part", "p_brand", "p_container", include=("p_size",))
    yield index("lineitem", shipped)
    yield index("orders", IndexColumn(column="o_totalprice", order=SortOrder.DESC), "o_orderdate")
    yield index("lineitem", "l_suppkey", "l_partkey", "l_orderkey")
    yield index("lineitem", "l_shipmode", "l_receiptdate", "l_commitdate")
    yield index("lineitem", "l_returnflag", "l_linestatus", "l_shipdate")
    yield index("lineitem", "l_shipdate", "l_discount", "l_quantity")
    yield index("lineitem", "l_partkey", "l_suppkey", "l_shipdate")
    yield index("orders", "o_orderdate", "o_custkey", "o_orderkey")
    yield index("orders", "o_orderstatus", "o_orderpriority", "o_orderdate")
    yield index("part", "p_brand", "p_type", "p_size")
    yield index("part", "p_size", "p_brand", "p_container")
    yield index("customer", "c_mktsegment", "c_nationkey", "c_custkey")
    yield index("partsupp", "ps_suppkey", "ps_availqty", "ps_supplycost")
    for table, column in (
        ("lineitem", "l_comment"),
        ("orders", "o_comment"),
        ("orders", "o_clerk"),
        ("customer", "c_address"),
        ("customer", "c_comment"),
        ("part", "p_comment"),
        ("part", "p_retailprice"),
        ("orders", "o_totalprice"),
        ("lineitem", "l_tax"),
    ):
        yield index(table, column)


def synthetic_extras() -> Iterator[Index]:
    """Partial indexes, expressions, other operator classes, GIN."""
    for column in ("rarely", "half", "mostly"):
        yield index("sparse", column, predicate=(_where(column, _IS.IS_NOT_NULL),))
        yield index("sparse", "id", predicate=(_where(column, _IS.IS_NULL),))
    yield index("sparse", "half", predicate=(_where("deleted_at", _IS.IS_NULL),))
    yield index("sparse", "id", predicate=(_where("flag", _IS.IS_TRUE),))
    yield index("sparse", "mostly", predicate=(_where("flag", _IS.IS_FALSE),))
    for status in ("active", "trial", "suspended"):
        yield index("skewed", "zipf", predicate=(_where("status", _IS.EQ, status, "text"),))
        yield index("skewed", "status", predicate=(_where("status", _IS.EQ, status, "text"),))
        yield index("skewed", "at", predicate=(_where("status", _IS.NE, status, "text"),))
    yield index("skewed", "cubed", predicate=(_where("rare", _IS.IS_TRUE),))
    yield index("skewed", "day", predicate=(_where("day", _IS.GE, "2026-02-01", "date"),))
    yield index("skewed", "random_of_all", predicate=(_where("small", _IS.LT, "3", "smallint"),))
    yield index("wide", _call("lower", "email"))
    yield index("wide", _call("md5", "hash"))
    yield index("wide", _call("left", "hash", Constant(type="integer", value="8")))
    yield index("wide", _call("length", "varying"))
    yield index("wide", IndexColumn(column="email", opclass="varchar_pattern_ops"))
    yield index("wide", IndexColumn(column="hash", opclass="text_pattern_ops"))
    yield index("documents", "tags", method=AccessMethod.GIN)
    yield index("documents", "labels", method=AccessMethod.GIN)
    yield index("documents", "details", method=AccessMethod.GIN)
    yield index("documents", IndexColumn(column="details", opclass="jsonb_path_ops"), method=AccessMethod.GIN)
    searched = FunctionCall(
        function="to_tsvector",
        arguments=(Constant(type="regconfig", value="english"), ColumnArgument(column="body")),
    )
    yield index("documents", IndexColumn(expression=searched), method=AccessMethod.GIN)
    for table, column in (("documents", "body"), ("wide", "email")):
        yield index(table, IndexColumn(column=column, opclass="public.gin_trgm_ops"), method=AccessMethod.GIN)


def _where(column: str, operator: ComparisonOperator, value: str | None = None, type_: str = "") -> Comparison:
    constant = None if value is None else Constant(type=type_, value=value)
    return Comparison(column=column, operator=operator, constant=constant)


def _call(function: str, column: str, *more: Constant) -> IndexColumn:
    return IndexColumn(expression=FunctionCall(function=function, arguments=(ColumnArgument(column=column), *more)))
