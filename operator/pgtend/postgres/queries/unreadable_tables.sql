-- What: tables that the observer may not SELECT from (their queries cannot be planned), and those whose statistics
--       row-level security hides from it.
-- Since: 13. Privilege: none.
SELECT
    namespace.nspname::text AS schema_name,
    class.relname::text AS table_name,
    NOT (
        has_schema_privilege(namespace.oid, 'USAGE')
        AND (has_table_privilege(class.oid, 'SELECT') OR has_any_column_privilege(class.oid, 'SELECT'))
    ) AS unreadable,
    class.relrowsecurity AND row_security_active(class.oid) AS row_security
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind IN ('r', 'p', 'm')
  AND namespace.nspname !~ '^pg_'
  AND namespace.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_depend AS depend
      WHERE depend.classid = 'pg_class'::regclass AND depend.objid = class.oid AND depend.deptype = 'e'
  )
ORDER BY namespace.nspname, class.relname
