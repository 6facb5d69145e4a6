-- What: indexes of the relations that tables.sql lists, key by key; all of them, or the one of a schema and name.
--       ``special`` is true where pgtend's typed form cannot say what the index is. Expressions and predicates are as
--       Postgres prints them, with the types of the table's columns to read them by. Sizes are those that VACUUM or ANALYZE
--       saw, because asking for one waits for exclusive locks: relation_sizes.sql has those of now.
--       Printing a definition waits for exclusive locks on the table too: with ``past_locked`` the indexes of tables that
--       somebody holds or wants exclusively come without their definitions and expressions.
-- Since: 14. Privilege: none.
WITH exclusive AS MATERIALIZED (
    SELECT DISTINCT lock.relation
    FROM pg_locks AS lock
    WHERE %(past_locked)s::bool
      AND lock.locktype = 'relation'
      AND lock.database = (SELECT database.oid FROM pg_database AS database WHERE database.datname = current_database())
      AND lock.mode = 'AccessExclusiveLock'
)
SELECT
    index.indexrelid::bigint AS oid,
    index.indrelid::bigint AS table_oid,
    table_schema.nspname::text AS schema_name,
    table_.relname::text AS table_name,
    class.relname::text AS name,
    CASE WHEN index.indrelid NOT IN (SELECT exclusive.relation FROM exclusive)
        THEN pg_get_indexdef(index.indexrelid) END AS definition,
    method.amname::text AS method,
    index.indisvalid AS valid,
    index.indisready AS ready,
    index.indisunique AS "unique",
    index.indisprimary AS "primary",
    index.indisreplident AS replica_identity,
    index.indisclustered AS clustered,
    EXISTS (
        SELECT FROM pg_constraint AS constraint_
        WHERE constraint_.conindid = index.indexrelid AND constraint_.contype IN ('p', 'u', 'x')
    ) AS "constraint",
    EXISTS (SELECT FROM pg_inherits AS inherits WHERE inherits.inhrelid = index.indexrelid) AS partition_attached,
    CASE WHEN class.relkind = 'I' THEN 0
         WHEN class.relpages > 0 THEN class.relpages::bigint * current_setting('block_size')::bigint
         WHEN %(name)s::text IS NOT NULL THEN COALESCE(pg_relation_size(index.indexrelid), 0)
         ELSE 0
    END AS size_bytes,
    COALESCE(stat.idx_scan, 0) AS scans,
    obj_description(index.indexrelid, 'pg_class') AS comment,
    -- What an index made anew from its definition would not have: pgtend's own comments begin like that.
    class.reloptions IS NOT NULL
        OR class.reltablespace <> 0
        OR COALESCE(obj_description(index.indexrelid, 'pg_class') !~ '^pgtend: ', false)
        OR EXISTS (
            SELECT FROM pg_attribute AS attribute
            WHERE attribute.attrelid = index.indexrelid AND attribute.attstattarget >= 0
        )
        OR EXISTS (
            SELECT FROM pg_depend AS depend
            WHERE depend.classid = 'pg_class'::regclass
              AND depend.objid = index.indexrelid
              AND depend.deptype IN ('e', 'x')
        ) AS adorned,
    index.indnkeyatts AS key_count,
    index.indpred IS NOT NULL AS partial,
    CASE WHEN index.indpred IS NOT NULL OR index.indexprs IS NOT NULL THEN (
        SELECT jsonb_object_agg(attribute.attname, format_type(attribute.atttypid, NULL))
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = index.indrelid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ) END AS column_types,
    index.indisexclusion
        OR COALESCE((to_jsonb(index) ->> 'indnullsnotdistinct')::bool, false)
        OR EXISTS (
            SELECT FROM pg_attribute AS attribute
            WHERE attribute.attrelid = index.indexrelid AND attribute.attoptions IS NOT NULL
        ) AS special,
    keys.columns,
    keys.expressions,
    keys.options,
    keys.opclasses,
    keys.collations
FROM pg_index AS index
JOIN pg_class AS class ON class.oid = index.indexrelid
JOIN pg_am AS method ON method.oid = class.relam
JOIN pg_class AS table_ ON table_.oid = index.indrelid
JOIN pg_namespace AS table_schema ON table_schema.oid = table_.relnamespace
LEFT JOIN pg_stat_all_indexes AS stat ON stat.indexrelid = index.indexrelid
CROSS JOIN LATERAL (
    SELECT
        array_agg(attribute.attname::text ORDER BY place.number) AS columns,
        array_agg(
            CASE WHEN index.indkey[place.number] = 0 AND place.number < index.indnkeyatts
                    AND index.indrelid NOT IN (SELECT exclusive.relation FROM exclusive)
                THEN pg_get_indexdef(index.indexrelid, place.number + 1, false) END
            ORDER BY place.number
        ) AS expressions,
        array_agg(COALESCE(index.indoption[place.number], 0)::int ORDER BY place.number) AS options,
        array_agg(
            CASE WHEN opclass.opcdefault OR opclass.oid IS NULL THEN NULL
                 WHEN opclass_schema.nspname = 'pg_catalog' THEN opclass.opcname::text
                 ELSE opclass_schema.nspname || '.' || opclass.opcname END
            ORDER BY place.number
        ) AS opclasses,
        array_agg(
            CASE WHEN collation_.oid IS NULL OR collation_.oid = attribute.attcollation THEN NULL
                 -- An expression has the collation of the columns in it, or the default one.
                 WHEN index.indkey[place.number] = 0 AND (
                     collation_.collname = 'default' OR EXISTS (
                         SELECT FROM pg_attribute AS of_table
                         WHERE of_table.attrelid = index.indrelid AND of_table.attcollation = collation_.oid
                     )
                 ) THEN NULL
                 WHEN collation_schema.nspname = 'pg_catalog' THEN collation_.collname::text
                 ELSE collation_schema.nspname || '.' || collation_.collname END
            ORDER BY place.number
        ) AS collations
    FROM generate_series(0, index.indnatts - 1) AS place (number)
    LEFT JOIN pg_attribute AS attribute
        ON attribute.attrelid = index.indrelid AND attribute.attnum = index.indkey[place.number]
    LEFT JOIN pg_opclass AS opclass
        ON place.number < index.indnkeyatts AND opclass.oid = index.indclass[place.number]
    LEFT JOIN pg_namespace AS opclass_schema ON opclass_schema.oid = opclass.opcnamespace
    LEFT JOIN pg_collation AS collation_
        ON place.number < index.indnkeyatts AND collation_.oid = index.indcollation[place.number]
    LEFT JOIN pg_namespace AS collation_schema ON collation_schema.oid = collation_.collnamespace
) AS keys
WHERE table_schema.nspname !~ '^pg_'
  AND table_schema.nspname <> 'information_schema'
  AND (%(name)s::text IS NULL OR (table_schema.nspname = %(schema)s::text AND class.relname = %(name)s::text))
ORDER BY table_schema.nspname, table_.relname, class.relname
