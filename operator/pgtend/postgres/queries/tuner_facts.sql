-- What: what a tuner needs to know of its session and its privileges.
-- Since: 14. Privilege: none.
SELECT
    current_setting('server_version_num')::int AS server_version,
    session_user::text AS role,
    pg_is_in_recovery() AS standby,
    (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) AS superuser,
    pg_has_role(session_user, 'pg_read_all_stats', 'MEMBER') AS reads_all_stats,
    current_setting('default_transaction_read_only')::bool AS read_only
