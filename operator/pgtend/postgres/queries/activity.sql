-- What: the statements that sessions of this database run, or ran last, as they were sent, constants and all; texts that the
--       server cut at track_activity_query_size are left out. They are kept in memory only, and shown nowhere.
-- Since: 14. Privilege: pg_read_all_stats for texts of other roles.
SELECT
    activity.usesysid::bigint AS userid,
    activity.query_id AS queryid,
    activity.query AS text
FROM pg_stat_activity AS activity
WHERE activity.datname = current_database()
  AND activity.backend_type = 'client backend'
  AND activity.query_id IS NOT NULL
  AND activity.pid <> pg_backend_pid()
  AND activity.usename <> ALL (%(own_roles)s::text[])
  AND activity.query <> '<insufficient privilege>'
  AND octet_length(activity.query) < pg_size_bytes(current_setting('track_activity_query_size')) - 1
ORDER BY activity.pid
