-- What: when this database's statistics were last reset.
-- Since: 13. Privilege: none.
SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()
