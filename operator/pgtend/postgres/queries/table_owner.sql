-- What: the owner of one table.
-- Since: 13. Privilege: none.
SELECT
    class.oid::bigint AS oid,
    class.relkind::text AS kind,
    role.rolname::text AS owner,
    role.rolname = session_user AS own,
    pg_has_role(session_user, role.oid, 'MEMBER') AS member
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_roles AS role ON role.oid = class.relowner
WHERE namespace.nspname = %(schema)s AND class.relname = %(table)s
