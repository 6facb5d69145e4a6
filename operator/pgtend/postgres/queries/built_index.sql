-- What: where the index of an OID is, what it is called, and its kind; nothing where there is none (any more).
-- Since: 13. Privilege: none.
SELECT namespace.nspname::text AS schema_name, class.relname::text AS name, class.relkind::text AS kind
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.oid = %(oid)s AND class.relkind IN ('i', 'I')
