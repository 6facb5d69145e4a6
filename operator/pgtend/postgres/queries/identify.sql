-- What: which database of which cluster this is.
-- Since: 13. Privilege: EXECUTE on pg_control_system(), which PUBLIC has by default.
SELECT
    control.system_identifier::text AS system_identifier,
    database.oid::bigint AS oid,
    database.datname::text AS name,
    current_setting('server_version_num')::int AS server_version,
    pg_is_in_recovery() AS standby
FROM pg_database AS database
CROSS JOIN pg_control_system() AS control
WHERE database.datname = current_database()
