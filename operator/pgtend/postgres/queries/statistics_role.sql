-- What: whether the session has to SET ROLE to read all statistics, because it does not inherit that right.
-- Since: 13. Privilege: none.
SELECT
    pg_has_role(session_user, 'pg_read_all_stats', 'MEMBER')
    AND NOT pg_has_role(session_user, 'pg_read_all_stats', 'USAGE') AS set_role
