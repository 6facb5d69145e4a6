-- What: backends that build or drop an index: those of the tuner's own role that hold pgtend's advisory lock of it (any
--       role may take a lock of that key, and would feign a build that never ends), and those that Postgres says build it
--       (which one is known to members of pg_read_all_stats and to the builder's own role alone).
-- Since: 14. Privilege: none; pg_read_all_stats to see other roles' builds exactly.
SELECT lock.pid
FROM pg_locks AS lock
JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
JOIN pg_roles AS role ON role.oid = activity.usesysid AND role.rolname = session_user
WHERE lock.locktype = 'advisory'
  AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND lock.classid = %(space)s::bigint::oid
  AND lock.objid = %(key)s::bigint::oid
  AND lock.objsubid = 2
  AND lock.granted
  AND activity.state IS DISTINCT FROM 'idle'
  AND lock.pid <> pg_backend_pid()
UNION
SELECT progress.pid
FROM pg_stat_progress_create_index AS progress
JOIN pg_class AS class ON class.relname = %(name)s
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace AND namespace.nspname = %(schema)s
WHERE progress.datname = current_database()
  AND progress.index_relid = class.oid
  AND progress.pid <> pg_backend_pid()
