-- What: in which schema of this database an extension lives, and its version.
-- Since: 13. Privilege: none.
SELECT namespace.nspname::text AS schema_name, extension.extversion::text AS version
FROM pg_extension AS extension
JOIN pg_namespace AS namespace ON namespace.oid = extension.extnamespace
WHERE extension.extname = %(extension)s
