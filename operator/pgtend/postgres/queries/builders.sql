-- What: backends that build an index: those that hold pgtend's advisory lock of it, and those that Postgres says build
--       an index on its table (which one is known to members of pg_read_all_stats and to the builder's own role alone).
-- Since: 14. Privilege: none; pg_read_all_stats to see other roles' builds exactly.
SELECT lock.pid
FROM pg_locks AS lock
WHERE lock.locktype = 'advisory'
  AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND lock.classid = %(space)s::bigint::oid
  AND lock.objid = %(key)s::bigint::oid
  AND lock.objsubid = 2
  AND lock.granted
  AND lock.pid <> pg_backend_pid()
UNION
SELECT progress.pid
FROM pg_stat_progress_create_index AS progress
JOIN pg_class AS class ON class.relname = %(name)s
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace AND namespace.nspname = %(schema)s
WHERE progress.datname = current_database()
  AND progress.index_relid = class.oid
  AND progress.pid <> pg_backend_pid()
