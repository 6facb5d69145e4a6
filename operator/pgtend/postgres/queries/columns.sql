-- What: columns of the relations that tables.sql lists, with what pg_stats knows of them.
--       A type has a default B-tree class when one is made for it or for a type that it is binary compatible with.
--       A B-tree deduplicates the column when its class names one of Postgres' own equalimage functions (support function 4)
--       and its collation is deterministic. Of most-common values only their frequencies: the values are the users' data.
-- Since: 13. Privilege: SELECT on a table for its statistics.
WITH sortable AS (
    SELECT
        opclass.opcintype AS type,
        EXISTS (
            SELECT FROM pg_amproc AS support
            WHERE support.amprocfamily = opclass.opcfamily
              AND support.amproclefttype = opclass.opcintype
              AND support.amprocrighttype = opclass.opcintype
              AND support.amprocnum = 4
              AND support.amproc IN (
                  'pg_catalog.btequalimage(oid)'::regprocedure, 'pg_catalog.btvarstrequalimage(oid)'::regprocedure
              )
        ) AS equalimage
    FROM pg_opclass AS opclass
    JOIN pg_am AS method ON method.oid = opclass.opcmethod
    WHERE method.amname = 'btree' AND opclass.opcdefault
),
compatible AS (
    SELECT type, equalimage FROM sortable
    UNION ALL
    SELECT cast_.castsource, bool_and(sortable.equalimage) FROM pg_cast AS cast_
    JOIN sortable ON sortable.type = cast_.casttarget
    WHERE cast_.castmethod = 'b'
      AND cast_.castcontext = 'i'
      AND NOT EXISTS (SELECT FROM sortable AS exact WHERE exact.type = cast_.castsource)
    GROUP BY cast_.castsource
)
SELECT
    attribute.attrelid::bigint AS table_oid,
    attribute.attname::text AS name,
    format_type(attribute.atttypid, attribute.atttypmod) AS type,
    attribute.attnotnull AS not_null,
    attribute.attgenerated <> '' AS generated,
    attribute.attgenerated = 'v' AS virtual,
    -- collate_is_c of pg_locale.c: PostgreSQL's own provider (17) sorts by bytes in each of its locales, ICU in none.
    CASE COALESCE(NULLIF(collation_.collprovider, 'd'), database.provider)
        WHEN 'b' THEN true
        WHEN 'i' THEN false
        ELSE COALESCE(NULLIF(collation_.collcollate::text, ''), database.datcollate::text) IN ('C', 'POSIX')
    END AS sorts_by_bytes,
    type.typtype = 'e' AS enumerated,
    base.typtype IN ('e', 'r', 'm') OR compatible.type IS NOT NULL AS btree_opclass,
    (base.typtype = 'e' OR COALESCE(compatible.equalimage, false))
        AND COALESCE(collation_.collisdeterministic, true) AS deduplicates,
    attribute.attlen::int AS type_length,
    CASE attribute.attalign WHEN 'c' THEN 1 WHEN 's' THEN 2 WHEN 'i' THEN 4 ELSE 8 END AS alignment,
    stats.n_distinct::float8 AS n_distinct,
    stats.null_frac::float8 AS null_fraction,
    stats.avg_width AS average_width,
    -- The type sorts, so ANALYZE would list values; those of more than 1,024 bytes it leaves out (analyze.c).
    COALESCE(
        attribute.attlen < 0 AND compatible.type IS NOT NULL AND stats.null_frac < 1
            AND stats.most_common_vals IS NULL AND stats.histogram_bounds IS NULL,
        false
    ) AS only_long,
    stats.correlation::float8 AS correlation,
    COALESCE(stats.most_common_freqs::float8[], ARRAY[]::float8[]) AS common_frequencies
FROM pg_attribute AS attribute
CROSS JOIN (
    SELECT COALESCE((to_jsonb(each) ->> 'datlocprovider')::"char", 'c') AS provider, each.datcollate
    FROM pg_database AS each
    WHERE each.datname = current_database()
) AS database
JOIN pg_class AS class ON class.oid = attribute.attrelid
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_type AS type ON type.oid = attribute.atttypid
JOIN pg_type AS base ON base.oid = CASE WHEN type.typtype = 'd' THEN type.typbasetype ELSE type.oid END
LEFT JOIN compatible ON compatible.type = base.oid
LEFT JOIN pg_collation AS collation_ ON collation_.oid = attribute.attcollation
LEFT JOIN pg_stats AS stats
    ON stats.schemaname = namespace.nspname
   AND stats.tablename = class.relname
   AND stats.attname = attribute.attname
   AND stats.inherited = (class.relkind = 'p')
WHERE class.relkind IN ('r', 'p', 'f', 'm', 'v')
  AND namespace.nspname !~ '^pg_'
  AND namespace.nspname <> 'information_schema'
  AND attribute.attnum > 0
  AND NOT attribute.attisdropped
ORDER BY attribute.attrelid, attribute.attnum
