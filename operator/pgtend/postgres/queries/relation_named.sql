-- What: what is there under a name, an index or something else, and its size.
-- Since: 13. Privilege: none.
SELECT class.oid::bigint AS oid, class.relkind::text AS kind, COALESCE(pg_relation_size(class.oid), 0) AS size_bytes
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE namespace.nspname = %(schema)s AND class.relname = %(name)s
