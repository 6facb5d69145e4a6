-- What: what an observer needs to know of its own privileges and of the server's set-up.
-- Since: 14. Privilege: none.
SELECT
    current_setting('server_version_num')::int AS server_version,
    current_database()::text AS database,
    current_user::text AS role,
    pg_is_in_recovery() AS standby,
    pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS reads_all_stats,
    current_setting('compute_query_id', true) AS compute_query_id,
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
    (
        SELECT namespace.nspname::text FROM pg_extension AS extension
        JOIN pg_namespace AS namespace ON namespace.oid = extension.extnamespace
        WHERE extension.extname = 'pg_stat_statements'
    ) AS statements_schema,
    (
        SELECT has_schema_privilege(extension.extnamespace, 'USAGE') FROM pg_extension AS extension
        WHERE extension.extname = 'pg_stat_statements'
    ) AS statements_usable,
    (SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements') > 0 AS statements_available,
    (
        SELECT namespace.nspname::text FROM pg_extension AS extension
        JOIN pg_namespace AS namespace ON namespace.oid = extension.extnamespace
        WHERE extension.extname = 'hypopg'
    ) AS hypopg_schema,
    (SELECT count(*) FROM pg_available_extensions WHERE name = 'hypopg') > 0 AS hypopg_available
