-- What: most common values and histograms of the given columns, thinned to a hundred each, as text. They are data of the tables:
--       kept in memory while advice is sought, and shown nowhere.
-- Since: 13. Privilege: SELECT on a table for its statistics.
SELECT
    stats.schemaname::text AS schema_name,
    stats.tablename::text AS table_name,
    stats.attname::text AS column_name,
    values.common[1:100] AS common,
    stats.most_common_freqs[1:100]::float8[] AS frequencies,
    ARRAY(
        SELECT values.bounds[1 + number * (cardinality(values.bounds) - 1) / 100]
        FROM generate_series(0, 100) AS number
        WHERE cardinality(values.bounds) > 1
        ORDER BY number
    ) AS bounds
FROM pg_stats AS stats
JOIN unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) AS wanted (schema_name, table_name, column_name)
    ON stats.schemaname = wanted.schema_name
   AND stats.tablename = wanted.table_name
   AND stats.attname = wanted.column_name
CROSS JOIN LATERAL (
    SELECT stats.most_common_vals::text::text[] AS common, stats.histogram_bounds::text::text[] AS bounds
) AS values
ORDER BY stats.inherited
