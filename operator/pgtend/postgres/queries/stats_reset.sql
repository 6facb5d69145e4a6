-- What: when this database's statistics were last reset, and the memory of the building of an index in bytes.
-- Since: 13. Privilege: none.
SELECT
    stat.stats_reset,
    (SELECT setting.setting::bigint * 1024 FROM pg_settings AS setting WHERE setting.name = 'maintenance_work_mem') AS build_memory
FROM pg_stat_database AS stat
WHERE stat.datname = current_database()
