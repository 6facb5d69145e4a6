-- What: columns of the relations that tables.sql lists, with what pg_stats knows of them.
--       A type has a default B-tree class when one is made for it or for a type that it is binary compatible with.
-- Since: 13. Privilege: SELECT on a table for its statistics.
WITH sortable AS (
    SELECT opclass.opcintype AS type
    FROM pg_opclass AS opclass
    JOIN pg_am AS method ON method.oid = opclass.opcmethod
    WHERE method.amname = 'btree' AND opclass.opcdefault
),
compatible AS (
    SELECT type FROM sortable
    UNION
    SELECT cast_.castsource FROM pg_cast AS cast_
    JOIN sortable ON sortable.type = cast_.casttarget
    WHERE cast_.castmethod = 'b' AND cast_.castcontext = 'i'
)
SELECT
    attribute.attrelid::bigint AS table_oid,
    attribute.attname::text AS name,
    format_type(attribute.atttypid, attribute.atttypmod) AS type,
    attribute.attnotnull AS not_null,
    attribute.attgenerated <> '' AS generated,
    CASE WHEN attribute.attcollation <> 0 AND attribute.attcollation <> type.typcollation
        THEN CASE WHEN collation_schema.nspname = 'pg_catalog' THEN collation_.collname::text
             ELSE collation_schema.nspname || '.' || collation_.collname END
    END AS collation,
    base.typtype IN ('e', 'r', 'm') OR base.oid IN (SELECT compatible.type FROM compatible) AS btree_opclass,
    stats.n_distinct::float8 AS n_distinct,
    stats.null_frac::float8 AS null_fraction,
    stats.avg_width AS average_width,
    stats.correlation::float8 AS correlation
FROM pg_attribute AS attribute
JOIN pg_class AS class ON class.oid = attribute.attrelid
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
JOIN pg_type AS type ON type.oid = attribute.atttypid
JOIN pg_type AS base ON base.oid = CASE WHEN type.typtype = 'd' THEN type.typbasetype ELSE type.oid END
LEFT JOIN pg_collation AS collation_ ON collation_.oid = attribute.attcollation
LEFT JOIN pg_namespace AS collation_schema ON collation_schema.oid = collation_.collnamespace
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
