-- What: the queries of the views that tables.sql lists. Printing one locks the view and what it names, as reading it would, so that
--       it waits for whoever alters one of them: a lock_timeout has to be set.
-- Since: 13. Privilege: none.
SELECT class.oid::bigint AS oid, rtrim(pg_get_viewdef(class.oid), ';') AS definition
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind = 'v'
  AND namespace.nspname !~ '^pg_'
  AND namespace.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_depend AS depend
      WHERE depend.classid = 'pg_namespace'::regclass AND depend.objid = namespace.oid AND depend.deptype = 'e'
  )
