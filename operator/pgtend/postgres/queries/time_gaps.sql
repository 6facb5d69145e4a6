-- What: how many seconds lie between the histogram bounds of the given columns of dates and times. The times themselves stay at the server.
-- Since: 13. Privilege: SELECT on a table for its statistics.
WITH wanted AS (
    SELECT * FROM unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) AS wanted (schema_name, table_name, column_name)
)
SELECT
    wanted.schema_name,
    wanted.table_name,
    wanted.column_name,
    gaps.gaps
FROM wanted
JOIN pg_stats AS stats
    ON stats.schemaname = wanted.schema_name
   AND stats.tablename = wanted.table_name
   AND stats.attname = wanted.column_name
CROSS JOIN LATERAL (
    SELECT array_agg(gap.seconds ORDER BY gap.place) AS gaps
    FROM (
        SELECT bound.place, EXTRACT(epoch FROM lead(bound.at) OVER (ORDER BY bound.place) - bound.at)::float8 AS seconds
        FROM unnest(stats.histogram_bounds::text::timestamp[]) WITH ORDINALITY AS bound (at, place)
        WHERE isfinite(bound.at)
    ) AS gap
    WHERE gap.seconds IS NOT NULL
) AS gaps
WHERE stats.histogram_bounds IS NOT NULL
ORDER BY stats.inherited
