-- What: whether hypothetical planning can be done here, and how far.
-- Since: 13. Privilege: none.
SELECT
    namespace.nspname::text AS schema_name,
    has_schema_privilege(namespace.oid, 'USAGE') AS usable,
    EXISTS (
        SELECT FROM pg_proc AS function
        WHERE function.pronamespace = namespace.oid AND function.proname = 'hypopg_hide_index'
    ) AS hides,
    EXISTS (SELECT FROM pg_settings AS setting WHERE starts_with(setting.name, 'pg_hint_plan.')) AS hint_plan,
    EXISTS (SELECT FROM pg_available_extensions AS available WHERE available.name = 'hypopg') AS available
FROM (SELECT) AS always
LEFT JOIN pg_extension AS extension ON extension.extname = 'hypopg'
LEFT JOIN pg_namespace AS namespace ON namespace.oid = extension.extnamespace
