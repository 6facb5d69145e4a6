-- What: when this database's statistics were last reset, and how its texts sort.
-- Since: 13. Privilege: none.
SELECT stat.stats_reset, database.datcollate AS collation
FROM pg_stat_database AS stat
JOIN pg_database AS database ON database.oid = stat.datid
WHERE stat.datname = current_database()
