-- What: when this database's statistics were last reset.
-- Since: 13. Privilege: none.
SELECT stat.stats_reset
FROM pg_stat_database AS stat
WHERE stat.datname = current_database()
