"""Databases that lack something, or change under pgtend: it says so, goes on, and is well again once they are mended."""

from __future__ import annotations

import time

import pytest
from psycopg import sql

from tests.e2e.complaints import until_said, until_tuned, until_unready, until_well
from tests.e2e.database import APPLICATION, OBSERVER, OWNER, TUNER, ShopServer, print_grants
from tests.e2e.load import by_number
from tests.e2e.stage import NOW_FROZEN, POLICY, Shop, Stage, condition_of
from tests.servers.pgbouncer import PgBouncer

pytestmark = pytest.mark.side_by_side

ORDERS = (
    "create table orders (id int primary key, customer int not null, product int not null, placed date not null, note text)",
    "insert into orders select i, (i * 7919) % 20000, (i * 31) % 5000, date '2026-01-01' + i % 300, repeat('x', 40) "
    "from generate_series(1, 100000) as i",
    "analyze orders",
    f"alter table orders owner to {OWNER}",
    f"grant select on orders to {APPLICATION}",
)


def test_without_pg_stat_statements_the_extension_is_asked_for(stage: Stage) -> None:
    shop = stage.open_shop("no-statements", shapes=())
    run(shop, "drop extension pg_stat_statements")
    shop.apply_policy()
    until_said(shop, "Permitted", "False", "StatementsMissing", "CREATE EXTENSION pg_stat_statements")
    until_unready(shop, "StatementsMissing")
    run(shop, "create extension pg_stat_statements")
    until_well(shop, "Connected", "Permitted")


def test_statistics_in_another_schema_are_found_once_it_is_open(stage: Stage) -> None:
    shop = stage.open_shop("statements-elsewhere")
    run(shop, 'create schema "Stat\'s"', 'alter extension pg_stat_statements set schema "Stat\'s"')
    shop.apply_policy()
    until_said(shop, "Permitted", "False", "StatementsHidden", "Stat's", "GRANT USAGE ON SCHEMA", "pgtend grants")
    grant_again(shop)
    until_well(shop, "Connected", "Permitted")
    until_tuned(shop, "orders")
    shop.stop_load()


def test_without_hypopg_advice_goes_on_unvalidated(stage: Stage) -> None:
    shop = stage.open_shop("no-hypopg")
    run(shop, "drop extension hypopg")
    shop.apply_policy()
    until_said(shop, "WhatIf", "False", "HypoPGMissing", "unvalidated", "CREATE EXTENSION hypopg")
    shop.until_ready()
    found = shop.recommendation(until_tuned(shop, "orders"))
    assert not found["status"]["evidence"].get("validated", False)
    run(shop, "create extension hypopg")
    until_well(shop, "WhatIf")
    shop.stop_load()


def test_an_observer_that_sees_no_statistics_is_told_the_grant(stage: Stage) -> None:
    shop, role = stage.open_shop("no-privilege", shapes=()), "poor_observer"
    run(shop, f"create role {role} login password 'canary-poor'")
    shop.kubectl.apply(
        stage.databases.secret(f"{POLICY}-observer", shop.database, OBSERVER, username=role, password="canary-poor")
    )
    shop.apply_policy()
    until_said(shop, "Permitted", "False", "StatisticsHidden", role, "GRANT pg_read_all_stats")
    grant_again(shop, "--observer", role, "--no-tuner")
    until_well(shop, "Connected", "Permitted")


def test_a_server_that_does_not_say_which_it_is_gets_the_grant_named(stage: Stage) -> None:
    shop = stage.open_shop("no-identity", shapes=())
    run(shop, "revoke execute on function pg_catalog.pg_control_system() from public")
    shop.apply_policy()
    until_unready(shop, "StatementFailed", "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system()")
    run(shop, f"grant execute on function pg_catalog.pg_control_system() to {OBSERVER}")
    until_said(shop, "TunerReady", "False", "StatementFailed", "GRANT EXECUTE ON FUNCTION")
    until_said(shop, "Permitted", "True", "Permitted", event=False)
    run(shop, f"grant execute on function pg_catalog.pg_control_system() to {TUNER}")
    until_well(shop, "TunerReady")


def test_a_table_that_may_not_be_read_is_named_and_the_rest_is_tended(stage: Stage) -> None:
    shop = stage.open_shop("unreadable-table")
    run(shop, f"revoke select on customers from {OBSERVER}")
    shop.apply_policy()
    until_said(shop, "Permitted", "True", "TablesUnreadable", "public.customers", "pgtend grants")
    shop.until_ready()
    until_tuned(shop, "orders")
    grant_again(shop)
    until_well(shop, "Permitted")
    shop.stop_load()


def test_a_tuner_that_is_no_member_of_the_owner_is_told_so(stage: Stage) -> None:
    shop = stage.open_shop("not-the-owner", shapes=())
    run(shop, "create role stranger", "grant create on schema public to stranger")
    run(
        shop, *(f"alter table {table} owner to stranger" for table in ("customers", "products", "warehouses", "orders"))
    )
    shop.apply_policy()
    until_said(shop, "TunerReady", "False", "NotOwner", TUNER, "stranger", "pgtend grants")
    until_unready(shop, "NotOwner")
    grant_again(shop)
    until_well(shop, "TunerReady")


def test_row_level_security_that_hides_statistics_is_pointed_out(stage: Stage) -> None:
    shop = stage.open_shop("row-security", shapes=())
    run(shop, "alter table orders enable row level security", "create policy all_rows on orders using (true)")
    shop.apply_policy()
    until_said(shop, "Permitted", "True", "RowSecurityHidesStatistics", "public.orders", "BYPASSRLS")
    shop.until_ready()
    run(shop, "alter table orders disable row level security")
    until_well(shop, "Permitted")


def test_a_pooler_in_front_of_the_tuner_is_refused(stage: Stage) -> None:
    shop, secret = stage.open_shop("pooler"), f"{POLICY}-tuner"
    with PgBouncer(stage.databases.server) as pooler:
        through = stage.databases.secret(secret, shop.database, TUNER, port=str(pooler.port), sslmode="disable")
        shop.kubectl.apply(through)
        shop.apply_policy()
        until_said(shop, "TunerReady", "False", "PoolerInTheWay", "Name the database's own host and port")
        until_unready(shop, "PoolerInTheWay")
        name = until_tuned(shop, "orders")
        shop.approve(name)
        found = shop.until_condition("Applied", "NoTuner", name=name)
        assert "connection pooler" in condition_of(found, "Applied")["message"]
        assert shop.indexes() == {}
        shop.kubectl.apply(stage.databases.secret(secret, shop.database, TUNER, sslmode="require"))
        until_well(shop, "TunerReady")
    shop.stop_load()


def test_a_tuner_of_another_database_changes_nothing(stage: Stage) -> None:
    shop, secret = stage.open_shop("tuner-elsewhere", shapes=()), f"{POLICY}-tuner"
    other = stage.open_shop("tuners-other", shapes=())
    shop.kubectl.apply(stage.databases.secret(secret, other.database, TUNER))
    shop.apply_policy()
    until_said(shop, "TunerReady", "False", "OtherDatabase", "point both to the same")
    until_unready(shop, "OtherDatabase")
    shop.kubectl.apply(stage.databases.secret(secret, shop.database, TUNER))
    until_well(shop, "TunerReady")


def test_an_approval_does_not_carry_over_to_another_database(stage: Stage, other_server: ShopServer) -> None:
    shop = stage.open_shop("moved")
    elsewhere = stage.open_shop("moved-to", shapes=(), databases=other_server)
    shop.apply_policy(freezeWindows=NOW_FROZEN)
    name = until_tuned(shop, "orders")
    shop.approve(name)
    shop.until_condition("Approved", "Human", name=name)
    shop.kubectl.apply(
        other_server.secret(f"{POLICY}-observer", elsewhere.database, OBSERVER),
        other_server.secret(f"{POLICY}-tuner", elsewhere.database, TUNER),
    )
    found = shop.until_condition("Proposed", "OtherDatabase", name=name, seconds=300)
    assert "approvals do not carry over" in condition_of(found, "Proposed")["message"]
    shop.change_policy(freezeWindows=None)
    shop.until_said("OtherDatabase")
    until_well(shop, "Connected", "TunerReady")
    assert shop.indexes() == {} == elsewhere.indexes()
    shop.stop_load()


def test_a_reset_in_between_loses_nothing(stage: Stage, other_server: ShopServer) -> None:
    shop = stage.open_shop("reset", databases=other_server)
    shop.apply_policy()
    shop.until_ready()
    time.sleep(6)
    run(shop, "select pg_stat_statements_reset()")
    until_tuned(shop, "orders")
    run(shop, "select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()))")
    time.sleep(6)
    until_well(shop, "Connected", "Permitted", "WhatIf", "TunerReady")
    shop.stop_load()


def test_a_table_dropped_while_recommended_outdates_the_recommendation(stage: Stage) -> None:
    shop = stage.open_shop("dropped-early")
    shop.apply_policy()
    name = until_tuned(shop, "orders")
    run(shop, "drop table orders")
    found = shop.until_condition("Proposed", "Outdated", name=name)
    assert "The table public.orders is not there any more" in condition_of(found, "Proposed")["message"]
    until_well(shop, "Connected", "Permitted", "WhatIf", "TunerReady")
    run(shop, *ORDERS)
    grant_again(shop)
    shop.until_condition("Proposed", "Issued", name=name)
    shop.stop_load()


def test_a_table_dropped_while_approved_is_missed_and_nothing_is_built(stage: Stage) -> None:
    shop = stage.open_shop("dropped-late")
    shop.apply_policy(freezeWindows=NOW_FROZEN)
    name = until_tuned(shop, "orders")
    shop.approve(name)
    shop.until_condition("Applied", "FreezeWindow", name=name)
    run(shop, "drop table orders")
    shop.change_policy(freezeWindows=None)
    found = shop.until_condition("Applied", "Preflight", name=name)
    assert "The table public.orders is not there any more" in condition_of(found, "Applied")["message"]
    until_well(shop, "Connected", "Permitted", "TunerReady")
    assert shop.indexes() == {}
    shop.stop_load()


def test_a_database_that_goes_away_is_said_and_found_again(stage: Stage, other_server: ShopServer) -> None:
    shop = stage.open_shop("goes-away", shapes=(), databases=other_server)
    shop.apply_policy()
    until_well(shop, "Connected")
    with other_server.server.connect() as connection:
        connection.execute("alter database goes_away allow_connections false")
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'goes_away'")
        until_said(shop, "Connected", "False", "ConnectionFailed")
        connection.execute("alter database goes_away allow_connections true")
    until_well(shop, "Connected", "Permitted", "TunerReady")


LONG_POLICY = "a-policy-with-a-name-of-forty-characters"
AWKWARD_SCHEMA = 'Größen & "Maße"'
AWKWARD_TABLE = 'Bücher "à la carte"; drop table orders; -- Ω'
AWKWARD_COLUMN = 'Käufer\'s "№" \\ $1 {0} :x'


def test_awkward_names_are_recommended_and_built(stage: Stage) -> None:
    assert len(LONG_POLICY) == 40
    shop = stage.open_shop("awkward-names")
    schema, table, column = AWKWARD_SCHEMA, to_63_bytes(AWKWARD_TABLE), to_63_bytes(AWKWARD_COLUMN)
    quoted = {
        "schema": sql.Identifier(schema),
        "table": sql.Identifier(schema, table),
        "column": sql.Identifier(column),
    }
    with shop.connect() as connection:
        for statement in (
            "create schema {schema} authorization shop_owner",
            "create table {table} (id int primary key, {column} int not null, filler text not null)",
            "insert into {table} select i, (i * 7919) % 20000, repeat('x', 40) from generate_series(1, 100000) as i",
            "analyze {table}",
            "alter table {table} owner to shop_owner",
            "grant usage on schema {schema} to shop_app",
            "grant select on {table} to shop_app",
        ):
            connection.execute(sql.SQL(statement).format(**quoted))
        asked = sql.SQL("select id, filler from {table} where {column} = ").format(**quoted).as_string(connection)
    grant_again(shop)
    stop = stage.load.put_on(stage.databases.dsn(shop.database, APPLICATION), [by_number(asked + "%s", 20000)])
    try:
        shop.apply_policy(LONG_POLICY)
        name = until_tuned(shop, table)
        assert name.startswith(f"{LONG_POLICY}-")
        assert len(name) <= 63
        shop.approve(name)
        found = shop.until_condition("Applied", "Done", name=name)
        index = found["status"]["indexName"]
        assert len(index.encode()) <= 63
        with shop.connect() as connection:
            rows = connection.execute(
                "select n.nspname, t.relname, a.attname, x.indisvalid from pg_index x "
                "join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid "
                "join pg_namespace n on n.oid = i.relnamespace "
                "join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0] where i.relname = %s",
                (index,),
            ).fetchall()
        assert rows == [(schema, table, column, True)]
    finally:
        stop()
    shop.stop_load()


def to_63_bytes(start: str) -> str:
    """A name that begins so and has as many bytes as Postgres takes."""
    name = start + "x" * (63 - len(start.encode()))
    assert len(name.encode()) == 63
    return name


def run(shop: Shop, *statements: str) -> None:
    """Run these as the superuser."""
    with shop.connect() as connection:
        for statement in statements:
            connection.execute(statement.encode())


def grant_again(shop: Shop, *arguments: str) -> None:
    """Run what `pgtend grants` prints."""
    run(shop, print_grants(shop.databases.server.dsn(shop.database), *arguments))
