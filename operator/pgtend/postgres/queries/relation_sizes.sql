-- What: bytes of the main forks of tables, materialized views and indexes now. Asking for one waits while somebody holds or
--       wants the table exclusively, so those are left out; as others may come in between, a short lock_timeout has to be set.
-- Since: 13. Privilege: none.
WITH exclusive AS MATERIALIZED (
    SELECT DISTINCT lock.relation
    FROM pg_locks AS lock
    WHERE lock.locktype = 'relation'
      AND lock.database = (SELECT database.oid FROM pg_database AS database WHERE database.datname = current_database())
      AND lock.mode = 'AccessExclusiveLock'
)
SELECT class.oid::bigint AS oid, pg_relation_size(class.oid) AS bytes
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind IN ('r', 'm', 'i')
  AND class.oid NOT IN (SELECT exclusive.relation FROM exclusive)
  AND namespace.nspname !~ '^pg_'
  AND namespace.nspname <> 'information_schema'
