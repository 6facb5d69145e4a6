"""Conditions on the parts of values, which only a GIN index serves: words, elements, keys, pieces of text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from pgtend.core.sql.expressions import TypedColumn, base_type, read_key
from pgtend.core.sql.origins import BaseColumn, Origins
from pgtend.core.sql.places import beneath
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Expression, FunctionCall


class Part(StrEnum):
    """What of a value is looked for."""

    WORD = "words"
    ELEMENT = "elements"
    DOCUMENT = "keys and values"
    KEY = "keys"
    PIECE = "pieces of text"


@dataclass(frozen=True, kw_only=True)
class InvertedUse:
    """One such condition."""

    key: str | Expression
    part: Part


_SEARCHES: tuple[tuple[type[exp.Expr], Part], ...] = (
    (exp.MatchAgainst, Part.WORD),
    (exp.ArrayContainsAll, Part.DOCUMENT),
    (exp.ArrayOverlaps, Part.ELEMENT),
    (exp.JSONBContainsTopKey, Part.KEY),
    (exp.JSONBContainsAnyTopKeys, Part.KEY),
    (exp.JSONBContainsAllTopKeys, Part.KEY),
    (exp.Like, Part.PIECE),
    (exp.ILike, Part.PIECE),
)
_WILDCARDS = ("%", "_")


def inverted_uses(root: exp.Expr, origins: Origins, catalog: Catalog) -> Iterator[tuple[int, InvertedUse]]:
    """The conditions of a tree, each with the number of the occurrence of its table; in the order of the text."""
    seen: set[tuple[int, InvertedUse]] = set()
    for kind, part in _SEARCHES:
        for node in root.find_all(kind):
            for number, use in _uses(node, part, origins, catalog):
                if beneath(node) == "" and (number, use) not in seen:
                    seen.add((number, use))
                    yield number, use


def _uses(node: exp.Expr, part: Part, origins: Origins, catalog: Catalog) -> Iterator[tuple[int, InvertedUse]]:
    if part is Part.PIECE and not _is_within(node):
        return
    sides = [node.this, *node.expressions] if part is Part.WORD else [node.this, node.expression]
    if part in (Part.KEY, Part.PIECE):
        sides = sides[:1]
    for side in sides:
        base = next((each for column in side.find_all(exp.Column) if (each := origins.column_of(column))), None)
        if base is None:
            continue
        key = read_key(side, _columns_of(base, origins, catalog))
        type_ = _type_of(key, base, origins, catalog)
        fitting = None if key is None else _part_of(type_, part)
        if key is not None and fitting is not None:
            yield base.table, InvertedUse(key=key, part=fitting)


def _part_of(type_: str, part: Part) -> Part | None:
    """What is looked for in a value of this type, None where GIN has no operator class for it."""
    if part is Part.WORD:
        return part if type_ == "tsvector" else None
    if part is Part.PIECE:
        return part if type_ in ("text", "character varying") else None
    if part is Part.KEY:
        return part if type_ == "jsonb" else None
    if type_.endswith("[]"):
        return Part.ELEMENT
    return Part.DOCUMENT if type_ == "jsonb" and part is Part.DOCUMENT else None


def _is_within(node: exp.Expr) -> bool:
    """Whether a pattern begins with a wildcard, or ignores case: what no B-tree serves. LIKE with a parameter does not tell."""
    pattern = node.args.get("expression")
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        return isinstance(node, exp.ILike)
    long_enough = max(map(len, pattern.name.replace("_", "%").split("%"))) >= 3
    return long_enough and (isinstance(node, exp.ILike) or pattern.name.startswith(_WILDCARDS))


def _columns_of(base: BaseColumn, origins: Origins, catalog: Catalog) -> TypedColumn:
    columns = catalog.tables[origins.tables[base.table]].columns

    def column(node: exp.Column) -> tuple[str, str] | None:
        found = origins.column_of(node)
        return (found.name, columns[found.name].type) if found and found.table == base.table else None

    return column


def _type_of(key: str | Expression | None, base: BaseColumn, origins: Origins, catalog: Catalog) -> str:
    if isinstance(key, str):
        return base_type(catalog.tables[origins.tables[base.table]].columns[key].type)
    if isinstance(key, FunctionCall):
        return "tsvector" if key.function == "to_tsvector" else "text" if key.function in ("lower", "upper") else ""
    return ""
