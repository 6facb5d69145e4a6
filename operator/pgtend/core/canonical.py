"""Names that follow from what is proposed: the same advice is always the same object and the same index.

The hash covers a versioned canonical form of the action and the definition. It covers neither the database nor the bounds,
and the name of the index only where an index that is there is meant (Drop, Rebuild). A change of the form changes every name
that users have committed to Git, so the form is versioned and held by a golden test.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

from pgtend.domain.index import (
    Argument,
    ColumnArgument,
    Comparison,
    Constant,
    Expression,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    OperatorCall,
    SortOrder,
)
from pgtend.domain.recommendation import Action, Proposal

FORM = "pgtend.dev/index/v1"
HASH_DIGITS = 8
"""Hexadecimal digits of the hash that names carry."""
LONGEST_OBJECT_NAME = 63
LONGEST_TABLE_PART = 24
LONGEST_INDEX_NAME = 63
"""Bytes: Postgres cuts longer names without a word (NAMEDATALEN - 1)."""


def proposal_hash(action: Action, index: Index) -> str:
    """sha256 (64 hex digits) of the canonical form."""
    return hashlib.sha256(canonical_form(action, index).encode()).hexdigest()


def canonical_form(action: Action, index: Index) -> str:
    """One text for all spellings of the same change: defaults made explicit, unordered parts sorted."""
    form: dict[str, object] = {
        "form": FORM,
        "action": action.value,
        "schema": index.schema,
        "table": index.table,
        "method": index.method.value,
        "columns": [_key(column) for column in index.columns],
        "include": sorted(index.include),
        "predicate": sorted((_comparison(each) for each in index.predicate), key=_text),
        "unique": index.unique,
    }
    if action is not Action.CREATE:
        form["name"] = index.name
    return _text(form)


def object_name(policy: str, table: str, hash_: str) -> str:
    """``<policy>-<table, made DNS-safe>-<8 hex>``: a DNS label, at most 63 characters for policies of up to 40."""
    room = min(LONGEST_TABLE_PART, LONGEST_OBJECT_NAME - len(policy) - HASH_DIGITS - 2)
    safe = _dns_safe(table)[: max(room, 0)].strip("-")
    return "-".join(part for part in (policy, safe, hash_[:HASH_DIGITS]) if part)


def is_named_after(name: str, policy: str, proposal: Proposal) -> bool:
    """Whether an object of this name can hold this proposal: hash and name both follow from the definition."""
    hash_ = proposal_hash(proposal.action, proposal.index)
    return proposal.hash == hash_ and name == object_name(policy, proposal.index.table, hash_)


def index_name(index: Index, hash_: str) -> str:
    """``<table>_<columns>_<8 hex>_idx`` in at most 63 bytes, cut in front of the hash where it is longer."""
    ending = f"_{hash_[:HASH_DIGITS]}_idx"
    words = [index.table]
    for key in index.columns:
        words.append(key.column or _readable(key))
    readable = "_".join(words).replace("\0", "")
    room = LONGEST_INDEX_NAME - len(ending)
    return readable.encode()[:room].decode(errors="ignore") + ending


def _readable(key: IndexColumn) -> str:
    """What an expression is called in a name: a plain call by its function, anything else by its columns."""
    if isinstance(key.expression, FunctionCall):
        return key.expression.function
    return "_".join(dict.fromkeys(key.names)) + "_expr"


def _dns_safe(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "table"


def _key(key: IndexColumn) -> dict[str, object]:
    nulls = key.nulls or (NullsOrder.LAST if key.order is SortOrder.ASC else NullsOrder.FIRST)
    form: dict[str, object] = {
        "order": key.order.value,
        "nulls": nulls.value,
        "opclass": key.opclass,
        "collation": key.collation,
    }
    if key.expression is None:
        return form | {"column": key.column}
    return form | _call(key.expression)


def _call(expression: Expression) -> dict[str, object]:
    arguments = [_argument(argument) for argument in expression.arguments]
    if isinstance(expression, FunctionCall):
        return {"function": expression.function, "arguments": arguments}
    if isinstance(expression, OperatorCall):
        return {"operator": expression.operator, "arguments": arguments}
    return {"cast": expression.cast_to, "arguments": arguments}


def _argument(argument: Argument) -> dict[str, object]:
    if isinstance(argument, ColumnArgument):
        return {"column": argument.column}
    if isinstance(argument, Constant):
        return {"type": argument.type, "value": argument.value}
    return _call(argument)


def _comparison(comparison: Comparison) -> dict[str, object]:
    constant = comparison.constant
    return {
        "column": comparison.column,
        "operator": comparison.operator.value,
        "constant": None if constant is None else _argument(constant),
    }


def _text(form: object) -> str:
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
