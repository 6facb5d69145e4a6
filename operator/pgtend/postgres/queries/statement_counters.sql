-- What: the counters of this database's statements, without texts (reading texts costs six times as much).
-- Since: pg_stat_statements 1.9 (server 14). Privilege: USAGE on the extension's schema. Counters are readable by all,
--        but without pg_read_all_stats the queryid of other roles' statements is NULL.
SELECT
    now() AS at,
    pg_postmaster_start_time() AS server_started,
    (SELECT info.stats_reset FROM {extension_schema}.pg_stat_statements_info AS info) AS stats_reset,
    (SELECT info.dealloc FROM {extension_schema}.pg_stat_statements_info AS info) AS dealloc,
    statement.userid::bigint AS userid,
    statement.queryid,
    statement.toplevel,
    statement.calls,
    statement.total_exec_time AS total_ms,
    statement.rows,
    statement.shared_blks_hit AS blocks_hit,
    statement.shared_blks_read AS blocks_read
FROM (SELECT) AS always
LEFT JOIN LATERAL (
    SELECT *
    FROM {extension_schema}.pg_stat_statements(false) AS entry
    WHERE entry.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND entry.queryid IS NOT NULL
      AND entry.userid <> ALL (SELECT role.oid FROM pg_roles AS role WHERE role.rolname = ANY (%(own_roles)s::text[]))
) AS statement ON true
