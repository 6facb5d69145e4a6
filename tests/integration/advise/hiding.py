"""Hiding of existing indexes on a server whose HypoPG has none of it.

Debian 12 has HypoPG 1.3, and `hypopg_hide_index` came with 1.4. Here functions of these names set the catalog's own flag, by which
the planner passes an index over: in a session of their own, as the session that plans is read-only. All that is asked goes by the
same statements as with 1.4, and all plans are the planner's.
"""

from __future__ import annotations

from tests.servers.fixtures_postgres import Database


def add_hiding(database: Database) -> None:
    """Make the two functions of HypoPG 1.4, for the indexes of the schema public."""
    own = "select indexrelid from pg_index join pg_class on oid = indrelid where relnamespace = 'public'::regnamespace"
    hide = "update pg_index set indisvalid = false where indexrelid = "
    unhide = f"update pg_index set indisvalid = true where not indisvalid and indexrelid in ({own})"
    dsn, unhide = database.dsn.replace("'", "''"), unhide.replace("'", "''")
    database.run(
        "CREATE EXTENSION dblink",
        f"""
        CREATE FUNCTION hypopg_hide_index(indexid oid) RETURNS boolean LANGUAGE sql SECURITY DEFINER
        AS $$ SELECT public.dblink_exec('{dsn}', '{hide}' || indexid) = 'UPDATE 1' $$
        """,
        f"""
        CREATE FUNCTION hypopg_unhide_all_indexes() RETURNS void LANGUAGE sql SECURITY DEFINER
        AS $$ SELECT public.dblink_exec('{dsn}', '{unhide}') $$
        """,
    )
