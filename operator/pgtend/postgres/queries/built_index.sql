-- What: where the index of an OID is and what it is called; nothing where there is none (any more).
-- Since: 13. Privilege: none.
SELECT namespace.nspname::text AS schema_name, class.relname::text AS name
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.oid = %(oid)s AND class.relkind = 'i'
