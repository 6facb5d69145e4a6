-- What: sessions for which a concurrent index build on a table would wait: their snapshot is old, or they hold a lock on
--       the table that writers and DDL hold. A build waits for every older snapshot in the same database, on any table.
--       Sessions younger than the given number of seconds are about to go by themselves and are left out.
-- Since: 13. Privilege: pg_read_all_stats, to see other roles' snapshots.
SELECT
    activity.pid,
    activity.state,
    activity.backend_type,
    extract(epoch FROM now() - activity.xact_start)::float8 AS seconds,
    held.mode IS NOT NULL AS locks_table
FROM pg_stat_activity AS activity
LEFT JOIN LATERAL (
    SELECT min(lock.mode) AS mode
    FROM pg_locks AS lock
    WHERE lock.pid = activity.pid
      AND lock.locktype = 'relation'
      AND lock.database = activity.datid
      AND lock.relation = %(table_oid)s::bigint::oid
      AND lock.mode NOT IN ('AccessShareLock', 'RowShareLock')
) AS held ON true
WHERE activity.datname = current_database()
  AND activity.pid <> pg_backend_pid()
  AND activity.backend_type IN ('client backend', 'autovacuum worker')
  AND activity.query !~* '^(autovacuum: )?vacuum'
  AND (activity.backend_xmin IS NOT NULL OR held.mode IS NOT NULL)
  AND activity.xact_start < now() - make_interval(secs => %(seconds)s)
ORDER BY activity.xact_start
