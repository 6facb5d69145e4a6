-- What: who owns the tables, whether the tuner is a member of the owner, and whether the owner may create indexes
--       in the table's schema.
-- Since: 13. Privilege: none.
SELECT
    namespace.nspname::text AS schema_name,
    role.rolname::text AS owner,
    role.rolsuper AS owner_superuser,
    pg_has_role(session_user, role.oid, 'MEMBER') AS member,
    has_schema_privilege(role.oid, namespace.oid, 'CREATE') AS owner_creates,
    count(*)::int AS tables,
    min(class.relname)::text AS example
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_roles AS role ON role.oid = class.relowner
WHERE class.relkind IN ('r', 'p', 'm')
  AND namespace.nspname !~ '^pg_'
  AND namespace.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_depend AS depend
      WHERE depend.classid = 'pg_class'::regclass AND depend.objid = class.oid AND depend.deptype = 'e'
  )
GROUP BY namespace.nspname, namespace.oid, role.oid, role.rolname, role.rolsuper
ORDER BY namespace.nspname, role.rolname
