-- What: tables, views and the like of all schemas but the system's, extensions' own and temporary ones.
--       Rows and pages are those that VACUUM or ANALYZE counted; how large the files are now is told by relation_sizes.sql.
-- Since: 13. Privilege: none.
SELECT
    class.oid::bigint AS oid,
    namespace.nspname::text AS schema_name,
    class.relname::text AS table_name,
    class.relkind::text AS kind,
    class.relispartition AS partition,
    class.reltuples::float8 AS counted_rows,
    GREATEST(class.relpages, 0) AS counted_pages,
    COALESCE((SELECT toast.relpages FROM pg_class AS toast WHERE toast.oid = class.reltoastrelid), 0) AS toast_pages,
    COALESCE((
        SELECT option.option_value::int FROM pg_options_to_table(class.reloptions) AS option WHERE option.option_name = 'fillfactor'
    ), 100) AS fill_factor,
    class.relpersistence = 't' AS temporary,
    class.relrowsecurity AND row_security_active(class.oid) AS row_security,
    -- ANALYZE looks at 300 rows for each unit of the largest statistics target of a column: commands/analyze.c.
    300 * (
        SELECT max(COALESCE(NULLIF(attribute.attstattarget, -1), current_setting('default_statistics_target')::int))
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ) AS sampled_rows,
    COALESCE(stat.n_tup_ins, 0) AS inserted,
    COALESCE(stat.n_tup_upd, 0) AS updated,
    COALESCE(stat.n_tup_hot_upd, 0) AS hot_updated,
    COALESCE(stat.n_tup_del, 0) AS deleted,
    COALESCE(stat.seq_tup_read, 0) AS rows_scanned,
    CASE
        WHEN class.relkind = 'v' THEN ARRAY(
            SELECT DISTINCT depend.refobjid::bigint
            FROM pg_rewrite AS rewrite
            JOIN pg_depend AS depend
              ON depend.classid = 'pg_rewrite'::regclass AND depend.objid = rewrite.oid
             AND depend.refclassid = 'pg_class'::regclass AND depend.refobjid <> class.oid
            WHERE rewrite.ev_class = class.oid
        )
        ELSE ARRAY(SELECT inherits.inhrelid::bigint FROM pg_inherits AS inherits WHERE inherits.inhparent = class.oid)
    END AS beneath,
    EXISTS (
        SELECT FROM pg_depend AS depend
        WHERE depend.classid = 'pg_class'::regclass AND depend.objid = class.oid AND depend.deptype = 'e'
    ) AS extension_owned
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
LEFT JOIN pg_stat_all_tables AS stat ON stat.relid = class.oid
WHERE class.relkind IN ('r', 'p', 'f', 'm', 'v')
  AND namespace.nspname !~ '^pg_'
  AND namespace.nspname <> 'information_schema'
  AND NOT EXISTS (
      SELECT FROM pg_depend AS depend
      WHERE depend.classid = 'pg_namespace'::regclass AND depend.objid = namespace.oid AND depend.deptype = 'e'
  )
ORDER BY namespace.nspname, class.relname
