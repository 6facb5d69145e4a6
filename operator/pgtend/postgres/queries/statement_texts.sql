-- What: the normalised texts of the given entries.
-- Since: pg_stat_statements 1.9 (server 14). Privilege: pg_read_all_stats for texts of other roles.
SELECT
    statement.userid::bigint AS userid,
    statement.queryid,
    statement.toplevel,
    statement.query AS text
FROM {extension_schema}.pg_stat_statements(true) AS statement
JOIN unnest(%(users)s::bigint[], %(queryids)s::bigint[], %(toplevels)s::bool[]) AS wanted (userid, queryid, toplevel)
    ON statement.userid = wanted.userid
   AND statement.queryid = wanted.queryid
   AND statement.toplevel = wanted.toplevel
WHERE statement.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND statement.query <> '<insufficient privilege>'
