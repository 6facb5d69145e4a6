-- What: of the given columns' most common elements (of arrays, of tsvectors) how many rows have each and how wide they are, and how
--       many different elements an array has on average. The elements themselves stay at the server.
-- Since: 13. Privilege: SELECT on a table for its statistics.
WITH wanted AS (
    SELECT * FROM unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[]) AS wanted (schema_name, table_name, column_name)
)
SELECT
    wanted.schema_name,
    wanted.table_name,
    wanted.column_name,
    listed.shares,
    listed.width,
    listed.rare_width,
    -- The last number is the mean (analyze's array statistics); a tsvector has no such histogram.
    stats.elem_count_histogram[cardinality(stats.elem_count_histogram)]::float8 AS elements
FROM wanted
JOIN pg_stats AS stats
    ON stats.schemaname = wanted.schema_name
   AND stats.tablename = wanted.table_name
   AND stats.attname = wanted.column_name
CROSS JOIN LATERAL (
    SELECT
        array_agg(each.share ORDER BY each.share DESC)::float8[] AS shares,
        (sum(octet_length(each.element) * each.share) / nullif(sum(each.share), 0))::float8 AS width,
        avg(octet_length(each.element)) FILTER (WHERE 2 * each.rank > each.number)::float8 AS rare_width
    FROM (
        SELECT
            element, stats.most_common_elem_freqs[place] AS share,
            row_number() OVER (ORDER BY stats.most_common_elem_freqs[place] DESC) AS rank,
            count(*) OVER () AS number
        FROM unnest(stats.most_common_elems::text::text[]) WITH ORDINALITY AS listed (element, place)
    ) AS each
) AS listed
ORDER BY stats.inherited
