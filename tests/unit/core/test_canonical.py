from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtend.core.canonical import canonical_form, index_name, is_named_after, object_name, proposal_hash
from pgtend.domain.catalog import DatabaseIdentity
from pgtend.domain.index import (
    AccessMethod,
    ColumnArgument,
    Comparison,
    ComparisonOperator,
    Constant,
    FunctionCall,
    Index,
    IndexColumn,
    NullsOrder,
    OperatorCall,
    SortOrder,
    TypeCast,
)
from pgtend.domain.recommendation import Action, Bounds, Proposal
from tests.unit.core.catalogs import index_on

PLAIN = index_on("payments", "booking_id")
RICH = Index(
    schema="shop",
    table="Zahlungen",
    columns=(
        IndexColumn(column="b", order=SortOrder.DESC, nulls=NullsOrder.LAST, opclass="text_pattern_ops", collation="C"),
        IndexColumn(expression=FunctionCall(function="lower", arguments=(ColumnArgument(column="é"), Constant(type="text", value="x")))),
    ),
    method=AccessMethod.BTREE,
    include=("z", "a"),
    predicate=(
        Comparison(column="status", operator=ComparisonOperator.EQ, constant=Constant(type="text", value="open")),
        Comparison(column="deleted_at", operator=ComparisonOperator.IS_NULL),
    ),
    unique=True,
)  # fmt: skip
SIZE = OperatorCall(operator="->>", arguments=(ColumnArgument(column="data"), Constant(type="text", value="size")))
NESTED = Index(
    schema="shop",
    table="orders",
    columns=(IndexColumn(expression=TypeCast(cast_to="integer", arguments=(SIZE,))),),
)


@pytest.mark.parametrize(
    ("action", "index", "hash_"),
    [
        (Action.CREATE, PLAIN, "d5ab9b045d1015886fb0763e7c8d4fbe86dddc197d4a14f1340c90883428414e"),
        (Action.CREATE, RICH, "b9deff27b676cfe52c414b2e8359de02f2f6b8c468c6d0d6b2d5ad69b0a11b8e"),
        (Action.CREATE, NESTED, "b6f8956f45551e2bfe559d5c74941b2641a2361a18ea39e9b4730f9055aa2713"),
        (
            Action.DROP,
            replace(PLAIN, name="old_idx"),
            "d1145a5593ea111074964e393839d8b8f6602885fd7d211b4874951c6fab57bd",
        ),
        (
            Action.REBUILD,
            replace(PLAIN, name="old_idx"),
            "4db72c2ac4b6933a11df01d5ec461cdbee9ace8008bedd2db90b2f882256c71e",
        ),
    ],
    ids=["create", "create-rich", "create-nested", "drop", "rebuild"],
)
def test_the_hash_stays_what_it_was_in_every_release(action: Action, index: Index, hash_: str) -> None:
    """Names that users have committed to Git hang on these."""
    assert proposal_hash(action, index) == hash_


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (PLAIN, replace(PLAIN, name="any name at all")),
        (RICH, replace(RICH, include=("a", "z"))),
        (RICH, replace(RICH, predicate=RICH.predicate[::-1])),
        (PLAIN, replace(PLAIN, columns=(IndexColumn(column="booking_id", nulls=NullsOrder.LAST),))),
    ],
    ids=["name", "order of included columns", "order of conditions", "default said"],
)
def test_what_is_the_same_index_has_one_hash(one: Index, other: Index) -> None:
    assert proposal_hash(Action.CREATE, one) == proposal_hash(Action.CREATE, other)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, schema="other"),
        replace(PLAIN, table="Payments"),
        replace(PLAIN, unique=True),
        replace(PLAIN, include=("amount",)),
        replace(PLAIN, method=AccessMethod.HASH),
        replace(PLAIN, columns=(IndexColumn(column="booking_id", order=SortOrder.DESC),)),
        replace(PLAIN, columns=(IndexColumn(column="booking_id", collation="C"),)),
        replace(PLAIN, columns=(*PLAIN.columns, IndexColumn(column="amount"))),
    ],
)
def test_what_differs_has_another_hash(other: Index) -> None:
    assert proposal_hash(Action.CREATE, PLAIN) != proposal_hash(Action.CREATE, other)


def test_a_drop_is_of_one_named_index() -> None:
    assert proposal_hash(Action.DROP, replace(PLAIN, name="a")) != proposal_hash(Action.DROP, replace(PLAIN, name="b"))


@pytest.mark.parametrize(
    ("policy", "table", "name"),
    [
        ("shop", "payments", "shop-payments-01234567"),
        ("shop", "Order Lines", "shop-order-lines-01234567"),
        ("shop", 'a"; drop table b --', "shop-a-drop-table-b-01234567"),
        ("shop", "Zahlungen_März", "shop-zahlungen-marz-01234567"),
        ("shop", "支払い", "shop-table-01234567"),
        ("shop", "x" * 63, f"shop-{'x' * 24}-01234567"),
        ("shop", "a_table_with_a_separator__at_the_cut", "shop-a-table-with-a-separator-01234567"),
    ],
)
def test_objects_are_named_after_policy_table_and_hash(policy: str, table: str, name: str) -> None:
    assert object_name(policy, table, "0123456789abcdef") == name


@settings(deadline=None)
@given(
    policy=st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True),
    table=st.text(min_size=1, max_size=80),
    hash_=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)
def test_every_object_name_is_a_dns_label(policy: str, table: str, hash_: str) -> None:
    name = object_name(policy, table, hash_)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name)
    assert name.startswith(f"{policy}-")
    assert name.endswith(f"-{hash_[:8]}")


@settings(deadline=None)
@given(
    table=st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=63),
    columns=st.lists(
        st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=63),
        min_size=1,
        max_size=4,
    ),
)
def test_every_index_name_fits_into_63_bytes_and_keeps_the_hash(table: str, columns: list[str]) -> None:
    name = index_name(index_on(table, *columns), "0123456789abcdef")
    assert len(name.encode()) <= 63
    assert name.endswith("_01234567_idx")
    assert "\0" not in name


def test_an_index_name_says_table_and_columns() -> None:
    assert (
        index_name(index_on("payments", "booking_id", "status"), "a" * 64) == "payments_booking_id_status_aaaaaaaa_idx"
    )
    assert index_name(RICH, "a" * 64) == "Zahlungen_b_lower_aaaaaaaa_idx"


def test_an_object_holds_only_the_proposal_that_it_is_named_after() -> None:
    hash_ = proposal_hash(Action.CREATE, PLAIN)
    proposal = Proposal(
        action=Action.CREATE,
        index=PLAIN,
        hash=hash_,
        database=DatabaseIdentity(system_identifier="1", oid=1, name="shop", server_version=150000),
        bounds=Bounds(size_bytes=1, write_cost=1.0),
    )
    name = object_name("shop", "payments", hash_)
    assert is_named_after(name, "shop", proposal)
    assert not is_named_after(name, "other", proposal)
    assert not is_named_after(name, "shop", replace(proposal, index=index_on("payments", "id")))
    assert not is_named_after(name, "shop", replace(proposal, hash="f" * 64))


def test_the_canonical_form_says_its_version() -> None:
    assert '"form":"pgtend.dev/index/v1"' in canonical_form(Action.CREATE, PLAIN)
