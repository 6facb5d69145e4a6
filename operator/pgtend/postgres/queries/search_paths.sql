-- What: the search_path settings that decide where each role's unqualified names are looked up in this database:
--       its own here, its own anywhere, the database's, and the server's (as this session would have it).
-- Since: 13. Privilege: none.
SELECT
    role.oid::bigint AS userid,
    role.rolname::text AS name,
    here.value AS role_in_database,
    anywhere.value AS role,
    database.value AS database,
    (SELECT reset_val FROM pg_settings WHERE name = 'search_path') AS server
FROM pg_roles AS role
LEFT JOIN LATERAL (
    SELECT substr(entry, length('search_path=') + 1) AS value
    FROM pg_db_role_setting AS setting, unnest(setting.setconfig) AS entry
    WHERE setting.setrole = role.oid
      AND setting.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND starts_with(entry, 'search_path=')
) AS here ON true
LEFT JOIN LATERAL (
    SELECT substr(entry, length('search_path=') + 1) AS value
    FROM pg_db_role_setting AS setting, unnest(setting.setconfig) AS entry
    WHERE setting.setrole = role.oid AND setting.setdatabase = 0 AND starts_with(entry, 'search_path=')
) AS anywhere ON true
LEFT JOIN LATERAL (
    SELECT substr(entry, length('search_path=') + 1) AS value
    FROM pg_db_role_setting AS setting, unnest(setting.setconfig) AS entry
    WHERE setting.setrole = 0
      AND setting.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND starts_with(entry, 'search_path=')
) AS database ON true
WHERE role.oid = ANY (%(users)s::bigint[]::oid[]) OR role.rolname = session_user
