-- What: functions that belong to installed extensions.
-- Since: 13. Privilege: none.
SELECT extension.extname::text AS extension, namespace.nspname::text AS schema_name, function.proname::text AS name
FROM pg_extension AS extension
LEFT JOIN pg_depend AS depend
    ON depend.refclassid = 'pg_extension'::regclass
   AND depend.refobjid = extension.oid
   AND depend.classid = 'pg_proc'::regclass
   AND depend.deptype = 'e'
LEFT JOIN pg_proc AS function ON function.oid = depend.objid
LEFT JOIN pg_namespace AS namespace ON namespace.oid = function.pronamespace
