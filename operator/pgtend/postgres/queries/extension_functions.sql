-- What: functions that belong to installed extensions.
-- Since: 13. Privilege: none.
SELECT namespace.nspname::text AS schema_name, function.proname::text AS name
FROM pg_depend AS depend
JOIN pg_proc AS function ON function.oid = depend.objid
JOIN pg_namespace AS namespace ON namespace.oid = function.pronamespace
WHERE depend.refclassid = 'pg_extension'::regclass AND depend.classid = 'pg_proc'::regclass AND depend.deptype = 'e'
