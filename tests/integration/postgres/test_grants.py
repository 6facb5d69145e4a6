"""What `pgtend grants` prints can be run again and again, holds no password, and gives what is needed and no more."""

from __future__ import annotations

import psycopg
import pytest

from pgtend.domain.finding import DefinitionRefused
from pgtend.domain.index import Index, IndexColumn
from pgtend.ports import IndexState
from pgtend.postgres.grants import read_grants
from pgtend.postgres.secret import target_from_dsn
from pgtend.postgres.tuner import open_tuner
from tests.integration.postgres.conftest import PASSWORD, Shop

MEMBERSHIPS = """
    SELECT granted.rolname FROM pg_auth_members
    JOIN pg_roles AS granted ON granted.oid = roleid JOIN pg_roles AS taken ON taken.oid = member
    WHERE taken.rolname = %s ORDER BY 1
"""


async def test_a_second_run_changes_nothing(shop: Shop) -> None:
    first = await shop.grant()
    second = await shop.grant()
    assert first == second
    assert PASSWORD not in first


async def test_the_roles_are_members_of_nothing_else(shop: Shop) -> None:
    with shop.database.connect() as session:
        members = {
            role: [row[0] for row in session.execute(MEMBERSHIPS, [role])]
            for role in ("pgtend_observer", "pgtend_tuner")
        }
        attributes = session.execute(
            "SELECT bool_or(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls) FROM pg_roles "
            "WHERE rolname IN ('pgtend_observer', 'pgtend_tuner')"
        ).fetchone()
    assert members == {
        "pgtend_observer": ["pg_read_all_stats"],
        "pgtend_tuner": ["pg_read_all_stats", "shop_owner"],
    }
    assert attributes == (False,)


async def test_tables_made_later_are_readable_at_once(shop: Shop) -> None:
    with shop.connect("shop_owner") as owner:
        owner.execute("CREATE TABLE shop.later (id int)")
    with shop.connect("pgtend_observer") as observer:
        observer.execute("EXPLAIN SELECT * FROM shop.later")


async def test_an_owner_that_may_not_create_in_the_schema_gets_that_right(shop: Shop) -> None:
    shop.database.run(
        "CREATE TABLE public.guests AS SELECT 1 AS id",
        "ALTER TABLE public.guests OWNER TO shop_owner",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    )
    text = await shop.grant()
    assert "GRANT CREATE ON SCHEMA" in text
    index = Index(schema="public", table="guests", columns=(IndexColumn(column="id"),))
    async with open_tuner(shop.tuner, shop.limits) as tuner:
        await tuner.build(index, "guests_id_idx", "", lambda: None)
        assert await tuner.index_state(index, "guests_id_idx") is IndexState.VALID


async def test_no_superusers_membership_is_given(shop: Shop) -> None:
    shop.database.run("CREATE TABLE shop.bosses (id int)")
    text = await shop.grant()
    assert 'GRANT "postgres"' not in text
    assert "superuser postgres owns tables" in text
    with shop.database.connect() as session:
        assert session.execute("SELECT pg_has_role('pgtend_tuner', 'postgres', 'MEMBER')").fetchone() == (False,)


async def test_odd_names_are_quoted_and_a_comment_stays_a_comment(shop: Shop) -> None:
    observer, tuner = 'Ob"ser\nver; --', "tü'ner"
    shop.database.run('CREATE ROLE "a\nDROP TABLE x; --" SUPERUSER', 'CREATE SCHEMA "se"";--"')
    shop.database.run('CREATE TABLE "se"";--".t (id int)', 'ALTER TABLE "se"";--".t OWNER TO "a\nDROP TABLE x; --"')
    text = await read_grants(target_from_dsn(shop.database.dsn), shop.limits, observer=observer, tuner=tuner)
    shop.database.run(text, text)
    with shop.database.connect() as session:
        row = session.execute(
            "SELECT count(*), bool_and(rolcanlogin) FROM pg_roles WHERE rolname = ANY (%s)", [[observer, tuner]]
        ).fetchone()
    assert row == (2, True)


async def test_without_a_tuner_there_is_none_in_it(shop: Shop) -> None:
    text = await read_grants(target_from_dsn(shop.database.dsn), shop.limits, tuner=None)
    assert "tuner" not in text.partition("BEGIN;")[2]


async def test_a_name_that_postgres_would_cut_is_refused(shop: Shop) -> None:
    with pytest.raises(DefinitionRefused):
        await read_grants(target_from_dsn(shop.database.dsn), shop.limits, observer="x" * 64)


async def test_missing_extensions_are_named(shop: Shop) -> None:
    shop.database.run("DROP EXTENSION pg_stat_statements")
    assert "CREATE EXTENSION pg_stat_statements" in await shop.grant()


async def test_a_tuner_without_set_role_may_do_nothing_to_the_tables(shop: Shop) -> None:
    for statement in ("DROP TABLE shop.payments", "DELETE FROM shop.payments", "CREATE INDEX ON shop.payments (id)"):
        with shop.connect("pgtend_tuner") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement.encode())
